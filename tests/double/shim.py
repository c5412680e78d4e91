"""What AWS Batch does and moto does not. This is the one place where moto is changed.

Left as moto has it: compute environments, queues, definitions and their revisions, tags, the keys of jobs and their parameters'
merging, everything of other services. Changed, each because moto differs:

jobs.py       Job: states change when something happens, not when somebody looks; DescribeJobs has attempts with exit codes,
              reasons and log streams, the retry strategy, `isCancelled`, `isTerminated` and the properties of arrays and nodes
engine.py     who runs when: dependencies (also N_TO_N and SEQUENTIAL, also on arrays), so many containers at a time, retries by
              `evaluateOnExit`; moto starts a thread for each job and retries nothing
attempts.py   one attempt: the environment of AWS Batch, every `Ref::name` by its exact name, live logs, the time limit, SIGTERM
              before SIGKILL, what is said when a host goes; moto sets one variable, replaces one reference per word by prefix,
              and reads logs at the end
here          SubmitJob takes retryStrategy and nodeOverrides; definitions keep nodeProperties and ecsProperties; a name
              alone is the newest active revision; ListJobs has pages, filters, the children of arrays, and only running jobs
              unless asked otherwise; CancelJob and TerminateJob reach children; CancelJobs, TerminateJobs and
              GetJobQueueSnapshot exist; a queue is enabled unless it says otherwise; compute environments need no role and
              start no instance; each of them on EC2 has a container instance in its cluster
"""

import json
from collections import defaultdict
from contextvars import ContextVar
from functools import cache
from types import SimpleNamespace

from moto.batch import models, urls
from moto.batch.models import BatchBackend
from moto.batch.responses import BatchResponse
from moto.ecs import models as ecs

from engine import Engine
from jobs import Job
from limits import NAME
from listing import page, snapshot

ASKED = ContextVar("asked", default=None)
SERVICE_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
INSTANCE_TYPE = "c6i.large"


class Definition(models.JobDefinition):
    """A job definition that remembers what was registered."""

    # moto sorts its classes by the name of their module.
    __module__ = "moto.batch.models"

    def __init__(self, *args, **kwargs):
        self.asked = ASKED.get() or {}
        super().__init__(*args, **kwargs)
        self.asked = self.asked or {"parameters": self.parameters, "containerProperties": self.container_properties}
        # Each revision stands for itself; moto's inherits what it does not name.
        self.platform_capabilities = self.asked.get("platformCapabilities", self.platform_capabilities)

    def _validate(self):
        if "ecsProperties" not in self.asked:
            super()._validate()

    def describe(self):
        more = {name: self.asked[name] for name in ("nodeProperties", "ecsProperties") if name in self.asked}
        return super().describe() | more


