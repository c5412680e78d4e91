"""Who runs when: dependencies, a few containers at a time, retries, and jobs that end without having run.

A job goes SUBMITTED, PENDING (while it needs others), RUNNABLE, STARTING, RUNNING, and ends. With `mode` at `docker` the threads of
the engine run what is runnable as containers; at a state's name jobs stop there; at an exit code they end with it at once.
"""

import threading
import traceback
from collections import deque
from datetime import datetime

import attempts
from jobs import STATES

DEPENDENT = "Dependent Job failed"
CHILD = "Array Child Job failed"


class Engine:
    """All that is changed about jobs is changed here, by whoever holds `changed`."""

    def __init__(self, endpoint, slots):
        self.endpoint, self.mode = endpoint, 0
        self.changed = threading.Condition(threading.RLock())
        self.runnable, self.waiting = deque(), {}
        # How long a stopped container may take, and how long a second of a job's time limit is.
        self.grace_secs, self.second = 30.0, 1.0
        self.threads = 0
        self.set_slots(slots)

    def set_slots(self, slots):
        first, self.slots = self.threads, slots
        self.threads = max(first, slots)
        for number in range(first, slots):
            threading.Thread(target=self.work, args=(number,), daemon=True).start()

    def admit(self, job, asked):
        """Takes a job, and its children, that moto has just made."""
        job.asked = asked
        children = job._child_jobs or []
        size = len(children)
        for index, child in enumerate(children):
            child.asked, child.parent = asked, job
            for need in asked.get("dependsOn", []):
                if need.get("type") == "SEQUENTIAL":
                    child.needs |= {children[index - 1].job_id} if index else set()
                else:
                    child.needs.add(f"{need['jobId']}:{index}" if need.get("type") == "N_TO_N" else need["jobId"])
        if not size:
            job.needs = {need["jobId"] for need in asked.get("dependsOn", [])}
        else:
            job.left = size
        # Children differ in their indexes only.
        too_long = attempts.too_long((children or [job])[-1])
        for one in children or [job]:
            one.status, one.too_long = "PENDING", too_long
            for need in one.needs:
                self.waiting.setdefault(need, []).append(one)
            self.look(job.all_jobs, one)

    def look(self, jobs, job):
        """Moves a pending job on, where what it needs has ended."""
        work = deque([job])
        while work:
            one = work.popleft()
            if one.status != "PENDING":
                continue
            states = {jobs[need].status for need in one.needs}
            if "FAILED" in states:
                work += self.end(one, "FAILED", one.job_stopped_reason if one.is_cancelled else DEPENDENT)
            elif states - {"SUCCEEDED"}:
                continue
            elif one.is_cancelled:
                work += self.end(one, "FAILED", one.job_stopped_reason)
            else:
                work += self.run_or_stay(one)
        self.changed.notify_all()

    def run_or_stay(self, job):
        """A job that is free to run does what the mode says. Returns the jobs that may look again."""
        if job.too_long:
            return self.end(job, "FAILED", attempts.TOO_LONG)
        if self.mode == "docker":
            job.status = "RUNNABLE"
            self.runnable.append(job)
            return []
        if isinstance(self.mode, int):
            self.begin(job)
            job.now["exitCode"] = self.mode
            return self.end(job, "FAILED" if self.mode else "SUCCEEDED", attempts.ESSENTIAL)
        self.place(job, self.mode)
        return []

    def begin(self, job):
        """A job's container runs."""
        job.new_attempt()
        self.running(job)

    def running(self, job):
        job.status = "RUNNING"
        job.started, job.job_started_at = True, datetime.now()
        job.log_stream_name = job.now["logStreamName"] = job._stream_name
        job._log_backend.ensure_log_group(job._log_group)
        job._log_backend.ensure_log_stream(job._log_group, job._stream_name)
        self.changed.notify_all()

    def place(self, job, state):
        """Puts a job into a state that has not ended."""
        if state in STATES[STATES.index("RUNNING"):]:
            self.begin(job)
        job.status = state

    def end(self, job, status, reason):
        """Ends a job, and the array whose last child it is. Returns the jobs that may look again."""
        if job.ended:
            return []
        job.job_stopped, job.job_stopped_at = True, datetime.now()
        job.job_stopped_reason = reason
        if job.now:
            job.end_attempt(reason)
        job.status = status
        free = self.waiting.pop(job.job_id, [])
        parent = job.parent
        if parent is not None:
            parent.left -= 1
            if parent.left == 0:
                succeeded = all(child.status == "SUCCEEDED" for child in parent._child_jobs)
                reason = None if succeeded else parent.job_stopped_reason or CHILD
                free = free + self.end(parent, "SUCCEEDED" if succeeded else "FAILED", reason)
        self.changed.notify_all()
        return free

    def ended(self, job, status, reason):
        """Ends a job, and lets go what has waited for it."""
        for free in self.end(job, status, reason):
            self.look(job.all_jobs, free)

    def again(self, job, reason):
        """Puts a job whose attempt failed back into the queue."""
        job.job_stopped_at = datetime.now()
        job.end_attempt(reason)
        job.now, job.ending, job.started = {}, None, False
        job.job_stopped_reason = reason
        job.status = "RUNNABLE"
        self.runnable.append(job)
        self.changed.notify_all()

    def stop(self, job, how, reason):
        """CancelJob and TerminateJob: what has not started is cancelled, and only the second stops what has."""
        with self.changed:
            if job._child_jobs:
                job.is_terminated, job.is_cancelled = job.is_terminated or how == "terminate", job.is_cancelled or how == "cancel"
                job.job_stopped_reason = reason
                for child in job._child_jobs:
                    self.stop(child, how, reason)
                return
            if job.ended:
                return
            if job.status in ("STARTING", "RUNNING"):
                if how == "terminate":
                    job.is_terminated, job.ending = True, ("terminate", reason)
                    self.changed.notify_all()
                    if self.mode != "docker":
                        job.now["exitCode"] = 137
                        self.ended(job, "FAILED", reason)
                return
            job.is_cancelled, job.job_stopped_reason = True, reason
            if job.status != "PENDING":
                # One that waits for others is cancelled when they have ended (AWS Batch API Reference, "CancelJob").
                self.ended(job, "FAILED", reason)

    def work(self, number):
        """Runs one job after the other, for ever."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.runnable and number < self.slots)
                job = self.runnable.popleft()
                if job.status != "RUNNABLE":
                    continue
                job.new_attempt()
                job.status = "STARTING"
                job.ending = None
            try:
                attempts.run(self, job)
            except Exception as error:
                # A defect of the double must be seen, and must not take a thread away.
                traceback.print_exc()
                with self.changed:
                    self.ended(job, "FAILED", f"THE DOUBLE failed: {error!r}")
