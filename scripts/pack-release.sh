#!/usr/bin/env bash
# An archive of the programs that is the same for the same programs: pack-release.sh DIRECTORY ARCHIVE
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cp -L "$1"/ffbatch "$1"/ffbatch-worker "$1"/ffbatch-traces-export "$here/LICENSE" "$here/NOTICE" "$room/"
tar --create --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --mode=u+w,go-w --directory "$room" . | gzip --no-name > "$2"
