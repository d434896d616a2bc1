// Talks to Envoy's admin interface on loopback.
import { request } from "node:http";
import { HarnessError } from "../error.ts";

/** One call; the connection is closed after it. Rejects when nobody answers within `timeoutMs`. */
export function adminCall(
  port: number,
  path: string,
  { method = "GET", timeoutMs = 10_000 }: { method?: "GET" | "POST"; timeoutMs?: number } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, method, agent: false, timeout: timeoutMs }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }));
    });
    call.on("timeout", () => call.destroy(new HarnessError(`Envoy's admin ${path} did not answer`, "envoy-admin")));
    call.on("error", reject);
    call.end();
  });
}

/** The text of a 200 answer. Throws `envoy-admin` for any other. */
export async function adminText(port: number, path: string, method: "GET" | "POST" = "GET"): Promise<string> {
  const { status, text } = await adminCall(port, path, { method });
  if (status !== 200) throw new HarnessError(`Envoy's admin ${path} answered ${status}: ${text}`, "envoy-admin");
  return text;
}

/** The port that each listener really has, by name. */
export async function listenerPorts(port: number): Promise<Map<string, number>> {
  const text = await adminText(port, "/listeners?format=json");
  const { listener_statuses: all = [] } = JSON.parse(text) as {
    listener_statuses?: { name: string; local_address?: { socket_address?: { port_value?: number } } }[];
  };
  return new Map(all.map((one) => [one.name, one.local_address?.socket_address?.port_value ?? 0]));
}

/** Plain counters and gauges whose full name matches the regular expression `filter`. */
export async function plainStats(port: number, filter: string): Promise<Map<string, number>> {
  const text = await adminText(port, `/stats?filter=${encodeURIComponent(filter)}`);
  const found = new Map<string, number>();
  for (const line of text.split("\n")) {
    const at = line.lastIndexOf(": ");
    if (at > 0) found.set(line.slice(0, at), Number(line.slice(at + 2)));
  }
  return found;
}
