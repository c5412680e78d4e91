#!/usr/bin/env bash
# Starts the Docker engine that the tests run jobs in, where one is installed and does not run. A second run does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'docker: %s\n' "$*"; }
# Where an engine is required (FFBATCH_REQUIRE_DOCKER=1) the tests fail without one, else they are skipped.
without() {
  local what="BE SKIPPED"
  [ "${FFBATCH_REQUIRE_DOCKER:-}" = 1 ] && what="FAIL"
  say "NO ENGINE, $*: THE TESTS THAT RUN JOBS IN CONTAINERS WILL $what"
  exit 0
}
answers() { docker version >/dev/null 2>&1; }

command -v docker >/dev/null || without "the program docker is not installed (on Debian: apt-get install docker.io)"
if answers; then say "an engine is running"; exit 0; fi
command -v dockerd >/dev/null || without "dockerd is not installed (on Debian: apt-get install docker.io)"
[ "$(id -u)" = 0 ] || without "it does not run, and only root can start it"

say "starting the engine"
log=$(mktemp)
if command -v service >/dev/null && service docker start >"$log" 2>&1; then :; else
  # Its own session: it stays when this script's terminal goes, as it would as a service.
  setsid dockerd >>"$log" 2>&1 </dev/null &
fi
for _ in $(seq 300); do
  if answers; then say "the engine runs"; exit 0; fi
  sleep 0.1
done
tail -n 5 "$log" >&2
without "it did not start within 30 s"
