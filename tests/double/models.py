"""Requests as the models of the services describe them: which operation is meant, and what is wrong with its parameters.

The models are botocore's. Its own validator knows types, required members, unknown members and lower bounds; enumerations, upper
bounds and patterns are in the models as well, and are checked here.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, unquote

import botocore.session
from botocore.validate import ParamValidator

# The services that are looked at, by the name in the scope of a request's credentials, and what they call a request that is wrong.
REFUSAL = {
    "batch": "ClientException",
    "logs": "InvalidParameterException",
    "ecs": "InvalidParameterException",
    "ssm": "ValidationException",
    "states": "ValidationException",
    "xray": "InvalidRequestException",
    "pricing": "InvalidParameterException",
}

# Services whose calls are forms. They are counted and fail on purpose as the others do; their parameters are moto's matter.
FORMS = ("ec2",)

# The services whose models have another name.
MODELS = {"states": "stepfunctions"}

# The operations whose answers are not moto's alone.
OWN = ("SubmitJob", "DescribeJobs", "ListJobs", "CancelJobs", "TerminateJobs", "GetJobQueueSnapshot")
OWN += ("GetProducts", "GetTraceSummaries", "BatchGetTraces", "GetTraceSegmentDestination", "StartTraceRetrieval", "ListRetrievedTraces")


@dataclass
class Call:
    """One request: an operation and its parameters, and what is wrong with it beforehand."""

    service: str
    region: str
    name: str
    parameters: dict
    size: int
    problem: str = ""


@cache
def service(name):
    return botocore.session.get_session().get_service_model(MODELS.get(name, name))


@cache
def by_path(name):
    """The operations of a service that is told by path, in lower case as moto has them."""
    operations = [service(name).operation_model(one) for one in service(name).operation_names]
    return {(one.http["method"], one.http["requestUri"].lower()): one.name for one in operations}


def call(environ, body):
    """The call that a request is; None where it is for a service that nobody looks at, such as S3."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    if len(scope) != 5 or scope[3] not in (*REFUSAL, *FORMS):
        return None
    region, name = scope[2], scope[3]
    if name in FORMS:
        fields = {field: values[0] for field, values in parse_qs(body.decode()).items()}
        return Call(name, region, fields.get("Action", "?"), fields, len(body))
    try:
        parameters = json.loads(body or b"{}")
    except ValueError:
        return Call(name, region, "?", {}, len(body), "the body is not JSON")
    if service(name).metadata["protocol"] == "rest-json":
        return rest(environ, name, region, parameters, len(body))
    prefix, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    model = service(name)
    if prefix != model.metadata["targetPrefix"] or operation not in model.operation_names:
        return Call(name, region, operation or "?", {}, len(body), f"{name} has no operation {prefix}.{operation}")
    return Call(name, region, operation, parameters, len(body))


def rest(environ, name, region, parameters, size):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if path.startswith("/v1/tags/"):
        parameters["resourceArn"] = unquote(path.removeprefix("/v1/tags/"))
        if keys := parse_qs(environ.get("QUERY_STRING", "")).get("tagKeys"):
            parameters["tagKeys"] = keys
        path = "/v1/tags/{resourcearn}"
    operation = by_path(name).get((method, path.lower()))
    if operation is None:
        return Call(name, region, "?", {}, size, f"{name} has no operation at {method} {path}")
    return Call(name, region, operation, parameters, size)


def problem(call):
    """What the service's model has against a call, as one sentence; empty where it has nothing."""
    if call.problem or call.service in FORMS:
        return call.problem
    shape = service(call.service).operation_model(call.name).input_shape
    if shape is None:
        return f"{call.name} takes no parameters" if call.parameters else ""
    report = ParamValidator().validate(call.parameters, shape)
    if report.has_errors():
        return report.generate_report()
    return "; ".join(bounds(shape, call.parameters, call.name))


def wrong(call, answer):
    """What the service's model has against an answer that the double makes itself; errors are not looked at."""
    if call.name not in OWN:
        return ""
    shape = service(call.service).operation_model(call.name).output_shape
    told = json.loads(answer or b"{}")
    if "__type" in told:
        return ""
    # The model wants the moment of every job's start, and AWS leaves it out where there was none (its own examples).
    for job in told.get("jobs", []):
        job.setdefault("startedAt", 0)
    report = ParamValidator().validate(told, shape)
    return report.generate_report() or "; ".join(bounds(shape, told, call.name))


def bounds(shape, value, where):
    """What is wrong beyond types: enumerations, upper bounds and patterns, of every value below this one."""
    kind, about = shape.type_name, shape.metadata
    if kind == "structure":
        for name, inner in value.items():
            yield from bounds(shape.members[name], inner, f"{where}.{name}")
        return
    if kind == "list":
        for index, inner in enumerate(value):
            yield from bounds(shape.member, inner, f"{where}[{index}]")
    if kind == "map":
        for name, inner in value.items():
            yield from bounds(shape.key, name, f"{where} (key {name})")
            yield from bounds(shape.value, inner, f"{where}.{name}")
    size = len(value) if kind in ("list", "map", "string", "blob") else value
    if "max" in about and not isinstance(size, (bool, str)) and size > about["max"]:
        yield f"{where} is {size}, at most {about['max']} is allowed"
    if kind == "string":
        if shape.enum and value not in shape.enum:
            yield f"{where} is `{value}`, which is none of {', '.join(shape.enum)}"
        if "pattern" in about and not matches(about["pattern"], value):
            yield f"{where} is `{value}`, which does not match {about['pattern']}"


def matches(pattern, value):
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        # The models' patterns are those of another language in a few places.
        return True
