// What every act of the demo plays on: two model servers and an Envoy with Sluice in front of them.
import { startEnvoy, type Envoy } from "../envoy/process.ts";
import type { ListenerConfig } from "../envoy/config.ts";
import { startModelServer, type ModelServer } from "../providers/server.ts";

/** One line of an act's table, and whether it came as expected. */
export interface Row {
  cells: string[];
  good: boolean;
}

/** What an act shows. */
export interface Act {
  title: string;
  /** What to look at, in a sentence or two. */
  words: string;
  heading: string[];
  rows: Row[];
}

/** Model servers and a gateway, all on loopback. */
export interface Stage {
  envoy: Envoy;
  primary: ModelServer;
  canary: ModelServer;
  /** Base URL of a listener, for SDKs. */
  url(listener: string): string;
}

/** Starts everything; `listeners` name the clusters `primary` and `canary`. */
export async function openStage(listeners: ListenerConfig[], progress: (line: string) => void): Promise<Stage> {
  const primary = await startModelServer({ name: "primary" });
  const canary = await startModelServer({ name: "canary" });
  try {
    const envoy = await startEnvoy(
      {
        listeners,
        clusters: [
          { name: "primary", endpoints: [primary.port] },
          { name: "canary", endpoints: [canary.port] },
        ],
      },
      { progress },
    );
    return { envoy, primary, canary, url: (listener) => `http://127.0.0.1:${envoy.port(listener)}` };
  } catch (error) {
    await Promise.all([primary.stop(), canary.stop()]);
    throw error;
  }
}

/** Ends everything; throws when Envoy crashed or a VM died. */
export async function closeStage(stage: Stage): Promise<void> {
  await Promise.all([stage.primary.stop(), stage.canary.stop()]);
  await stage.envoy.stop();
}
