#!/usr/bin/env bash
# Checks the flake and what it builds without a network: with a stand-in for nixpkgs (nix/stub), in Nix's sandbox. NO RELEASE IMAGE IS BUILT
# HERE: the stand-in's ffmpeg and programs are files of this machine. A second run builds what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'images: %s\n' "$*"; }
fail() { printf 'images: %s\n' "$*" >&2; exit 1; }
# Where Nix is required (FFBATCH_REQUIRE_NIX=1) its absence is a failure.
skip() {
  [ "${FFBATCH_REQUIRE_NIX:-}" = 1 ] && fail "$*"
  say "SKIPPED, $*: THE FLAKE AND ITS IMAGES ARE NOT CHECKED"
  exit 0
}

get_nix() {
  if command -v nix >/dev/null && [ -x /usr/bin/python3 ]; then return; fi
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "nix is not on PATH (on Debian: apt-get install nix-bin)"
  say "installing Nix with apt-get (Debian and Ubuntu: nix-bin)"
  local log
  log=$(mktemp)
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy nix-bin python3-minimal; } >"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; skip "apt-get could not install nix-bin"; }
}

[ "$(uname -m)" = x86_64 ] || skip "the stand-in has programs of x86-64 alone"
get_nix
export NIX_CONFIG='experimental-features = nix-command flakes
sandbox = true
sandbox-fallback = false
sandbox-paths = /bin /usr /lib /lib64
substitute = false
warn-dirty = false'
[ "$(id -u)" != 0 ] || export NIX_REMOTE=local
log=$(mktemp)
# What Nix says is shown where it fails.
nix() { command nix --offline "$@" 2>"$log" || { tail -n 20 "$log" >&2; return 1; }; }
probe='derivation { name = "probe"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; }'
nix build --impure --no-link --expr "$probe" || skip "Nix's sandbox does not work here"

scripts/tools.sh ffmpeg font
cargo build --quiet --workspace --bins
out=$PWD/out/images
mkdir -p "$out"

# stand_in DIRECTORY [WORDS]: a stand-in for nixpkgs with the programs of this build; with words in the worker, as if our code had changed.
stand_in() {
  rm -rf "$1"
  mkdir -p "$1/bin"
  cp nix/stub/* "$1/"
  cp .tools/ffmpeg .tools/fonts/*.ttf target/debug/ffbatch{,-worker,-traces-export} "$1/bin/"
  strip "$1"/bin/ffbatch*
  [ $# = 1 ] || printf '%s' "$2" >> "$1/bin/ffbatch-worker"
  # A machine without certificates makes an image without them.
  cat /etc/ssl/certs/ca-certificates.crt > "$1/bin/ca-bundle.crt" 2>/dev/null || true
}
stand_in "$out/nixpkgs"
with="--override-input nixpkgs path:$out/nixpkgs"

say "the lock file agrees with the flake"
nix flake metadata --no-update-lock-file >/dev/null
deadnix=$(type -P deadnix || echo .tools/cargo/bin/deadnix)
if [ ! -x "$deadnix" ]; then
  say "installing deadnix (crates.io)"
  cargo install --quiet --locked --root .tools/cargo deadnix@1.3.1
fi
say "nothing in the flake is unused"
"$deadnix" --fail flake.nix nix

say "every output can be evaluated, for both architectures"
# shellcheck disable=SC2086
for system in x86_64-linux aarch64-linux; do
  for output in packages checks devShells formatter; do
    nix eval $with --json ".#$output.$system" --apply 'set: if set ? drvPath then set.drvPath else builtins.mapAttrs (_: one: one.drvPath) set' >/dev/null
  done
  nix eval $with --raw ".#apps.$system.default.program" >/dev/null
  nix eval $with --raw ".#legacyPackages.$system.image-unfree.drvPath" >/dev/null
  nix eval $with --json ".#packages.$system" --apply builtins.attrNames > "$out/packages.$system.json"
done
say "the stand-in refuses options that nixpkgs does not have"
expression="(import $out/nixpkgs { system = \"x86_64-linux\"; }).ffmpeg_8-headless.override { withVmaff = true; }"
if command nix --offline eval --impure --expr "$expression" >"$log" 2>&1 || ! grep -q 'no option `withVmaff`' "$log"; then
  fail "a misspelt option is not refused: $(tail -n 1 "$log")"
fi
say "the image of every compute is an output"
target/debug/ffbatch computes --json | python3 -c '
import json, sys
systems = {"X86_64": "x86_64-linux", "ARM64": "aarch64-linux"}
for compute in json.load(sys.stdin):
    batch = compute["infra"].get("batch") or {}
    if flavour := batch.get("image"):
        system = systems[batch["architecture"]]
        outputs = json.load(open(f"{sys.argv[1]}/packages.{system}.json"))
        name, needed = compute["name"], f"image-{flavour}"
        if needed not in outputs:
            sys.exit(f"`{name}` needs {needed} for {system}, which the flake does not have")
' "$out"

say "flake check: builds the programs, the images and what ffmpeg can do"
# shellcheck disable=SC2086
nix flake check $with
say "the cpu image, built twice"
# shellcheck disable=SC2086
nix build $with .#image-cpu -o "$out/image-cpu"
# shellcheck disable=SC2086
nix build $with .#image-cpu --rebuild --no-link || fail "two builds of one image differ"
say "and with another worker"
stand_in "$out/nixpkgs-changed" "another build"
nix build --override-input nixpkgs "path:$out/nixpkgs-changed" .#image-cpu -o "$out/image-cpu-changed"
scripts/image-layers.py "$out/image-cpu-changed" --beside "$out/image-cpu"

if docker version >/dev/null 2>&1; then
  say "the image in the container engine"
  cp -L "$out/image-cpu" "$out/cpu-amd64.tar.gz"
  (cd "$out" && "$OLDPWD/scripts/test-release-image.sh" amd64 cpu)
  rm -f "$out/cpu-amd64.tar.gz"
  say "a job of \`ffbatch run --compute docker\` in it"
  rm -rf "$out/job"
  mkdir "$out/job"
  .tools/ffmpeg -v error -f lavfi -i testsrc2=size=320x180:duration=1 -c:v libx264 "$out/job/in.mp4"
  FFBATCH_STATE_DIR=$out/job/state target/debug/ffbatch run --compute docker --quality vmaf -- \
    ffmpeg -i "$out/job/in.mp4" -c:v libx265 "$out/job/out.mp4" 2>/dev/null || fail "it does not succeed"
else
  say "NO ENGINE: THE IMAGE IS NOT STARTED"
fi
say "passed: stand-in packages, no release image was built"
