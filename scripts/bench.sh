#!/usr/bin/env bash
# Measures what a job and its quality metrics cost beside bare ffmpeg, and how fast the server answers. A release build: the first time it takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/tools.sh
# The peer of the quality metrics; nothing else needs it.
.tools/venv/bin/pip install --quiet --disable-pip-version-check ffmpeg-quality-metrics==3.13.0
cargo build --release --bins
python3 scripts/bench.py "$@"
python3 scripts/bench_quality.py
exec python3 scripts/bench_serve.py
