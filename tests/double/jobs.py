"""A job as AWS Batch describes it: moto's, with states that change when something happens, and with its attempts."""

import secrets

from moto.batch import models
from moto.batch.models import datetime2int_milliseconds

from definitions import changes, container_of, requirements

STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
ENDED = ("SUCCEEDED", "FAILED")

# What of a container is described as it was asked for.
DETAILS = (
    "image", "command", "jobRoleArn", "executionRoleArn", "environment", "resourceRequirements", "linuxParameters", "privileged",
    "user", "readonlyRootFilesystem", "logConfiguration", "networkConfiguration", "ephemeralStorage", "runtimePlatform",
    "fargatePlatformConfiguration", "instanceType", "volumes", "mountPoints",
)


class Job(models.Job):
    """moto's job. The engine changes it, under its lock; nobody else does."""

    # moto sorts its classes by the name of their module.
    __module__ = "moto.batch.models"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.asked = {}
        self.parent = None
        self.needs = set()
        self.tried = 0
        self.started = self.is_cancelled = self.is_terminated = self.too_long = False
        self.now = {}
        # How a running attempt is to end: set by the engine, read by whoever runs it.
        self.ending = None

    def start(self):
        """Nothing: moto starts a thread for each job here."""

    @property
    def status(self):
        """The state; that of an array is what its children make of it."""
        children = self._child_jobs
        if not children or self._status in ENDED:
            return self._status
        return "PENDING"

    @status.setter
    def status(self, value):
        self._status = value

    @property
    def ended(self):
        return self._status in ENDED

    @property
    def index(self):
        return self.array_properties.get("index")

    @property
    def is_multinode(self):
        return self.job_definition.type == "multinode"

    @property
    def is_fargate(self):
        return "FARGATE" in (self.job_definition.platform_capabilities or [])

    @property
    def environment(self):
        """The compute environment that runs it: the first of its queue."""
        return self.job_queue.environments[0]

    def new_attempt(self):
        """Begins an attempt: a task with a log stream of its own."""
        task = secrets.token_hex(16)
        self.tried += 1
        self.started = False
        cluster, arn = self.environment.ecs_name, self.arn.replace(":batch:", ":ecs:").partition(":job/")[0]
        self.now = {"taskArn": f"{arn}:task/{cluster}/{task}"}
        if instance := getattr(self.environment, "instance", None):
            self.now["containerInstanceArn"] = instance(self.container().get("instanceType"))
        log = (self.container().get("logConfiguration") or {}).get("options") or {}
        self._log_group = log.get("awslogs-group", "/aws/batch/job")
        self._stream_name = f"{log.get('awslogs-stream-prefix', self.job_definition.name)}/default/{task}"

    def container(self):
        """The container of the definition with what the submission changes in it."""
        base, changed = dict(container_of(self.job_definition.asked) or {}), changes(self.asked)
        variables = {one["name"]: one.get("value", "") for one in base.get("environment", [])}
        variables |= {one["name"]: one.get("value", "") for one in changed.get("environment", [])}
        needs = requirements(base) | requirements(changed)
        base["environment"] = [{"name": name, "value": value} for name, value in variables.items()]
        base["resourceRequirements"] = [{"type": name, "value": value} for name, value in needs.items()]
        base |= {name: changed[name] for name in ("command", "instanceType") if changed.get(name)}
        for name in ("vcpus", "memory"):
            base.pop(name, None)
        return base

    def created_at(self):
        return datetime2int_milliseconds(self.job_created_at)

    def describe_short(self):
        described = {
            "jobId": self.job_id, "jobArn": self.arn, "jobName": self.job_name, "createdAt": self.created_at(),
            "status": self.status, "jobDefinition": self.job_definition.arn,
            "isCancelled": self.is_cancelled, "isTerminated": self.is_terminated,
        }
        if self.job_stopped_reason:
            described["statusReason"] = self.job_stopped_reason
        if self.started:
            described["startedAt"] = datetime2int_milliseconds(self.job_started_at)
        if self.job_stopped:
            described["stoppedAt"] = datetime2int_milliseconds(self.job_stopped_at)
        if container := {name: self.now[name] for name in ("exitCode", "reason") if name in self.now}:
            described["container"] = container
        if self.index is not None:
            described["arrayProperties"] = {"index": self.index}
        elif self._child_jobs:
            described["arrayProperties"] = {"size": len(self._child_jobs)}
        if self.is_multinode:
            described["nodeProperties"] = {"numNodes": 1}
        return described

    def describe(self):
        described = super().describe()
        described["status"] = self.status
        described["propagateTags"] = bool(self.asked.get("propagateTags", self.job_definition.propagate_tags))
        described["platformCapabilities"] = self.job_definition.platform_capabilities or ["EC2"]
        if strategy := self.retry_strategy():
            described["retryStrategy"] = strategy
        if (limit := self._get_attempt_duration()) is not None:
            described["timeout"] = {"attemptDurationSeconds": limit}
        if "shareIdentifier" in self.asked:
            described["shareIdentifier"] = self.asked["shareIdentifier"]
        if self.index is not None:
            described["arrayProperties"] = {"index": self.index, "statusSummary": {}}
        if self.is_multinode:
            described.pop("container", None)
            node = {"targetNodes": "0:", "container": self.container()}
            described["nodeProperties"] = self.job_definition.asked["nodeProperties"] | {"nodeRangeProperties": [node]}
        return described

    def describe_node(self):
        """The only node of a multi-node job, which has the container."""
        described = self.describe() | {"jobId": f"{self.job_id}#0", "jobArn": f"{self.arn}#0", "container": self._container_details()}
        described.pop("nodeProperties", None)
        return described | {"nodeDetails": {"nodeIndex": 0, "isMainNode": True}}

    def _container_details(self):
        container = self.container()
        lists = {name: [] for name in ("volumes", "mountPoints", "ulimits", "secrets", "networkInterfaces")}
        return lists | {name: container[name] for name in DETAILS if name in container} | self.now

    def retry_strategy(self):
        return self.asked.get("retryStrategy") or self.job_definition.asked.get("retryStrategy") or {}

    def _get_attempt_duration(self):
        limit = self.asked.get("timeout") or self.job_definition.asked.get("timeout") or {}
        return limit.get("attemptDurationSeconds")

    def end_attempt(self, reason):
        """Puts the running attempt to those that have ended."""
        attempt = {"container": {"networkInterfaces": [], **self.now}, "statusReason": reason}
        if self.started:
            attempt["startedAt"] = datetime2int_milliseconds(self.job_started_at)
        attempt["stoppedAt"] = datetime2int_milliseconds(self.job_stopped_at)
        self.attempts.append(attempt)
