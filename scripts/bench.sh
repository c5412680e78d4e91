#!/usr/bin/env bash
# Measures what a job costs beside bare ffmpeg. A release build: the first time it takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/tools.sh
cargo build --release --bins
exec python3 scripts/bench.py "$@"
