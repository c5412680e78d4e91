"""What was called, when, what was refused, and what is to go wrong on purpose."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

# AWS Batch endpoints and quotas: SubmitJob calls a second for an account in a Region.
SUBMIT_PER_SECOND = 50


@dataclass
class Fault:
    """One way to fail, for so many calls of an operation (`*`: of any)."""

    operation: str
    times: int = 1
    status: int = 0
    code: str = "ServerException"
    message: str = "something went wrong on purpose"
    lose: bool = False
    drop: bool = False
    delay_ms: int = 0


@dataclass
class Operation:
    times: list = field(default_factory=list)
    bodies: list = field(default_factory=list)
    refused: int = 0
    throttled: int = 0
    failed_on_purpose: int = 0

    def told(self, bodies):
        told = {"count": len(self.times), "refused": self.refused, "throttled": self.throttled}
        told |= {"failed_on_purpose": self.failed_on_purpose, "peak_per_second": peak(self.times)}
        told |= {"first": self.times[0], "last": self.times[-1]} if self.times else {}
        return told | ({"times": self.times, "bodies": self.bodies} if bodies else {})


class Ledger:
    """Every call of the services that are looked at. All of it may be used from any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.operations = {}
        self.violations = []
        self.stored = []
        self.faults = []
        self.submissions = deque()
        self.submit_per_second = SUBMIT_PER_SECOND

    def called(self, call):
        """Notes a call and returns what is to go wrong with it, if anything."""
        with self.lock:
            operation = self.operations.setdefault(call.name, Operation())
            operation.times.append(round(time.monotonic() - self.began, 6))
            operation.bodies.append(call.parameters)
            fault = next((fault for fault in self.faults if fault.times > 0 and fault.operation in ("*", call.name)), None)
            if fault is not None:
                fault.times -= 1
                operation.failed_on_purpose += 1
            return fault

    def put(self, path):
        """Notes that an object is written, as `/BUCKET/KEY`."""
        with self.lock:
            self.stored.append(path)

    def too_fast(self, call):
        """Whether AWS would answer TooManyRequestsException; the rate is that of the last second."""
        if call.name != "SubmitJob" or not self.submit_per_second:
            return False
        with self.lock:
            now = time.monotonic()
            while self.submissions and self.submissions[0] <= now - 1:
                self.submissions.popleft()
            if len(self.submissions) >= self.submit_per_second:
                self.operations[call.name].throttled += 1
                return True
            self.submissions.append(now)
            return False

    def refused(self, call, message):
        with self.lock:
            self.operations[call.name].refused += 1
            self.violations.append({"service": call.service, "operation": call.name, "message": message})

    def add_faults(self, described):
        with self.lock:
            self.faults.extend(Fault(**one) for one in described)

    def told(self, bodies=()):
        with self.lock:
            operations = {name: one.told(name in bodies) for name, one in sorted(self.operations.items())}
            left = sum(fault.times for fault in self.faults)
            return {"operations": operations, "violations": list(self.violations), "stored": list(self.stored), "faults_left": left}


def peak(times):
    """The most calls within any one second."""
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most
