"""One attempt of a job: a container with the environment of AWS Batch, its logs while it runs, and what is made of its end."""

import json
import secrets
import threading
import time

import containers
from definitions import REFERENCE, changes
from rules import retried

# Amazon ECS takes overrides of so many characters of JSON. AWS Batch accepts more, and then fails the job. Which command it
# counts is not documented: here it is the one that is run, with its references replaced, where the submission changes any of it.
OVERRIDES = 8192

ESSENTIAL = "Essential container in task exited"
NOT_STARTED = "Task failed to start"
TIME_IS_UP = "Job attempt duration exceeded timeout"
TOO_LONG = "Container Overrides length must be at most 8192"


def run(engine, job):
    """Runs the attempt that the engine has begun, and tells the engine how it ended."""
    container = job.container()
    command = [replaced(word, job.parameters) for word in container.get("command", [])]
    box = containers.Container(job, container, command, environment(engine, job, container))
    try:
        box.create()
    except containers.Refused as refusal:
        with engine.changed:
            job.now["reason"] = str(refusal)
            conclude(engine, job, NOT_STARTED)
        return
    try:
        live(engine, job, box)
    finally:
        # The next job need not wait for that.
        threading.Thread(target=box.remove, daemon=True).start()


def live(engine, job, box):
    """From the container's start to its end."""
    with engine.changed:
        if job.ending is None:
            engine.running(job)
            box.start(lambda line: log(job, line))
    if box.process is None:
        with engine.changed:
            engine.ended(job, "FAILED", job.ending[1])
        return
    limit = job._get_attempt_duration()
    deadline = None if limit is None else time.monotonic() + limit * engine.second
    threading.Thread(target=lambda: told(engine, box), daemon=True).start()
    with engine.changed:
        while not box.gone:
            if job.ending is not None:
                break
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                job.ending = ("timeout", TIME_IS_UP)
                break
            engine.changed.wait(left)
        how, word = job.ending or ("exit", None)
    if how == "reclaim":
        reclaimed(engine, job, box, word)
        return
    if how != "exit":
        box.stop(engine.grace_secs)
    code = box.end()
    with engine.changed:
        job.now["exitCode"] = code
        if code == 137 and how == "exit" and box.out_of_memory:
            job.now["reason"] = "OutOfMemoryError: Container killed due to memory usage"
        if how == "exit":
            conclude(engine, job, ESSENTIAL, code)
        else:
            # Neither jobs that were terminated nor those that took too long are tried again.
            engine.ended(job, "FAILED", word)


def told(engine, box):
    box.process.wait()
    with engine.changed:
        box.gone = True
        engine.changed.notify_all()


def reclaimed(engine, job, box, notice_secs):
    """The host goes: SIGTERM, and after the notice SIGKILL. A container that ends in time has an exit code of its own."""
    box.stop(notice_secs)
    code = box.end()
    with engine.changed:
        if code != 137:
            job.now["exitCode"] = code
            conclude(engine, job, ESSENTIAL, code)
        else:
            conclude(engine, job, f"Host EC2 (instance i-{secrets.token_hex(8)}1) terminated.")


def conclude(engine, job, reason, code=None):
    """Ends the job, or has it tried again."""
    if code == 0:
        engine.ended(job, "SUCCEEDED", reason)
    elif not job.is_terminated and job.tried < job.retry_strategy().get("attempts", 1) and retried(
        job.retry_strategy().get("evaluateOnExit", []), reason, job.now.get("reason", ""), code
    ):
        engine.again(job, reason)
    else:
        engine.ended(job, "FAILED", reason)


def log(job, line):
    job._log_backend.put_log_events(job._log_group, job._stream_name, [{"timestamp": int(time.time() * 1000), "message": line}])


def replaced(word, parameters):
    """A word of the command with every reference replaced; one that nothing is known of stays, as on AWS."""
    return REFERENCE.sub(lambda found: parameters.get(found[1], found[0]), word)


def environment(engine, job, container):
    """The variables of the container: what ECS and AWS Batch set, and what the job has of its own."""
    variables = {
        # What the ECS agent gives, pointing to this double instead of AWS.
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE" if job.is_fargate else "AWS_ECS_EC2",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{engine.endpoint}/double/role",
        "AWS_ENDPOINT_URL": engine.endpoint,
        "AWS_REGION": job.backend.region_name,
    }
    variables |= {one["name"]: one["value"] for one in container["environment"]}
    # There is no instance here that could tell about itself, unless a test brings a double of one.
    if "AWS_EC2_METADATA_SERVICE_ENDPOINT" not in variables:
        variables["AWS_EC2_METADATA_DISABLED"] = "true"
    return variables | batch_variables(job)


def batch_variables(job):
    """AWS Batch User Guide, "AWS Batch job environment variables"."""
    variables = {
        "AWS_BATCH_JOB_ID": job.job_id + ("#0" if job.is_multinode else ""),
        "AWS_BATCH_JQ_NAME": job.job_queue.name,
        "AWS_BATCH_CE_NAME": job.environment.name,
        "AWS_BATCH_JOB_ATTEMPT": str(max(job.tried, 1)),
    }
    if job.index is not None:
        variables["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
    if job.is_multinode:
        variables |= {"AWS_BATCH_JOB_NODE_INDEX": "0", "AWS_BATCH_JOB_MAIN_NODE_INDEX": "0", "AWS_BATCH_JOB_NUM_NODES": "1"}
    return variables


def too_long(job):
    changed = changes(job.asked)
    override = {"name": "default", "environment": list(changed.get("environment", []))}
    override["environment"] += [{"name": name, "value": value} for name, value in batch_variables(job).items()]
    if changed.get("command") or job.asked.get("parameters"):
        override["command"] = [replaced(word, job.parameters) for word in job.container().get("command", [])]
    return len(json.dumps({"containerOverrides": [override]}, separators=(",", ":"), ensure_ascii=False)) > OVERRIDES
