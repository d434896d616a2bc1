// Builds the Rust filters of peers/, where there is a rustc for Wasm.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const target = "wasm32-wasip1";
const folder = "test/bench/peers";
const cache = ".cache/bench/peers";

export const peerNames = ["rate_limit", "model_tag", "model_tag_fast", "cost_accounting", "retry_guard"] as const;
export type PeerName = (typeof peerNames)[number];

/** The modules by name, or why there are none. */
export interface Peers {
  modules: Map<PeerName, string>;
  without?: string;
}

/** Compiles what is not compiled yet. Calls no package manager but cargo, for the crates of Cargo.lock. */
export function buildPeers(): Peers {
  const none = (without: string): Peers => ({ modules: new Map(), without });
  const libraries = spawnSync("rustc", ["--print", "target-libdir", "--target", target], { encoding: "utf8" });
  if (libraries.status !== 0) return none("no rustc is here: see https://rustup.rs, then `make setup-bench`");
  if (!existsSync(libraries.stdout.trim())) return none(`rustc has no ${target}: \`make setup-bench\` adds it`);
  const built = spawnSync("cargo", ["build", "--release", "--locked", "--examples", "--quiet"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, CARGO_TARGET_DIR: resolve(cache), RUSTFLAGS: undefined },
  });
  if (built.status !== 0) return none(`cargo could not build ${folder}: ${built.stderr || String(built.error ?? "")}`);
  const path = (name: string) => `${cache}/${target}/release/examples/${name}.wasm`;
  return { modules: new Map(peerNames.map((name) => [name, path(name)])) };
}
