"""What a test may ask and change, at `/double/`.

GET  calls?bodies=SubmitJob   what was called how often, when, at which peak rate; what was refused; the parameters on demand
POST faults     [{"operation", "times", "status", "code", "message", "lose", "drop", "delay_ms"}]
POST jobs       {"jobs": [ids], "status", "reason", "containerReason", "exitCode", "log": [lines]}: moves jobs by hand
POST reclaim    {"job": id, "notice_secs": 2}: the host of a running job goes, as a Spot instance does
POST settings   {"jobs": "docker"|state|exit code, "slots", "grace_secs", "second", "submit_per_second"}; `second` is how
                long a second of a job's time limit takes
POST traces     {"destination": "XRay"|"CloudWatchLogs", "held": [ids]}: where traces go from now on, and which are not handed out
POST registry   {"at": "127.0.0.1:5000"}: where the images of the account's repositories lie from now on
GET  role       the credentials that ECS gives a container
"""

import json
from urllib.parse import parse_qs

from moto.batch.models import batch_backends
from moto.core import DEFAULT_ACCOUNT_ID

import attempts
import containers
from jobs import ENDED, STATES


class Control:
    def __init__(self, ledger, engine, space, place):
        self.ledger, self.engine, self.space, self.place = ledger, engine, space, place

    def __call__(self, environ, start_response):
        name = environ["PATH_INFO"].removeprefix("/double/")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asked = json.loads(body) if body else parse_qs(environ.get("QUERY_STRING", ""))
        try:
            answer, status = getattr(self, name)(asked) or {}, "200 OK"
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            answer, status = {"message": f"/double/{name}: {error!r}"}, "400 Bad Request"
        text = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]

    def calls(self, asked):
        return self.ledger.told(asked.get("bodies", ()))

    def faults(self, asked):
        self.ledger.add_faults(asked)

    def traces(self, asked):
        self.space.change(asked)

    def registry(self, asked):
        self.place.registry = asked["at"]

    def role(self, _asked):
        return {"AccessKeyId": "test", "SecretAccessKey": "test", "Token": "test", "Expiration": "2099-01-01T00:00:00Z"}

    def settings(self, asked):
        with self.engine.changed:
            if "jobs" in asked:
                mode = asked["jobs"]
                mode = int(mode) if str(mode).isdecimal() else mode
                if mode not in ("docker", *STATES[:5]) and not isinstance(mode, int):
                    raise ValueError(f"jobs is {mode}")
                if mode == "docker":
                    containers.remove_orphans()
                self.engine.mode = mode
            if "slots" in asked:
                self.engine.set_slots(asked["slots"])
            self.engine.grace_secs = asked.get("grace_secs", self.engine.grace_secs)
            self.engine.second = asked.get("second", self.engine.second)
            self.ledger.submit_per_second = asked.get("submit_per_second", self.ledger.submit_per_second)

    def jobs(self, asked):
        with self.engine.changed:
            for job in map(found, asked["jobs"]):
                self.move(job, asked)

    def move(self, job, asked):
        status = asked.get("status", job.status)
        if status not in ENDED and status != job.status:
            self.engine.place(job, status)
        if "reason" in asked:
            job.job_stopped_reason = asked["reason"]
        for line in asked.get("log", []):
            attempts.log(job, line)
        job.now |= {name: asked[key] for key, name in (("exitCode", "exitCode"), ("containerReason", "reason")) if key in asked}
        if status in ENDED and status != job.status:
            self.engine.ended(job, status, asked.get("reason", attempts.ESSENTIAL))

    def reclaim(self, asked):
        with self.engine.changed:
            job = found(asked["job"])
            if job.status != "RUNNING":
                raise ValueError(f"the job is {job.status}")
            job.ending = ("reclaim", asked.get("notice_secs", 120))
            self.engine.changed.notify_all()


def found(identifier):
    for region in batch_backends[DEFAULT_ACCOUNT_ID].values():
        if job := region.get_job_by_id(identifier):
            return job
    raise KeyError(identifier)
