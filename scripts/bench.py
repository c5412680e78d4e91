#!/usr/bin/env python3
"""What a job costs beside bare ffmpeg, in one run on one machine, as ratios and against the stated limits.

Nothing here passes or fails: a loaded machine is slow. The limits stand beside the figures for whoever reads them.

start    from the worker's start until the program that it takes for ffmpeg runs, and until its first request arrives at an
         S3 endpoint (a listener on this machine that answers nothing)
memory   the worker's largest resident set (VmHWM of /proc), not ffmpeg's
job      `ffbatch run` of a ten second encode without quality, beside the same ffmpeg command alone, in turn
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FFMPEG = os.environ.get("FFBATCH_FFMPEG", str(ROOT / ".tools/ffmpeg"))
WORKER = ROOT / "target/release/ffbatch-worker"
FFBATCH = ROOT / "target/release/ffbatch"


def job(*words):
    return json.dumps({"version": 1, "commands": [list(map(str, words))]})


def environment(place, **more):
    keep = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return keep | {"FFBATCH_STATE_DIR": str(place / "state"), "FFBATCH_WORK_DIR": str(place / "work"), "LOGLEVEL": "error"} | more


def peak_memory(process):
    """The largest VmHWM that is seen until the process ends, in bytes."""
    largest = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                largest = max(largest, int(line.split()[1]) * 1024)
        time.sleep(0.005)
    return largest


def start_to_ffmpeg(place, clip):
    """Milliseconds until a stand-in ffmpeg, which only tells the time, runs."""
    stand_in = place / "ffmpeg"
    stand_in.write_text("#!/bin/sh\ncase \" $* \" in *' -version '*) exit 0;; esac\nexec date +started=%s%N >&2\n")
    stand_in.chmod(0o755)
    began = time.time_ns()
    process = subprocess.run(
        [WORKER, "--job", job("-i", clip, place / "out.mp4")],
        env=environment(place, FFBATCH_FFMPEG=str(stand_in)), capture_output=True, text=True, check=False,
    )
    stamps = [line for line in process.stderr.splitlines() if line.startswith("started=")]
    if not stamps:
        sys.exit(f"the stand-in did not run:\n{process.stdout}{process.stderr}")
    return (int(stamps[0].partition("=")[2]) - began) / 1e6


def start_to_request(place):
    """Milliseconds until the first bytes of the first request arrive."""
    listener = socket.create_server(("127.0.0.1", 0))
    arrived = []

    def listen():
        connection, _ = listener.accept()
        connection.recv(1)
        arrived.append(time.time_ns())
        connection.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    began = time.time_ns()
    process = subprocess.Popen(
        [WORKER, "--job", job("-i", "s3://bucket/in.mp4", place / "out.mp4")],
        env=environment(
            place, FFBATCH_FFMPEG=FFMPEG, AWS_ENDPOINT_URL=f"http://127.0.0.1:{listener.getsockname()[1]}",
            AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_REGION="us-east-1",
        ),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    thread.join(10)
    process.kill()
    process.wait()
    listener.close()
    if not arrived:
        sys.exit("no request arrived within 10 s")
    return (arrived[0] - began) / 1e6


def memory(place, clip):
    process = subprocess.Popen(
        [WORKER, "--job", job("-i", clip, "-c:v", "libx264", place / "memory.mp4")],
        env=environment(place, FFBATCH_FFMPEG=FFMPEG), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    return peak_memory(process)


def timed(command, **options):
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **options)
    return time.perf_counter() - began


def encode(place, clip, runs):
    """Ratios of `ffbatch run` to bare ffmpeg, pair by pair, and the bare times."""
    words = ["-y", "-i", str(clip), "-c:v", "libx264", "-preset", "medium", "-an"]
    ratios, bare = [], []
    for turn in range(runs + 1):
        alone = timed([FFMPEG, *words, str(place / "alone.mp4")])
        managed = timed(
            [FFBATCH, "run", "--", "ffmpeg", *words, str(place / "managed.mp4")],
            env=environment(place, FFBATCH_FFMPEG=FFMPEG, FFBATCH_WORKER=str(WORKER)),
        )
        if turn:  # the first pair warms the page cache
            ratios.append(managed / alone)
            bare.append(alone)
    return ratios, bare


def row(name, values, unit, limit):
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{name:<42} {middle:9.2f} {unit:<4} ({low:.2f} to {high:.2f}, n={len(values)})   limit {limit}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="counted runs of each measurement")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="ffbatch-bench-") as directory:
        place = Path(directory)
        clip = place / "ten.mp4"
        subprocess.run(
            [FFMPEG, "-v", "error", "-stream_loop", "1", "-i", ROOT / ".tools/clips/bigbuckbunny.mp4", "-t", "10", "-c", "copy", clip],
            check=True,
        )
        (place / "work").mkdir()
        start_to_ffmpeg(place, clip)
        row("worker start to ffmpeg's start", [start_to_ffmpeg(place, clip) for _ in range(3 * runs)], "ms", "30")
        row("worker start to the first S3 request", [start_to_request(place) for _ in range(runs)], "ms", "30")
        row("the worker's peak memory", [memory(place, clip) / 1e6 for _ in range(2)], "MB", "30")
        ratios, bare = encode(place, clip, runs)
        row("bare ffmpeg, 10 s of 720p, x264 medium", bare, "s", "-")
        row("`ffbatch run` / bare ffmpeg", ratios, "", "1.03")


if __name__ == "__main__":
    main()
