"""What AWS Batch refuses though its model allows it. A limit is quoted from the AWS Batch User Guide or API Reference, or was met.

Where it is not known whether AWS refuses a request at once or fails the job later, it is refused here: nobody should send it.
"""

import json
import re

from moto.batch.models import batch_backends
from moto.core import DEFAULT_ACCOUNT_ID

import definitions
from definitions import command_problems, container_of, environment_problems, resource_problems

SUBMIT_BYTES = 30 * 1024
DEFINITION_BYTES = 24 * 1024
ARRAY_SIZES = range(2, 10_001)
DEPENDENCIES = 20
DESCRIBED = 100
LISTED = 100
LEAST_TIMEOUT = 60
ATTEMPTS = range(1, 11)
RULES = 5
PATTERNS = {name: r"(?=.)[A-Za-z0-9.:\s]*\*?" for name in ("onStatusReason", "onReason")} | {"onExitCode": r"(?=.)\d*\*?"}
QUEUES = ENVIRONMENTS = 50
ENVIRONMENTS_OF_A_QUEUE = 3
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
FILTERS = ("JOB_NAME", "JOB_DEFINITION", "BEFORE_CREATED_AT", "AFTER_CREATED_AT", "SHARE_IDENTIFIER")


def problem(call):
    """What AWS Batch has against a call that its model allows, as one sentence; empty where it has nothing."""
    check = CHECKS.get(call.name) if call.service == "batch" else None
    if check is None:
        return ""
    return "; ".join(check(call.parameters, call.size, batch_backends[DEFAULT_ACCOUNT_ID][call.region]))


def submit_job(asked, size, batch):
    if size > SUBMIT_BYTES:
        yield f"the payload of SubmitJob is {size} bytes, at most {SUBMIT_BYTES} are allowed"
    if not NAME.fullmatch(asked["jobName"]):
        yield f"jobName `{asked['jobName'][:40]}` does not match {NAME.pattern}, at most 128 characters"
    queue, definition = batch.get_job_queue(asked["jobQueue"]), batch.get_job_definition(asked["jobDefinition"])
    if queue is None:
        yield f"Job queue {asked['jobQueue']} does not exist"
    elif queue.state != "ENABLED":
        yield f"Job queue {queue.name} is DISABLED"
    yield from array(asked, batch)
    yield from retry(asked.get("retryStrategy"))
    yield from timeout(asked.get("timeout"))
    if definition is None or definition.status != "ACTIVE":
        yield f"Job definition {asked['jobDefinition']} does not exist"
        return
    if queue is not None:
        yield from together(asked, queue, definition)
    yield from definitions.overrides(asked, definition)


def array(asked, batch):
    size = asked.get("arrayProperties", {}).get("size")
    if size is not None and size not in ARRAY_SIZES:
        yield f"arrayProperties.size is {size}, it has to be 2 to 10,000"
    needs = asked.get("dependsOn", [])
    if len(needs) > DEPENDENCIES:
        yield f"dependsOn has {len(needs)} jobs, at most {DEPENDENCIES} are allowed"
    for need in needs:
        kind, job = need.get("type"), batch.get_job_by_id(need.get("jobId", ""))
        if kind == "SEQUENTIAL" and (size is None or "jobId" in need):
            yield "a SEQUENTIAL dependency is one of an array on itself, without jobId"
        if kind != "SEQUENTIAL" and job is None:
            yield f"dependsOn names the job {need.get('jobId')}, which does not exist"
        elif kind == "N_TO_N" and job.array_properties.get("size") != size:
            yield f"an N_TO_N dependency needs two arrays of one size, {need['jobId']} has {job.array_properties.get('size')}"


def retry(strategy):
    if strategy is None:
        return
    if "attempts" in strategy and strategy["attempts"] not in ATTEMPTS:
        yield f"retryStrategy.attempts is {strategy['attempts']}, it has to be 1 to 10"
    rules = strategy.get("evaluateOnExit", [])
    if rules and "attempts" not in strategy:
        yield "evaluateOnExit needs attempts"
    if len(rules) > RULES:
        yield f"evaluateOnExit has {len(rules)} rules, at most {RULES} are allowed"
    for rule in rules:
        for name, allowed in PATTERNS.items():
            if name in rule and not (len(rule[name]) <= 512 and re.fullmatch(allowed, rule[name], re.ASCII)):
                yield f"evaluateOnExit.{name} is `{rule[name]}` (few signs are allowed, and an asterisk only at its end)"
        if not any(name.startswith("on") for name in rule):
            yield "a rule of evaluateOnExit has no condition"


def timeout(asked):
    if asked and asked.get("attemptDurationSeconds", LEAST_TIMEOUT) < LEAST_TIMEOUT:
        yield f"timeout.attemptDurationSeconds is {asked['attemptDurationSeconds']}, it has to be at least {LEAST_TIMEOUT}"


