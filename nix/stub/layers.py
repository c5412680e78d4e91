"""Writes an image of store paths as `docker save` does (Docker Image Specification v1.2) to standard output.

    layers.py SETTINGS GRAPH EXTRA

The same paths give the same bytes: nothing of the machine, of the time or of the order of directories comes into it.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

# What dynamic programs of this machine need to start: the loader looks for them at these names.
MACHINE = ("/lib64/ld-linux-x86-64.so.2", *(f"/lib/x86_64-linux-gnu/{name}" for name in (
    "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libmvec.so.1", "libpthread.so.0", "librt.so.1")))


def closure(path):
    """The paths of a reference graph in Nix's format: what many others need first, as nixpkgs does, and of those alike the larger first."""
    lines = iter(open(path, encoding="utf-8").read().splitlines())
    refers = {}
    for name in lines:
        next(lines)
        refers[name] = {next(lines) for _ in range(int(next(lines)))} - {name}

    def below_all(names):
        found = set(names)
        for name in names:
            found |= below_all(refers[name])
        return found

    def rank(name):
        wanted = sum(name in below_all(refers[other]) for other in refers)
        files = [name, *below(name)]
        return -wanted, -sum(os.lstat(path).st_size for path in files), name

    return sorted(refers, key=rank)


def layer(entries):
    """A layer of these names in the image and their files here."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        made = set()
        for name, source in entries:
            steps = name.split("/")
            for end in range(1, len(steps)):
                parent = "/".join(steps[:end])
                if parent not in made:
                    made.add(parent)
                    add(tar, parent, None)
            for path in [source, *below(source)]:
                add(tar, name + path[len(source):], path)
                made.add(name + path[len(source):])
    return packed.getvalue()


def below(source):
    if os.path.islink(source) or not os.path.isdir(source):
        return []
    found = [os.path.join(at, one) for at, directories, files in os.walk(source) for one in directories + files]
    return sorted(found)


def add(tar, name, path):
    entry = tarfile.TarInfo(name)
    entry.mtime = 1
    if path is None or (os.path.isdir(path) and not os.path.islink(path)):
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755 if path is None else os.stat(path).st_mode & 0o7777
        return tar.addfile(entry)
    if os.path.islink(path):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(path)
        return tar.addfile(entry)
    entry.size, entry.mode = os.path.getsize(path), 0o555 if os.access(path, os.X_OK) else 0o444
    with open(path, "rb") as file:
        return tar.addfile(entry, file)


def main():
    settings, graph, extra = sys.argv[1:]
    about = json.load(open(settings, encoding="utf-8"))
    # Files that only hold texts which name the paths are no part of the image.
    paths = [path for path in closure(graph) if not path.endswith("-image.json")]
    layers = [layer([(path[1:], os.path.realpath(path)) for path in MACHINE if os.path.exists(path)])]
    layers += [layer([(path[1:], path)]) for path in paths]
    with tempfile.TemporaryDirectory() as room:
        subprocess.run(["/bin/sh", "-eu", extra], cwd=room, check=True)
        layers.append(layer([(name, os.path.join(room, name)) for name in sorted(os.listdir(room))]))
    sums = [hashlib.sha256(one).hexdigest() for one in layers]
    config = {
        "architecture": about["architecture"], "os": "linux", "created": "1970-01-01T00:00:01Z", "config": about["config"],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one}" for one in sums]},
        "history": [{"created": "1970-01-01T00:00:01Z", "comment": what} for what in ["this machine's libraries", *paths, "settings"]],
    }
    text = json.dumps(config, sort_keys=True).encode()
    name = f"{hashlib.sha256(text).hexdigest()}.json"
    listed = [{"Config": name, "RepoTags": [f"{about['name']}:{about['tag']}"], "Layers": [f"{one}/layer.tar" for one in sums]}]
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as out:
        files = [*((f"{one}/layer.tar", data) for one, data in zip(sums, layers)), (name, text), ("manifest.json", json.dumps(listed).encode())]
        for name, data in dict(files).items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1
            out.addfile(entry, io.BytesIO(data))


main()
