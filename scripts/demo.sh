#!/usr/bin/env bash
# Encodes a real clip with two encoders as jobs on this machine, scores both results, draws the scores of every frame of one, and
# shows where everything lies.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/tools.sh ffmpeg clips
echo "demo: building ffbatch and ffbatch-worker into target/debug (the first time compiles the AWS SDK: minutes on two cores)"
# The same set of packages as `make test` builds, so that neither builds again what the other has built.
cargo build --workspace --bins

out=out/demo
mkdir -p "$out"
export FFBATCH_FFMPEG=${FFBATCH_FFMPEG:-$PWD/.tools/ffmpeg}
export FFBATCH_STATE_DIR=${FFBATCH_STATE_DIR:-$PWD/$out/state}
export PATH=$PWD/target/debug:$PATH

# Prints a command as a person would type it, then runs it.
show() {
  local word line='$'
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./:,=+-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    line+=" $word"
  done
  printf '\n%s\n\n' "$line"
  "$@"
}

clip=.tools/clips/bigbuckbunny.mp4
show ffbatch run --name x264 --quality psnr,ssim,vmaf --report "$out/x264.json" -- \
  ffmpeg -i "$clip" -c:v libx264 -crf 23 -c:a copy "$out/x264.mp4"
show ffbatch run --name svt-av1 --quality psnr,ssim,vmaf --report "$out/svt-av1.json" -- \
  ffmpeg -i "$clip" -c:v libsvtav1 -preset 8 -crf 35 -c:a copy "$out/svt-av1.mp4"

show ffbatch quality "$clip" "$out/svt-av1.mp4" --plot "$out/svt-av1.png"

python3 - "$out" <<'PYTHON'
import json, sys

out = sys.argv[1]
print("\nThe two side by side:\n")
print(f"{'':10}{'seconds':>9}{'kB':>8}{'PSNR dB':>10}{'SSIM':>9}{'VMAF':>8}")
for name in ("x264", "svt-av1"):
    report = json.load(open(f"{out}/{name}.json"))
    outputs = report.get("quality", {}).get("outputs", [])
    mean = {score["metric"]: score["mean"] for output in outputs for score in output.get("scores", [])}
    number = lambda metric, digits: f"{mean[metric]:.{digits}f}" if metric in mean else "-"
    seconds = report["commands"][0]["seconds"]
    size = sum(output["bytes"] for output in report["outputs"]) / 1000
    print(f"{name:10}{seconds:9.2f}{size:8.0f}{number('psnr', 2):>10}{number('ssim', 4):>9}{number('vmaf', 2):>8}")
PYTHON

cat <<END

Results   $out/x264.mp4  $out/svt-av1.mp4
Reports   $out/x264.json  $out/svt-av1.json
Curves    $out/svt-av1.png
Traces    $(find "$FFBATCH_STATE_DIR" -path '*xray*' -name '*.json' | wc -l) segment documents under $FFBATCH_STATE_DIR/metrics/xray
The clip  Big Buck Bunny, (c) 2008 Blender Foundation, CC BY 3.0 (.tools/clips/ORIGIN.txt)
END