def together(asked, queue, definition):
    """What does not fit between a job's queue and its definition."""
    kinds = {(one.compute_resources or {}).get("type", "EC2") for one in queue.environments}
    fargate = "FARGATE" in (definition.platform_capabilities or [])
    if any(kind.startswith("FARGATE") != fargate for kind in kinds):
        yield f"the definition {definition.name} and the queue {queue.name} are not both for Fargate, or both for EC2"
    if definition.type == "multinode" and "SPOT" in kinds:
        yield f"multi-node jobs do not run on Spot, as {queue.name} does"
    if bool(queue.schedule_policy) != ("shareIdentifier" in asked):
        yield "shareIdentifier is for queues with a scheduling policy, and needed there"
    if "schedulingPriorityOverride" in asked and not queue.schedule_policy:
        yield "schedulingPriorityOverride is for queues with a scheduling policy"


def register_job_definition(asked, size, _batch):
    if size > DEFINITION_BYTES:
        yield f"the job definition is {size} bytes, at most {DEFINITION_BYTES} are allowed"
    if not NAME.fullmatch(asked["jobDefinitionName"]):
        yield f"jobDefinitionName `{asked['jobDefinitionName'][:40]}` does not match {NAME.pattern}"
    fargate = "FARGATE" in asked.get("platformCapabilities", [])
    parameters = asked.get("parameters", {})
    if asked["type"] == "multinode":
        yield from definitions.nodes(asked, fargate)
    elif not ({"containerProperties", "ecsProperties", "eksProperties"} & set(asked)):
        yield "a definition of type container needs containerProperties"
    container = container_of(asked)
    if container is not None:
        yield from command_problems(container.get("command", []), parameters)
        yield from environment_problems(container.get("environment", []))
        yield from resource_problems(container, fargate, whole=True)
        yield from definitions.platform(container, fargate)
    yield from retry(asked.get("retryStrategy"))
    yield from timeout(asked.get("timeout"))


def get_job_queue_snapshot(asked, _size, batch):
    if batch.get_job_queue(asked["jobQueue"]) is None:
        yield f"Job queue {asked['jobQueue']} does not exist"


def describe_jobs(asked, _size, _batch):
    if not 1 <= len(asked["jobs"]) <= DESCRIBED:
        yield f"DescribeJobs names {len(asked['jobs'])} jobs, it has to name 1 to {DESCRIBED}"


def list_jobs(asked, _size, batch):
    if sum(name in asked for name in ("jobQueue", "arrayJobId", "multiNodeJobId")) != 1:
        yield "ListJobs needs one of jobQueue, arrayJobId and multiNodeJobId"
    if "jobQueue" in asked and batch.get_job_queue(asked["jobQueue"]) is None:
        yield f"Job queue {asked['jobQueue']} does not exist"
    if not 1 <= asked.get("maxResults", LISTED) <= LISTED:
        yield f"maxResults is {asked['maxResults']}, it has to be 1 to {LISTED}"
    filters = asked.get("filters", [])
    if len(filters) > 1:
        yield "only one filter can be used at a time"
    if filters and "jobQueue" not in asked:
        yield "a filter does not apply to the children of arrays and the nodes of multi-node jobs"
    for one in filters:
        if one.get("name") not in FILTERS or not one.get("values"):
            yield f"the filter {json.dumps(one)} is none of {', '.join(FILTERS)}, or has no values"


def ending(asked, _size, batch):
    jobs = asked.get("jobs") or [asked.get("jobId")]
    if not asked["reason"] or len(asked["reason"]) > 1024:
        yield "reason has to have 1 to 1024 characters"
    if "jobs" not in asked and batch.get_job_by_id(jobs[0].removesuffix("#0")) is None:
        yield f"Job {jobs[0]} does not exist"


def create_job_queue(asked, _size, batch):
    order = asked.get("computeEnvironmentOrder", [])
    if not 1 <= len(order) <= ENVIRONMENTS_OF_A_QUEUE:
        yield f"a queue has 1 to {ENVIRONMENTS_OF_A_QUEUE} compute environments, not {len(order)}"
    if len(batch._job_queues) >= QUEUES:
        yield f"there are {QUEUES} job queues already"


def create_compute_environment(_asked, _size, batch):
    if len(batch._compute_environments) >= ENVIRONMENTS:
        yield f"there are {ENVIRONMENTS} compute environments already"


CHECKS = {
    "SubmitJob": submit_job,
    "RegisterJobDefinition": register_job_definition,
    "DescribeJobs": describe_jobs,
    "GetJobQueueSnapshot": get_job_queue_snapshot,
    "ListJobs": list_jobs,
    "CancelJob": ending,
    "TerminateJob": ending,
    "CancelJobs": ending,
    "TerminateJobs": ending,
    "CreateJobQueue": create_job_queue,
    "CreateComputeEnvironment": create_compute_environment,
}
