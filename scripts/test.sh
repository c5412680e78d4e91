#!/usr/bin/env bash
# Runs every test of the workspace. Arguments go to the test runner, for example: scripts/test.sh -p ffbatch-tests
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/tools.sh
scripts/docker.sh
# The end-to-end tests start both programs, and other tests start examples. Cargo builds these only when told to.
cargo build --workspace --bins --examples
[ $# -gt 0 ] || set -- --workspace
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run "$@"
else
  echo "test: cargo-nextest is not installed, cargo test runs the tests (slower, the same tests)"
  cargo test --no-fail-fast --lib --bins --tests "$@"
fi
cargo test --quiet --doc --workspace
