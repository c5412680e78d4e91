#!/usr/bin/env python3
"""What measuring quality costs, in one run on one machine, as ratios against a peer and a limit.

Nothing here passes or fails: a loaded machine is slow. The limits stand beside the figures for whoever reads them.

measure  the stage of a job that compares its output by PSNR, SSIM and VMAF, beside `ffmpeg-quality-metrics` from PyPI with its
         defaults doing the same three (the peer), and beside ffmpeg doing nothing but VMAF with as many threads (the limit)
job      an encode that measures itself, beside the same encode followed by the peer
memory   the largest resident set of anything that a measuring job runs: for a clip, and for one sixty times as long
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import FFMPEG, ROOT, WORKER, environment, job, row

PEER = ROOT / ".tools/venv/bin/ffmpeg-quality-metrics"
ENCODER = ["-c:v", "libx264", "-preset", "medium", "-crf", "30"]

# Frame n against frame n, whatever the containers' clocks say.
BY_NUMBER = "[0:v]settb=1/1000,setpts=N[d];[1:v]settb=1/1000,setpts=N[r];[d][r]"

# Runs a program and prints the largest resident set of all that it ran, in kB.
PEAK = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
       "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"


def seconds(words, **options):
    began = time.perf_counter()
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return time.perf_counter() - began


def measuring(place, source, output, encoder):
    """The words of a worker that encodes and measures."""
    document = json.loads(job("-i", source, *encoder, output)) | {"quality": ["psnr", "ssim", "vmaf"]}
    return [WORKER, "--report", place / "report.json", "--job", json.dumps(document)]


def once(place, source, own, path):
    """Seconds of: the job, its measuring stage, the encode alone, the peer, the limit."""
    made = place / "made.mp4"
    whole = seconds(measuring(place, source, made, ENCODER), env=own)
    report = json.loads((place / "report.json").read_text())
    scores = report["quality"]["outputs"][0].get("scores", [])
    if len(scores) != 3:
        sys.exit(f"the job did not measure: {report['quality']}")
    stage = next(stage["seconds"] for stage in report["stages"] if stage["stage"] == "measure")
    encode = seconds([FFMPEG, "-nostdin", "-y", "-i", source, *ENCODER, made])
    peer = seconds([PEER, made, source, "-m", "psnr", "ssim", "vmaf"], env=os.environ | {"PATH": path})
    graph = f"{BY_NUMBER}libvmaf=n_threads={os.cpu_count()}"
    limit = seconds([FFMPEG, "-nostdin", "-i", made, "-i", source, "-filter_complex", graph, "-f", "null", "-"])
    return whole, stage, encode, peer, limit


def peak(place, source, own):
    """In MB. The encoder is one that needs next to nothing."""
    words = measuring(place, source, place / "small.avi", ["-c:v", "mpeg4"])
    told = subprocess.run([sys.executable, "-c", PEAK, *map(str, words)], env=own, check=True, capture_output=True, text=True)
    return int(told.stdout) / 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each measurement")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="ffbatch-bench-") as directory:
        place = Path(directory)
        (place / "bin").mkdir()
        # The peer looks for `ffmpeg` on PATH.
        shutil.copy(FFMPEG, place / "bin/ffmpeg")
        path = f"{place / 'bin'}:{os.environ['PATH']}"
        own = environment(place, FFBATCH_FFMPEG=FFMPEG)
        (place / "work").mkdir()
        clip, source = ROOT / ".tools/clips/bigbuckbunny.mp4", place / "source.mp4"
        large = ["-vf", "scale=1920:1080", "-c:v", "libx264", "-crf", "12", "-preset", "veryfast"]
        seconds([FFMPEG, "-stream_loop", "1", "-i", clip, "-t", "10", "-an", *large, source])
        rows = [once(place, source, own, path) for _ in range(runs)]
        row("peer: 10 s of 1080p, three metrics", [peer for *_, peer, _ in rows], "s", "-")
        row("limit: VMAF alone", [limit for *_, limit in rows], "s", "-")
        row("measuring / peer", [stage / peer for _, stage, _, peer, _ in rows], "", "0.7")
        row("measuring / limit", [stage / limit for _, stage, _, _, limit in rows], "", "1.05")
        row("job / encode, then peer", [whole / (encode + peer) for whole, _, encode, peer, _ in rows], "", "0.85")
        short, long = place / "short.mkv", place / "long.mkv"
        small = ROOT / ".tools/clips/carphone_pristine.mp4"
        for target, loops, length in [(short, 3, 10), (long, 300, 600)]:
            seconds([FFMPEG, "-stream_loop", str(loops), "-i", small, "-t", str(length), "-c", "copy", target])
        row("peak memory, 10 s of 176x144", [peak(place, short, own)], "MB", "-")
        row("peak memory, 10 min of it", [peak(place, long, own)], "MB", "the same")


if __name__ == "__main__":
    main()
