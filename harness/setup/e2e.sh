#!/usr/bin/env bash
# Installs what the end-to-end tests talk to, where it is missing: a registry, Redis, Docker, Prometheus, skopeo (Debian
# packages) and Envoy's rate limit service (built with Go into .cache/ratelimit). Starts nothing.
#
# What cannot be had is said in words and the tests that need it are skipped; where CI=true that is a failure (exit 1).
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/go/bin"

# command=package
readonly PROGRAMS=(
  docker-registry=docker-registry
  redis-server=redis-server
  dockerd=docker.io
  docker-compose=docker-compose
  prometheus=prometheus
  skopeo=skopeo
)
readonly RATELIMIT=github.com/envoyproxy/ratelimit/src/service_cmd
readonly RATELIMIT_VERSION=v1.4.1-0.20260122083618-3fb702589d36
readonly RATELIMIT_FOLDER="$PWD/.cache/ratelimit"
readonly POLICY=/usr/sbin/policy-rc.d

missing=()

has() { command -v "$1" >/dev/null 2>&1; }

lacks() {
  echo "setup-e2e: $1" >&2
  missing+=("$1")
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Debian starts a service as it is installed, unless this file forbids it.
forbid_services() {
  if [ -e "$POLICY" ]; then return; fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"
  trap 'as_root rm -f "$POLICY"' EXIT
}

install_packages() {
  local log
  log=$(mktemp)
  forbid_services
  echo "setup-e2e: installing $*"
  if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
  fi
  rm -f "$log"
}

install_programs() {
  local wanted=() program
  for program in "${PROGRAMS[@]}"; do
    has "${program%%=*}" || wanted+=("${program#*=}")
  done
  if [ ${#wanted[@]} -gt 0 ] && has apt-get; then
    if [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; then
      install_packages "${wanted[@]}"
    else
      echo "setup-e2e: not root and no sudo without a password; try: sudo make setup-e2e" >&2
    fi
  fi
  for program in "${PROGRAMS[@]}"; do
    has "${program%%=*}" || lacks "${program%%=*} is not here: install it (Debian: apt-get install ${program#*=})"
  done
}

install_ratelimit() {
  local stamp="$RATELIMIT_FOLDER/version"
  if [ -x "$RATELIMIT_FOLDER/service_cmd" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$RATELIMIT_VERSION" ]; then return; fi
  if ! has go; then
    lacks "ratelimit is not here: it is built with Go, see https://go.dev/doc/install"
    return
  fi
  echo "setup-e2e: building ratelimit $RATELIMIT_VERSION (a minute)"
  mkdir -p "$RATELIMIT_FOLDER"
  if GOBIN="$RATELIMIT_FOLDER" go install "$RATELIMIT@$RATELIMIT_VERSION"; then
    echo "$RATELIMIT_VERSION" >"$stamp"
  else
    lacks "ratelimit could not be built"
  fi
}

install_programs
install_ratelimit

if [ ${#missing[@]} -eq 0 ]; then
  echo "setup-e2e: everything is here"
elif [ "${CI:-}" = true ]; then
  exit 1
else
  echo "setup-e2e: the tests that need these will be skipped"
fi
