#!/usr/bin/env bash
# Gives rustc the Wasm target that `make bench` needs to build the Rust filters of test/bench/peers. Optional: without it
# the bench leaves that column out and says so. Only the target is added, to the toolchain that is in use.
set -euo pipefail
readonly TARGET=wasm32-wasip1
readonly OLDEST=1.85

has() { command -v "$1" >/dev/null 2>&1; }

lacks() {
  echo "setup-bench: $1" >&2
  exit 1
}

has cargo && has rustc || lacks "rustc and cargo ($OLDEST or newer) are not here: see https://rustup.rs"

if [ -d "$(rustc --print target-libdir --target "$TARGET" 2>/dev/null)" ]; then
  echo "setup-bench: $(rustc --version) has $TARGET"
  exit 0
fi
has rustup || lacks "this rustc has no $TARGET, and there is no rustup to add it: install std for $TARGET beside it"
rustup target add "$TARGET" || lacks "rustup could not add $TARGET; the bench leaves Rust out"