def install(endpoint, slots):
    """Changes moto and returns the engine that runs jobs."""
    engine = Engine(endpoint, slots)
    models.Job, models.JobDefinition = Job, Definition
    # A name of one character is one.
    models.JOB_NAME_REGEX = NAME
    BatchBackend.get_job_definition_by_name = newest
    BatchBackend._validate_compute_resources = lambda self, resources: None
    BatchBackend.find_min_instances_to_meet_vcpus = staticmethod(lambda kinds, target: [])
    register, environment = BatchResponse.registerjobdefinition, BatchResponse.createcomputeenvironment
    submit, queue = BatchResponse.submitjob, BatchResponse.createjobqueue

    def submitjob(self):
        asked = json.loads(self.body)
        with engine.changed:
            answer = submit(self)
            engine.admit(self.batch_backend.get_job_by_id(json.loads(answer)["jobId"]), asked)
        return answer

    def registerjobdefinition(self):
        token = ASKED.set(json.loads(self.body))
        try:
            return register(self)
        finally:
            ASKED.reset(token)

    def createcomputeenvironment(self):
        return compute_environment(self, environment)

    def createjobqueue(self):
        self.body = json.dumps({"state": "ENABLED"} | json.loads(self.body))
        return queue(self)

    def ending(how, several):
        def respond(self):
            asked, batch = json.loads(self.body), self.batch_backend
            done = {"successful": [], "errors": []}
            for job in asked["jobs"] if several else [asked["jobId"]]:
                found = batch.get_job_by_id(job.removesuffix("#0"))
                if found is None:
                    done["errors"].append({"job": job, "code": "JobNotFound", "message": f"Job {job} does not exist"})
                    continue
                engine.stop(found, how, asked["reason"])
                done["successful"].append(job)
            return json.dumps(done if several else {})

        return respond

    BatchResponse.submitjob, BatchResponse.registerjobdefinition = submitjob, registerjobdefinition
    BatchResponse.createcomputeenvironment, BatchResponse.createjobqueue = createcomputeenvironment, createjobqueue
    BatchResponse.listjobs = lambda self: locked(engine, page, self.batch_backend, json.loads(self.body))
    BatchResponse.getjobqueuesnapshot = lambda self: locked(engine, snapshot, self.batch_backend, json.loads(self.body))
    urls.url_paths["{0}/v1/getjobqueuesnapshot$"] = BatchResponse.dispatch
    BatchResponse.describejobs = lambda self: locked(engine, describe_jobs, self.batch_backend, json.loads(self.body)["jobs"])
    BatchResponse.canceljob, BatchResponse.canceljobs = ending("cancel", False), ending("cancel", True)
    BatchResponse.terminatejob, BatchResponse.terminatejobs = ending("terminate", False), ending("terminate", True)
    for name in ("cancel", "terminate"):
        # The singular's address has no end in moto, and so matches the plural too.
        urls.url_paths["{0}/v1/" + name + "job$"] = urls.url_paths.pop("{0}/v1/" + name + "job")
        urls.url_paths["{0}/v1/" + name + "jobs$"] = BatchResponse.dispatch
    return engine


def locked(engine, respond, batch, asked):
    """An answer during which nothing changes."""
    with engine.changed:
        return json.dumps(respond(batch, asked))


def describe_jobs(batch, names):
    """Jobs by id or ARN; moto looks at every job that there is."""
    described = []
    for name in dict.fromkeys(names):
        identifier = name.rpartition(":job/")[2]
        job = batch.get_job_by_id(identifier.removesuffix("#0"))
        if job is not None:
            described.append(job.describe_node() if identifier.endswith("#0") else job.describe())
    return {"jobs": described}


def newest(self, name):
    """The newest active revision; moto's may be deregistered."""
    revisions = [one for one in self._job_definitions.values() if one.name == name]
    active = [one for one in revisions if one.status == "ACTIVE"]
    return max(active or revisions, key=lambda one: one.revision, default=None)


def compute_environment(response, create):
    """Creates a compute environment; AWS makes the service-linked role by itself."""
    resources = response._get_param("computeResources") or {}
    resources.setdefault("minvCpus", 0)
    resources.setdefault("instanceTypes", [])
    batch = response.batch_backend
    lookup, batch.iam_backend.get_role_by_arn = batch.iam_backend.get_role_by_arn, lambda arn: arn
    more = {"serviceRole": response._get_param("serviceRole") or SERVICE_ROLE, "computeResources": resources}
    response.body = json.dumps(json.loads(response.body) | more)
    try:
        answer = create(response)
    finally:
        batch.iam_backend.get_role_by_arn = lookup
    created = batch.get_compute_environment_by_arn(json.loads(answer)["computeEnvironmentArn"])
    if not resources.get("type", "EC2").startswith("FARGATE"):
        kind = next((one for one in resources["instanceTypes"] if "." in one), INSTANCE_TYPE)
        created.instance = cache(lambda named: container_instance(batch, created.ecs_name, named or kind).container_instance_arn)
    return answer


def container_instance(batch, cluster, kind):
    """An instance in a cluster, of which only ECS knows: moto's EC2 takes half a second to start the first one."""
    instance = SimpleNamespace(image_id="ami-1", availability_zone=f"{batch.region_name}a", instance_type=kind, platform=None)
    machine = SimpleNamespace(get_instance=lambda _: instance)
    machines, ecs.ec2_backends = ecs.ec2_backends, defaultdict(lambda: {batch.region_name: machine})
    try:
        return batch.ecs_backend.register_container_instance(cluster, "i-0123456789abcdef0")
    finally:
        ecs.ec2_backends = machines
