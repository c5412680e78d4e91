#!/usr/bin/env python3
"""How fast `ffbatch serve` answers, in one run on one machine, with wrk (Debian: apt-get install wrk).

Nothing here passes or fails. The limit is what the same server does for /health, which asks nobody; the peer of submissions is
`ffbatch submit`, once for each job. Clients and server share the machine's processors.

answers   requests a second and the slowest of a hundred, by 16 connections, with 1,000 jobs in the queue
submit    jobs a second that are taken, beside `ffbatch submit`, and how many of them were lost
streams   the server's memory, bare and with 200 streams of events, of which each has to tell the end of a job
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FFMPEG = os.environ.get("FFBATCH_FFMPEG", str(ROOT / ".tools/ffmpeg"))
FFBATCH = ROOT / "target/release/ffbatch"
CLIP = ROOT / ".tools/clips/carphone_pristine.mp4"
STREAMS = 200


def words(place, number):
    return f"ffmpeg -i {CLIP} -frames:v 1 -c copy {place}/out/{number}.mp4"


class Server:
    def __init__(self, place):
        keep = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self.place = place
        self.environment = keep | {"FFBATCH_STATE_DIR": str(place / "state"), "FFBATCH_FFMPEG": FFMPEG, "AWS_EC2_METADATA_DISABLED": "true", "LOGLEVEL": "error"}
        self.process = subprocess.Popen([FFBATCH, "serve", "--listen", "127.0.0.1:0"], cwd=place, env=self.environment, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def memory_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024 / 1e6

    def submit(self, lines, *flags):
        return subprocess.run([FFBATCH, "submit", *flags, "-"], input="\n".join(lines), text=True, env=self.environment, cwd=self.place, check=True, capture_output=True).stdout.split()


def wrk(url, seconds, script=None):
    """Requests a second, milliseconds of the 99th percentile, and how many were answered well."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}", "--latency"]
    said = subprocess.run(command + (["-s", str(script)] if script else []) + [url], check=True, capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    every = int(re.search(r"(\d+) requests in", said)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return rate, float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit], every - int(bad[1] if bad else 0)


def row(name, value, unit, more=""):
    print(f"{name:<42} {value:9.2f} {unit:<6} {more}")


def answers(server, seconds):
    job = server.ask("/jobs?limit=1")["jobs"][0]["jobId"]
    script = server.place / "describe.lua"
    script.write_text(f"wrk.method='POST'; wrk.headers['Content-Type']='application/json'; wrk.body='{{\"jobId\":\"{job}\"}}'")
    limit, slowest, _ = wrk(server.url + "/health", seconds)
    row("GET /health, the limit", limit, "1/s", f"p99 {slowest:.2f} ms")
    for name, path, lua in [
        ("POST /batch/describe", "/batch/describe", script),
        ("GET /jobs/ID", f"/jobs/{job}", None),
        ("GET /jobs?limit=20", "/jobs?limit=20", None),
        ("GET /jobs?limit=1000", "/jobs?limit=1000", None),
    ]:
        rate, slowest, _ = wrk(server.url + path, seconds, lua)
        row(name, rate, "1/s", f"p99 {slowest:.2f} ms, {rate / limit:.3f} of the limit")


def submissions(server, seconds):
    script = server.place / "submit.lua"
    script.write_text(
        "wrk.method='POST'; wrk.headers['Content-Type']='application/json'; local n = 0\n"
        f"request = function() n = n + 1; return wrk.format(nil, nil, nil, '{{\"command\":\"{words(server.place, 'served-')[:-4]}' .. n .. '.mp4\"}}') end"
    )
    before = sum(server.ask("/jobs?limit=1")["counts"].values())
    rate, slowest, taken = wrk(server.url + "/jobs", seconds, script)
    # Of what wrk left when it ended, the last ones may have been taken without an answer.
    lost = taken - (sum(server.ask("/jobs?limit=1")["counts"].values()) - before)
    count = 20
    began = time.perf_counter()
    for number in range(count):
        server.submit([json.dumps({"command": words(server.place, f"alone-{number}")})])
    alone = count / (time.perf_counter() - began)
    row("POST /jobs, jobs taken", rate, "1/s", f"p99 {slowest:.2f} ms, {rate / alone:.1f} times `ffbatch submit` one by one; lost: {max(lost, 0)} of {taken}")
    subprocess.run([FFBATCH, "cancel", "--all", "--yes"], env=server.environment, check=True, capture_output=True)
    while any(server.ask("/jobs?limit=1")["counts"].get(state) for state in ("RUNNABLE", "STARTING", "RUNNING")):
        time.sleep(0.1)


def streams(server):
    bare = server.memory_mb()
    host, port = server.url.removeprefix("http://").split(":")
    open_ones = []
    for _ in range(STREAMS):
        stream = socket.create_connection((host, int(port)), timeout=60)
        stream.sendall(b"GET /events HTTP/1.0\r\n\r\n")
        open_ones.append(stream.makefile("rb"))
    for stream in open_ones:
        while stream.readline() != b"\r\n":
            pass
    job = server.ask("/jobs", {"command": words(server.place, "watched")})["jobId"].encode()
    told = 0
    for stream in open_ones:
        for line in stream:
            if job in line and b'"SUCCEEDED"' in line:
                told += 1
                break
    row("memory, bare", bare, "MB")
    row(f"memory, with {STREAMS} streams of events", server.memory_mb(), "MB", f"{told} of them told the end of a job")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="how long each route is asked")
    seconds = parser.parse_args().seconds
    if not shutil.which("wrk"):
        sys.exit("bench: wrk is not installed, so the server was not measured (on Debian: apt-get install wrk)")
    with tempfile.TemporaryDirectory(prefix="ffbatch-bench-") as directory:
        server = Server(Path(directory))
        try:
            server.submit([json.dumps({"command": words(directory, number)}) for number in range(1000)], "--wait")
            streams(server)
            answers(server, seconds)
            submissions(server, seconds)
        finally:
            server.process.terminate()
            server.process.wait()


if __name__ == "__main__":
    main()
