"""Containers of a local Docker engine, through its command line.

Every container has a label that names the process which owns it, so that what a killed one has left behind can be told apart and
removed by the next.
"""

import os
import subprocess
import threading
import time
from pathlib import Path

LABEL = "ffbatch-test-double"

# Held while a container is made, so that none is made behind the back of who removes them all.
TURN = threading.Lock()


class Refused(Exception):
    """The engine cannot make the container; the text is what ECS would give as the container's reason."""


class Container:
    # Whether there has been one, and whether there will be no more.
    made = closed = False

    def __init__(self, job, about, command, variables):
        self.name = f"{LABEL}-{os.getpid()}-{job.job_id.replace(':', '-')}-{job.tried}"
        self.about, self.command, self.variables = about, command, variables
        self.process, self.gone, self.readers, self.out_of_memory = None, False, [], False

    def create(self):
        words = ["create", "--pull", "never", "--name", self.name, "--label", f"{LABEL}={identity()}", "--network", "host"]
        for name, value in self.variables.items():
            words += ["--env", f"{name}={value}"]
        if user := self.about.get("user"):
            words += ["--user", user]
        if self.about.get("readonlyRootFilesystem"):
            words.append("--read-only")
        hosts = {one["name"]: one["host"]["sourcePath"] for one in self.about.get("volumes", []) if "host" in one}
        for point in self.about.get("mountPoints", []):
            access = ",readonly" if point.get("readOnly") else ""
            words += ["--mount", f"type=bind,source={hosts[point['sourceVolume']]},target={point['containerPath']}{access}"]
        for needed in self.about["resourceRequirements"]:
            # Twice the same limit, as on AWS: no swap. Processors and devices are what this machine has.
            words += ["--memory", f"{needed['value']}m", "--memory-swap", f"{needed['value']}m"] if needed["type"] == "MEMORY" else []
        with TURN:
            if Container.closed:
                raise Refused("the double ends")
            Container.made = True
            made = docker(*words, self.about["image"], *self.command)
        if made.returncode != 0:
            self.remove()
            raise Refused(f"CannotPullContainerError: {made.stderr.strip()}")

    def start(self, said):
        """Starts it; every line that it writes is said as soon as it is written."""
        words = ["docker", "start", "--attach", self.name]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        turn = threading.Lock()

        def read(pipe):
            for line in pipe:
                if text := line.decode(errors="replace").rstrip("\r\n"):
                    with turn:
                        said(text)

        for pipe in (self.process.stdout, self.process.stderr):
            self.readers.append(threading.Thread(target=read, args=(pipe,), daemon=True))
            self.readers[-1].start()

    def stop(self, grace_secs):
        """SIGTERM to the first process, and SIGKILL when the grace is over."""
        # The engine refuses while the container is still being started.
        while docker("kill", "--signal", "TERM", self.name).returncode != 0 and self.process.poll() is None:
            time.sleep(0.05)
        try:
            self.process.wait(grace_secs)
        except subprocess.TimeoutExpired:
            docker("kill", self.name)

    def end(self):
        """Waits for its end and for the last line; the exit code."""
        self.process.wait()
        for reader in self.readers:
            reader.join()
        # The program says what the container's was; these are its own as well, or have a reason.
        if self.process.returncode not in (125, 126, 127, 137):
            return self.process.returncode
        seen = docker("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", self.name).stdout.split()
        self.out_of_memory = seen[1:] == ["true"]
        return int(seen[0]) if seen else self.process.returncode

    def remove(self):
        docker("rm", "--force", self.name)


def docker(*words):
    return subprocess.run(["docker", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)


def identity(process="self"):
    """A process, by its number and the moment of its start, since numbers come again."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return f"{stat.split()[0]}-{stat.rpartition(')')[2].split()[19]}"


def remove_own():
    """Removes every container of this process, for good."""
    with TURN:
        Container.closed = True
    if Container.made:
        remove(lambda owner: owner == identity())


def remove_orphans():
    """Removes what doubles have left behind that are no more."""
    remove(lambda owner: not alive(owner))


def alive(owner):
    try:
        return identity(owner.partition("-")[0]) == owner
    except OSError:
        return False


def remove(which):
    listed = docker("ps", "--all", "--no-trunc", "--filter", f"label={LABEL}", "--format", '{{.ID}} {{.Label "' + LABEL + '"}}').stdout
    found = [line.split() for line in listed.splitlines()]
    if gone := [identifier for identifier, *owner in found if which("".join(owner))]:
        docker("rm", "--force", *gone)
