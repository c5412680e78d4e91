#!/usr/bin/env python3
"""The layers of an image in an archive: image-layers.py ARCHIVE [--beside OTHER]

Each with its size and what it takes on the way (packed by gzip), from the lowest. With another archive: which layers a machine that has
the other one pulls again, that is the first that differs and all above it.
"""

import argparse
import gzip
import json
import tarfile


def layers(path):
    with tarfile.open(path) as archive:
        read = lambda name: archive.extractfile(name).read()
        listed = json.loads(read("manifest.json"))[0]
        config = json.loads(read(listed["Config"]))
        said = [one.get("comment", "") for one in config.get("history", []) if not one.get("empty_layer")]
        found = []
        for name, digest, comment in zip(listed["Layers"], config["rootfs"]["diff_ids"], said):
            data = read(name)
            found.append((digest, len(data), len(gzip.compress(data, 6, mtime=0)), comment.replace("store paths: ", "")))
    return listed["RepoTags"][0], config["architecture"], found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive")
    parser.add_argument("--beside", metavar="OTHER")
    asked = parser.parse_args()
    tag, architecture, found = layers(asked.archive)
    digests = {}
    if asked.beside:
        digests = dict(enumerate(digest for digest, *_ in layers(asked.beside)[2]))
    print(f"{tag} for {architecture}")
    print(f"{'UNPACKED':>10} {'PACKED':>10}  LAYER")
    again, pulled = False, 0
    for number, (digest, unpacked, packed, what) in enumerate(found):
        again = again or bool(asked.beside) and digests.get(number) != digest
        pulled += packed if again else 0
        print(f"{mb(unpacked)} {mb(packed)}  {what[:90]}{'  *' if again else ''}")
    print(f"{mb(sum(one[1] for one in found))} {mb(sum(one[2] for one in found))}  {len(found)} layers")
    if asked.beside:
        print(f"{'':>10} {mb(pulled)}  * pulled again by who has {asked.beside}")


def mb(size):
    return f"{size / 1e6:>7.1f} MB"


main()
