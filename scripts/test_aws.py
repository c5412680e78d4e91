#!/usr/bin/env python3
"""An acceptance run against a real account: a stack of its own is made, used in every way that users have, and removed with its data.

    test_aws.py --account 123456789012 [--region eu-west-1] [--compute arm]... [--image arm=REGISTRY/NAME:TAG]... [--max-usd 2]

The account has to be named, so that no other is used by mistake. Everything is made under a prefix of its own and removed at the end,
also when a step fails or somebody presses Ctrl-C; `--keep` leaves it. Each step says what it saw, and a page of results is written.
The run stops before it could have cost more than --max-usd: what all vCPUs that may be started cost since they could.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

import boto3
import botocore.exceptions
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLIP = ROOT / ".tools/clips/carphone_pristine.mp4"

# More than any vCPU of the computes costs in an hour (Amazon EC2 On-Demand pricing, g6e in us-east-1: 0.47 USD).
VCPU_HOUR_USD = 0.50

# How many vCPUs each environment may start.
MAX_VCPUS = 16

# How long one step may take, in seconds: AWS Batch may need ten minutes for a first instance.
STEP_LIMIT = 1800


class Failed(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


class Run:
    def __init__(self, asked):
        self.asked, self.prefix = asked, f"fftest-{uuid.uuid4().hex[:8]}"
        self.session = boto3.Session(region_name=asked.region)
        self.region = self.session.region_name
        self.endpoint = os.environ.get("AWS_ENDPOINT_URL")
        self.steps, self.outputs, self.began = [], {}, None
        self.home = tempfile.TemporaryDirectory(prefix="ffbatch-test-aws-")
        lines = [f"[aws]\nprefix = '{self.prefix}'\nregion = '{self.region}'\n"]
        for one in asked.image:
            compute, image = one.split("=", 1)
            memory = f"memory_mib = {asked.memory_mib}\n" if asked.memory_mib else ""
            lines.append(f"[backends.{compute}]\nimage = '{image}'\n{memory}")
        self.path("ffbatch.toml").write_text("\n".join(lines))

    def path(self, name):
        return pathlib.Path(self.home.name) / name

    def ffbatch(self, *words, code=0):
        """Runs ffbatch; what it prints on standard output."""
        ran = subprocess.run(
            [ROOT / "target/debug/ffbatch", *words], cwd=self.home.name, capture_output=True, text=True, timeout=STEP_LIMIT
        )
        said = f"`ffbatch {' '.join(words)}` ended with {ran.returncode}: {ran.stderr.strip()[-2000:]}"
        check(ran.returncode == code, said)
        return ran.stdout

    def client(self, service):
        return self.session.client(service)

    def step(self, name, does):
        """Does a step unless it is left out, and keeps what it says."""
        if name in self.asked.without:
            self.steps.append((name, "left out", 0.0, ""))
            return
        if self.began and self.most_usd() > self.asked.max_usd:
            raise Failed(f"the run may have cost {self.most_usd():.2f} USD (raise --max-usd, or choose fewer computes)")
        print(f"{name} ...", flush=True)
        began = time.monotonic()
        try:
            said = does() or ""
            outcome = "passed"
        except KeyboardInterrupt:
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, the next step and the end have to come)
            said, outcome = f"{type(error).__name__}: {error}", "FAILED"
        seconds = time.monotonic() - began
        self.steps.append((name, outcome, seconds, said))
        print(f"  {outcome} in {seconds:.0f} s: {said}", flush=True)

    def most_usd(self):
        """The most that the run can have cost by now."""
        hours = (time.monotonic() - self.began) / 3600
        # Two environments for each compute: Spot, and the one of jobs that name an instance type.
        return hours * 2 * len(self.asked.compute) * MAX_VCPUS * VCPU_HOUR_USD

    # Steps.

    def account(self):
        caller = self.client("sts").get_caller_identity()
        check(caller["Account"] == self.asked.account, f"this is the account {caller['Account']}, not {self.asked.account}")
        return f"{caller['Arn']} in {self.region}"

    def up(self):
        words = [word for one in self.asked.compute for word in ("--compute", one)]
        self.began = time.monotonic()
        told = self.ffbatch("deploy", "up", "--yes", "--max-vcpus", str(MAX_VCPUS), *words)
        self.outputs = dict(line.split(None, 1) for line in told.splitlines())
        self.client("s3").put_object(Bucket=self.bucket, Key="in/clip.mp4", Body=CLIP.read_bytes())
        return ", ".join(f"{name} {value}" for name, value in sorted(self.outputs.items()))

    @property
    def bucket(self):
        return self.outputs["DataBucketName"]

    def doctor(self):
        words = [word for one in self.asked.compute for word in ("--compute", one)]
        ran = subprocess.run(
            [ROOT / "target/debug/ffbatch", "deploy", "doctor", "--json", *words], cwd=self.home.name, capture_output=True, text=True
        )
        found = json.loads(ran.stdout)
        bad = [one["said"] for one in found if one["verdict"] == "bad" and one["about"] != "images"]
        check(not bad, "; ".join(bad))
        return f"{len(found)} findings, none bad"

    def job(self, compute):
        command = ["ffmpeg", "-i", f"s3://{self.bucket}/in/clip.mp4", "-c:v", "libx264", f"s3://{self.bucket}/out/{compute}.mp4"]
        told = self.ffbatch("run", "--compute", compute, "--quality", "psnr", "--json", "--", *command)
        report = json.loads(told)["report"]
        check(self.client("s3").head_object(Bucket=self.bucket, Key=f"out/{compute}.mp4")["ContentLength"] > 0, "no output")
        machine = report["machine"]
        kind = (machine.get("instance_type") or {}).get("name")
        score = report["quality"]["outputs"][0]["scores"][0]["mean"]
        return f"{machine['architecture']} {kind}, {machine.get('cpu_model')}, {machine.get('instance_life_cycle')}, PSNR {score:.2f} dB"

    def staged(self, compute):
        out = self.path("back.mp4")
        self.ffbatch("run", "--compute", compute, "--", "ffmpeg", "-i", str(CLIP), "-c", "copy", str(out))
        check(out.stat().st_size > 0, "nothing came back")
        return f"{out.stat().st_size} bytes came back"

    def failing(self, compute):
        command = ["ffmpeg", "-i", f"s3://{self.bucket}/in/clip.mp4", "-c:v", "libx269", f"s3://{self.bucket}/out/never.mp4"]
        self.ffbatch("run", "--compute", compute, "--", *command, code=4)
        return "ffmpeg's failure is code 4"

    def pinned(self, compute):
        offered = {"arm": "c7g.large", "intel": "c7i.large", "amd": "c7a.large", "nvidia": "g4dn.xlarge"}
        kind = offered[compute]
        command = ["ffmpeg", "-i", f"s3://{self.bucket}/in/clip.mp4", "-c", "copy", f"s3://{self.bucket}/out/pinned.mp4"]
        small = ["--vcpus", "1", "--memory-mib", str(self.asked.memory_mib)] if self.asked.memory_mib else []
        told = self.ffbatch("run", "--compute", compute, "--instance-type", kind, *small, "--json", "--", *command)
        ran = (json.loads(told)["report"]["machine"].get("instance_type") or {}).get("name")
        check(ran == kind or self.endpoint, f"it ran on {ran}")
        return f"it ran on {ran}"

    def rest(self, compute):
        body = {"input_url": f"s3://{self.bucket}/in/clip.mp4", "output_url": f"s3://{self.bucket}/out/rest.mp4", "output_file_options": "-c copy"}
        status, told = self.post(f"{compute}/ffmpeg", body)
        check(status == 200 and told["jobId"], f"{status} {told}")
        job, limit = {"jobId": told["jobId"]}, time.monotonic() + STEP_LIMIT
        while told.get("status") not in ("SUCCEEDED", "FAILED"):
            check(time.monotonic() < limit, f"the job is {told.get('status')} for too long")
            time.sleep(1 if self.endpoint else 10)
            status, told = self.post("batch/describe", job)
            check(status == 200, f"{status} {told}")
        check(told["status"] == "SUCCEEDED", f"{told}")
        refusals = {
            "a wrong body": self.post(f"{compute}/ffmpeg", {"input_url": 1})[0],
            "an unknown key": self.post(f"{compute}/ffmpeg", body | {"colour": "red"})[0],
            "an unknown job": self.post("batch/describe", {"jobId": str(uuid.uuid4())})[0],
            "no signature": self.post(f"{compute}/ffmpeg", body, signed=False)[0],
        }
        check(list(refusals.values()) == [400, 400, 404, 403], f"{refusals}")
        return f"{job['jobId']} succeeded; {refusals}"

    def post(self, path, body, signed=True):
        base = self.outputs["ApiUrl"] if not self.endpoint else f"{self.endpoint}/execute-api/{self.outputs['ApiId']}/prod/"
        request = AWSRequest("POST", base + path, {"Content-Type": "application/json"}, json.dumps(body).encode())
        if signed:
            SigV4Auth(self.session.get_credentials(), "execute-api", self.region).add_auth(request)
        plain = urllib.request.Request(request.url, request.data, dict(request.headers), method="POST")
        try:
            with urllib.request.urlopen(plain, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def bulk(self, compute):
        s3 = self.client("s3")
        for key in ("bulk/", "bulk/notes.txt", "bulk/it's ünïcödé.mp4", "bulk/deep/b.mp4"):
            s3.put_object(Bucket=self.bucket, Key=key, Body=b"" if key.endswith("/") else CLIP.read_bytes())
        asked = {
            "compute": compute, "input": {"s3_bucket": self.bucket, "s3_prefix": "bulk/"},
            "output": {"s3_prefix": "out/", "s3_suffix": ".mkv", "file_options": "-c copy"},
        }
        states = self.client("stepfunctions")
        run = states.start_execution(stateMachineArn=self.outputs["StateMachineArn"], input=json.dumps(asked))
        limit, told = time.monotonic() + STEP_LIMIT, {"status": "RUNNING"}
        while told["status"] == "RUNNING" and time.monotonic() < limit:
            time.sleep(1 if self.endpoint else 10)
            told = states.describe_execution(executionArn=run["executionArn"])
        check(told["status"] == "SUCCEEDED", f"{told['status']} {told.get('error')} {told.get('cause')}")
        s3.head_object(Bucket=self.bucket, Key="out/bulk/it's ünïcödé.mp4.mkv")
        return json.dumps(json.loads(told["output"])["Counts"])

    def traces(self):
        return self.ffbatch("traces", "export", "--since", "2h").strip().replace("\n", "; ")

    def athena(self):
        athena, name, said = self.client("athena"), self.prefix.replace("-", "_"), []
        day = time.strftime("year = '%Y' AND month = '%m'", time.gmtime())
        for view in ("benchmark", "xray_subsegment", "ffqm_psnr", "ffqm_ssim", "ffqm_vmaf"):
            sql = f"SELECT count(*) FROM {name}.{name}_{view} WHERE {day}"
            query = athena.start_query_execution(QueryString=sql, WorkGroup=self.prefix)["QueryExecutionId"]
            state, limit = {"State": "QUEUED"}, time.monotonic() + STEP_LIMIT
            while state["State"] in ("QUEUED", "RUNNING") and time.monotonic() < limit:
                time.sleep(2)
                state = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            check(state["State"] == "SUCCEEDED", f"{view}: {state}")
            rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
            said.append(f"{view} {rows[1]['Data'][0]['VarCharValue']}")
        return ", ".join(said)

    def down(self):
        if self.began is None:
            return "there was nothing to remove"
        # Where `up` failed, only the stack itself knows how far it came.
        try:
            stack = self.client("cloudformation").describe_stacks(StackName=f"{self.prefix}-stack")["Stacks"][0]
        except botocore.exceptions.ClientError:
            return "no stack was made"
        buckets = [one["OutputValue"] for one in stack.get("Outputs", []) if one["OutputKey"] == "DataBucketName"]
        self.ffbatch("deploy", "down", "--yes", *(word for bucket in buckets for word in ("--delete-data", bucket)))
        if self.endpoint:
            return "removed, with its data"
        tags = self.client("resourcegroupstaggingapi").get_paginator("get_resources")
        pages = tags.paginate(TagFilters=[{"Key": "application", "Values": [self.prefix]}])
        left = [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]]
        # Instances and definitions stay visible for a while after their end.
        left = [one for one in left if ":instance/" not in one and ":job-definition/" not in one and ":volume/" not in one]
        check(not left, f"still there: {', '.join(left)}")
        return f"removed, with its data; it cost at most {self.most_usd():.2f} USD"

    def page(self):
        """The page of results."""
        lines = [f"# Acceptance run in {self.region}, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC", ""]
        lines += ["| step | outcome | seconds | seen |", "| --- | --- | --- | --- |"]
        for name, outcome, seconds, said in self.steps:
            said = said.replace("|", "\\|").replace("\n", " ")
            lines.append(f"| {name} | {outcome} | {seconds:.0f} | {said} |")
        self.asked.results.parent.mkdir(parents=True, exist_ok=True)
        self.asked.results.write_text("\n".join(lines) + "\n")
        print(f"results: {self.asked.results}")

    def all(self):
        first = self.asked.compute[0]
        self.step("account", self.account)
        if self.steps[-1][1] == "FAILED":
            return
        try:
            self.step("up", self.up)
            if self.steps[-1][1] == "passed":
                self.step("doctor", self.doctor)
                for compute in self.asked.compute:
                    self.step(f"job on {compute}", lambda compute=compute: self.job(compute))
                self.step("local paths", lambda: self.staged(first))
                self.step("failure", lambda: self.failing(first))
                self.step("REST API", lambda: self.rest(first))
                for compute in (one for one in self.asked.compute if not one.startswith("fargate")):
                    self.step(f"instance type on {compute}", lambda compute=compute: self.pinned(compute))
                self.step("bulk", lambda: self.bulk(first))
                self.step("traces", self.traces)
                self.step("athena", self.athena)
        except Failed as error:
            self.steps.append(("cost", "FAILED", 0.0, str(error)))
        except KeyboardInterrupt:
            self.steps.append(("Ctrl-C", "FAILED", 0.0, "stopped by hand"))
        finally:
            if self.asked.keep:
                print(f"kept: `ffbatch deploy down --prefix {self.prefix}` removes it")
            else:
                print("removing everything", flush=True)
                self.asked.max_usd = float("inf")
                self.step("down", self.down)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--account", required=True, help="the id of the account that may be used")
    parser.add_argument("--region", help="the Region [default: as every AWS tool finds it]")
    parser.add_argument("--compute", action="append", help="a compute to use; may be given several times [default: fargate]")
    parser.add_argument("--image", action="append", default=[], metavar="COMPUTE=IMAGE", help="the image of a compute")
    parser.add_argument("--memory-mib", type=int, help="memory of a job, where the default is too much")
    parser.add_argument("--max-usd", type=float, default=2.0, help="what the run may cost at most [default: 2]")
    parser.add_argument("--without", action="append", default=[], metavar="STEP", help="a step to leave out")
    parser.add_argument("--keep", action="store_true", help="leave the stack")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "out/test-aws/results.md", help="where the page of results goes")
    asked = parser.parse_args()
    asked.compute = asked.compute or ["fargate"]
    run = Run(asked)
    check(run.region, "no Region is known (give --region)")
    run.all()
    run.page()
    sys.exit(any(outcome == "FAILED" for _, outcome, _, _ in run.steps))


main()
