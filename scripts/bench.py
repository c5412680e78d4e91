#!/usr/bin/env python3
"""What a job costs beside bare ffmpeg, in one run on one machine, as ratios and against the stated limits.

Nothing here passes or fails: a loaded machine is slow. The limits stand beside the figures for whoever reads them.

start    from the worker's start until the program that it takes for ffmpeg runs, and until its first request arrives at an
         S3 endpoint (a listener on this machine that answers nothing)
memory   the worker's largest resident set (VmHWM of /proc), not ffmpeg's
job      `ffbatch run` of a ten second encode without quality, beside the same ffmpeg command alone, in turn
queue    many jobs through `ffbatch submit -` and an agent, beside `xargs -P` that runs the same ffmpeg commands with the
         same concurrency, in turn: jobs a second, and processor time with everything that ran
large    100,000 jobs submitted at once: time, memory, the size of the queue, and how long a listing takes
"""

import argparse
import json
import os
import resource
import shlex
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


def processor_time():
    """Of all children that were waited for, and theirs, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def by_xargs(place, commands):
    """Seconds and processor seconds of `xargs -P` over ffmpeg commands."""
    lines = "\n".join(shlex.join(words) for words in commands)
    began, used = time.perf_counter(), processor_time()
    subprocess.run(
        ["xargs", f"-P{os.cpu_count()}", "-L1", FFMPEG, "-nostdin", "-y"],
        input=lines, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=place,
    )
    return time.perf_counter() - began, processor_time() - used


def by_queue(place, commands):
    """The same through the queue, from the submission to the last end. The agent is a child, so that its time is known."""
    state = place / f"state-{time.time_ns()}"
    own = environment(place, FFBATCH_FFMPEG=FFMPEG, FFBATCH_WORKER=str(WORKER)) | {"FFBATCH_STATE_DIR": str(state)}
    lines = "\n".join(json.dumps({"command": shlex.join(["ffmpeg", *words])}) for words in commands)
    used = processor_time()
    agent = subprocess.Popen([FFBATCH, "agent"], env=own | {"LOGLEVEL": "warn"}, stderr=subprocess.DEVNULL)
    while not (state / "queue/bell").exists():
        time.sleep(0.01)
    began = time.perf_counter()
    done = subprocess.run(
        [FFBATCH, "submit", "-", "--wait", "--json"], input=lines, text=True, env=own, cwd=place,
        capture_output=True, check=False,
    )
    took = time.perf_counter() - began
    agent.terminate()
    agent.wait()
    if done.returncode != 0:
        sys.exit(f"the queue failed:\n{done.stdout[-2000:]}{done.stderr}")
    return took, processor_time() - used


def queue(place, words, jobs, runs):
    """Ratios of jobs a second and of processor time, the queue's to those of xargs, pair by pair, and the seconds of one job."""
    (place / "many").mkdir(exist_ok=True)
    speed, cost, bare = [], [], []
    for turn in range(runs + 1):
        names = [str(place / f"many/{turn}-{number}") for number in range(jobs)]
        alone = by_xargs(place, [[*words, f"{name}-x.mp4"] for name in names])
        managed = by_queue(place, [[*words, f"{name}-q.mp4"] for name in names])
        if turn:
            speed.append(alone[0] / managed[0])
            cost.append(managed[1] / alone[1])
            bare.append(alone[0] * os.cpu_count() / jobs)
    return speed, cost, bare


def large(place, clip, count):
    """Seconds, peak memory in MB, size in MB, and the seconds of a listing and of a search by name."""
    own = environment(place, FFBATCH_FFMPEG=FFMPEG, FFBATCH_WORKER=str(WORKER)) | {"FFBATCH_STATE_DIR": str(place / "large")}
    job = lambda number: {"name": f"job-{number}", "command": f"ffmpeg -i {clip} -c copy {place}/large-{number}.mp4"}
    lines = "\n".join(json.dumps(job(number)) for number in range(count))
    (place / "lines").write_text(lines)
    with open(place / "lines") as text:
        began = time.perf_counter()
        process = subprocess.Popen([FFBATCH, "submit", "-"], stdin=text, env=own, stdout=subprocess.DEVNULL)
        memory = peak_memory(process)
        took = time.perf_counter() - began
    size = sum(file.stat().st_size for file in (place / "large/queue").glob("queue.db*"))
    listing = timed([FFBATCH, "list"], env=own)
    found = timed([FFBATCH, "status", f"job-{count // 2}"], env=own)
    timed([FFBATCH, "cancel", "--all", "--yes"], env=own)
    return took, memory / 1e6, size / 1e6, listing * 1e3, found * 1e3


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
        # The smallest picture there is: what is left is ffmpeg's own start and end.
        tiny_clip = ROOT / ".tools/clips/carphone_pristine.mp4"
        (place / "work").mkdir()
        start_to_ffmpeg(place, clip)
        row("worker start to ffmpeg's start", [start_to_ffmpeg(place, clip) for _ in range(3 * runs)], "ms", "30")
        row("worker start to the first S3 request", [start_to_request(place) for _ in range(runs)], "ms", "30")
        row("the worker's peak memory", [memory(place, clip) / 1e6 for _ in range(2)], "MB", "30")
        ratios, bare = encode(place, clip, runs)
        row("bare ffmpeg, 10 s of 720p, x264 medium", bare, "s", "-")
        row("`ffbatch run` / bare ffmpeg", ratios, "", "1.03")
        tiny = ["-i", str(tiny_clip), "-frames:v", "1", "-c", "copy"]
        two = ["-i", str(clip), "-t", "4", "-an", "-c:v", "libx264", "-preset", "medium", "-threads", "1"]
        for what, words, jobs, limit in [("tiny jobs", tiny, 300, "0.6"), ("long jobs", two, 6, "0.97")]:
            speed, cost, bare = queue(place, words, jobs, max(runs // 2, 1))
            row(f"{what}: one of them under xargs", [seconds * 1e3 for seconds in bare], "ms", "-")
            row(f"{what}: jobs/s, queue / xargs", speed, "", limit)
            row(f"{what}: processor time, queue / xargs", cost, "", "-")
        took, memory_mb, size, listing, found = large(place, clip, 100_000)
        row("100,000 jobs: submitted in", [took], "s", "-")
        row("100,000 jobs: peak memory of `submit`", [memory_mb], "MB", "-")
        row("100,000 jobs: size of the queue", [size], "MB", "-")
        row("100,000 jobs: `list`", [listing], "ms", "-")
        row("100,000 jobs: `status NAME`", [found], "ms", "-")


if __name__ == "__main__":
    main()
