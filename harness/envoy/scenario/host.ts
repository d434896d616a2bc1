// Runs scenarios in real Envoys: one process per kind of gateway, started when first needed, one scenario at a time in each.
import { HarnessError } from "../../error.ts";
import type { ScenarioResult } from "../../scenario/result.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { startEnvoy, type Envoy, type EnvoyOptions } from "../process.ts";
import { runScenario } from "./run.ts";

/** What `EnvoyScenarios` may be told. */
export interface EnvoyScenariosOptions extends Pick<EnvoyOptions, "version" | "root" | "progress" | "pluginLogLevel"> {
  /** How many Envoys of one kind run scenarios side by side; default 1. */
  parallel?: number;
}

/** A set of Envoys for scenarios. `stop` ends them; they end with this process in any case. */
export class EnvoyScenarios {
  readonly #options: EnvoyScenariosOptions;
  readonly #idle = new Map<string, Envoy[]>();
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #busy = new Map<string, number>();
  readonly #all = new Set<Envoy>();
  #count = 0;

  constructor(options: EnvoyScenariosOptions = {}) {
    this.#options = options;
  }

  /**
   * Runs a scenario; many may be asked for at once. Throws `scenario-not-for-envoy` for one that says so,
   * `envoy-config-refused` if Envoy does not take it.
   */
  async run(scenario: Scenario): Promise<ScenarioResult> {
    if (scenario.only?.host === "in-process") {
      throw new HarnessError(
        `"${scenario.name}" runs in the in-process host only: ${scenario.only.why}`,
        "scenario-not-for-envoy",
      );
    }
    // What a change replaces lives on for a while: such a scenario gets an Envoy of its own, and nobody waits for the end.
    const changes = (scenario.updates ?? []).length > 0;
    const kind = JSON.stringify([scenario.gateway?.workers ?? 1, scenario.gateway?.node ?? null, changes]);
    const envoy = await this.#take(kind, scenario);
    try {
      this.#count += 1;
      return await runScenario(envoy, scenario, `scenario-${this.#count}`);
    } finally {
      await this.#giveBack(kind, envoy, !changes);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all].map((envoy) => envoy.kill()));
    this.#all.clear();
    this.#idle.clear();
  }

  async #take(kind: string, scenario: Scenario): Promise<Envoy> {
    while ((this.#busy.get(kind) ?? 0) >= (this.#options.parallel ?? 1)) {
      await new Promise<void>((done) => this.#waiting.set(kind, [...(this.#waiting.get(kind) ?? []), done]));
    }
    this.#busy.set(kind, (this.#busy.get(kind) ?? 0) + 1);
    const idle = this.#idle.get(kind)?.pop();
    if (idle !== undefined) return idle;
    try {
      const { workers, node } = scenario.gateway ?? {};
      const { parallel: _, ...options } = this.#options;
      const drainSeconds = (scenario.updates ?? []).length > 0 ? 10 : 0;
      const envoy = await startEnvoy(
        { listeners: [], clusters: [] },
        { ...options, concurrency: workers ?? 1, allowFaults: true, drainSeconds, ...(node && { node }) },
      );
      this.#all.add(envoy);
      return envoy;
    } catch (error) {
      this.#free(kind);
      throw error;
    }
  }

  async #giveBack(kind: string, envoy: Envoy, canBeUsedAgain: boolean): Promise<void> {
    if (canBeUsedAgain && envoy.crashed === undefined) this.#idle.set(kind, [...(this.#idle.get(kind) ?? []), envoy]);
    else {
      this.#all.delete(envoy);
      await envoy.kill();
    }
    this.#free(kind);
  }

  #free(kind: string): void {
    this.#busy.set(kind, (this.#busy.get(kind) ?? 1) - 1);
    this.#waiting.get(kind)?.shift()?.();
  }
}

const shared = new Map<string, EnvoyScenarios>();

/** Runs a scenario in an Envoy that later ones use too; it ends with this process. */
export function runInEnvoy(scenario: Scenario, options: EnvoyScenariosOptions = {}): Promise<ScenarioResult> {
  const key = JSON.stringify({ ...options, progress: undefined });
  let scenarios = shared.get(key);
  if (scenarios === undefined) shared.set(key, (scenarios = new EnvoyScenarios(options)));
  return scenarios.run(scenario);
}

/** Ends the Envoys that `runInEnvoy` started. */
export async function stopEnvoys(): Promise<void> {
  await Promise.all([...shared.values()].map((scenarios) => scenarios.stop()));
  shared.clear();
}
