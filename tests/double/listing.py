"""ListJobs: what of the jobs is asked for, newest first, in pages (AWS Batch API Reference, "ListJobs"). GetJobQueueSnapshot: what
is to run next.
"""

import time

LARGEST_PAGE = 100


def page(batch, asked):
    jobs = chosen(batch, asked)
    first = int(asked.get("nextToken") or 0)
    last = first + asked.get("maxResults", LARGEST_PAGE)
    more = {"nextToken": str(last)} if last < len(jobs) else {}
    return {"jobSummaryList": [job.describe_short() for job in jobs[first:last]]} | more


def snapshot(batch, asked):
    """The first hundred jobs that could run, the oldest first."""
    jobs = [job for job in batch.get_job_queue(asked["jobQueue"]).jobs if job.status == "RUNNABLE"][:LARGEST_PAGE]
    front = [{"jobArn": job.arn, "earliestTimeAtPosition": job.created_at()} for job in jobs]
    return {"frontOfQueue": {"jobs": front, "lastUpdatedAt": int(time.time() * 1000)}}


def chosen(batch, asked):
    if parent := asked.get("arrayJobId"):
        return of_state(list(getattr(batch.get_job_by_id(parent), "_child_jobs", None) or []), asked)
    if parent := asked.get("multiNodeJobId"):
        job = batch.get_job_by_id(parent)
        return of_state([job] if job is not None and job.is_multinode else [], asked)
    # The children of arrays are in moto's queue too, and AWS leaves them out.
    jobs = [job for job in batch.get_job_queue(asked["jobQueue"]).jobs if job.parent is None]
    jobs.reverse()
    if filters := asked.get("filters"):
        return [job for job in jobs if any(fits(filters[0]["name"], value, job) for value in filters[0]["values"])]
    return of_state(jobs, asked)


def of_state(jobs, asked):
    """AWS Batch lists what runs unless it is told otherwise."""
    return [job for job in jobs if job.status == asked.get("jobStatus", "RUNNING")]


def fits(name, value, job):
    if name == "JOB_NAME":
        return like(value.lower(), job.job_name.lower())
    if name == "JOB_DEFINITION":
        return like(value, job.job_definition.arn) or like(value, job.job_definition.name)
    if name == "SHARE_IDENTIFIER":
        return like(value, job.asked.get("shareIdentifier", ""))
    moment = job.created_at()
    return moment < int(value) if name == "BEFORE_CREATED_AT" else moment > int(value)


def like(pattern, text):
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
