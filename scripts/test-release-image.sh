#!/usr/bin/env bash
# Looks into images that were built with nixpkgs, in this machine's container engine: test-release-image.sh ARCHITECTURE FLAVOUR...
# (FLAVOUR-ARCHITECTURE.tar.gz lies in this directory). What they hold, that they are small enough, and that a job in them ends well.
set -euo pipefail

architecture=$1
shift
fail() { printf 'images: %s\n' "$*" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)

# Unpacked, in MB: a job's start is mostly its image's pull. The image of AWS's sample has about 800.
declare -A most=([cpu]=300 [nvidia]=400)

for flavour in "$@"; do
  archive=$flavour-$architecture.tar.gz
  image=$(docker load -i "$archive" | sed -n 's/^Loaded image: //p')
  size=$(("$(docker image inspect --format '{{.Size}}' "$image")" / 1000000))
  [ "$size" -le "${most[$flavour]}" ] || fail "$image has $size MB, at most ${most[$flavour]} are meant"
  [ "$(docker image inspect --format '{{.Config.User}}' "$image")" = 1000:1000 ] || fail "$image runs as root"
  if docker run --rm --entrypoint /bin/sh "$image" -c true >/dev/null 2>&1; then fail "there is a shell in $image"; fi
  names=$(gzip -dc "$archive" | tar -xO --wildcards '*/layer.tar' | tar -t --ignore-zeros)
  if grep -E '/bin/(gcc|cc|clang|rustc|cargo|nvcc)$' <<<"$names"; then fail "there is a compiler in $image"; fi

  # What ffmpeg can do, by a program of the same name outside.
  ffmpeg=$(docker image inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$image" | sed -n 's/^FFBATCH_FFMPEG=//p')
  scratch=$(mktemp -d)
  # Nobody whom the image knows.
  chmod 777 "$scratch"
  printf '#!/bin/sh\nexec docker run --rm --network none --user %s --volume %s:%s --entrypoint %s %s "$@"\n' \
    4321:4321 "$scratch" "$scratch" "$ffmpeg" "$image" > "$scratch/ffmpeg"
  chmod +x "$scratch/ffmpeg"
  TMPDIR=$scratch "$here/ffmpeg-features.sh" "$scratch/ffmpeg" 2>/dev/null

  # A job with a measurement, as nobody in particular, in an image that cannot be written to.
  "$scratch/ffmpeg" -v error -f lavfi -i testsrc2=size=320x180:duration=1 -c:v libx264 -y "$scratch/in.mp4"
  job='{"version":1,"commands":[["-i","'$scratch'/in.mp4","-vf","drawtext=text=ffbatch","-c:v","libsvtav1","'$scratch'/out.mkv"]],"quality":["vmaf"]}'
  docker run --rm --network none --read-only --tmpfs /tmp --user 4321:4321 --volume "$scratch:$scratch" "$image" \
    --job "$job" --report "$scratch/report.json" >/dev/null 2>"$scratch/log" || { tail "$scratch/log" >&2; fail "a job in $image fails"; }
  if grep -i 'fontconfig error' "$scratch/log"; then fail "fontconfig is at odds with $image"; fi
  python3 -c '
import json, sys
score = json.load(open(sys.argv[1]))["quality"]["outputs"][0]["scores"][0]
assert score["metric"] == "vmaf" and score["mean"] > 50, score
print("a job in its container: VMAF", round(score["mean"], 2))' "$scratch/report.json"
  docker run --rm "$image" export-traces --help >/dev/null || fail "the program that exports traces is missing in $image"
  rm -rf "$scratch"
  printf 'images: %s is as it should be (%s MB)\n' "$image" "$size"
done
