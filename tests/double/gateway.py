"""A REST API that was deployed, at `/execute-api/ID/STAGE/PATH`: moto keeps what API Gateway imports, and answers no request by it.

In the order of API Gateway: a signature is wanted, the body is checked by its model, the request's template is rendered and sent to
the service behind, as the role of the integration may, and the template of the response is rendered. The services behind are those
of this double, by the same way that everybody reaches them.
"""

import io
import json
import re
import uuid

from jsonschema import Draft4Validator
from moto.apigateway.models import apigateway_backends
from moto.core import DEFAULT_ACCOUNT_ID

import permissions
from mapping import render

PREFIX = "/execute-api/"
JSON = "application/json"
URI = re.compile(r"arn:[a-z-]+:apigateway:(?P<region>[a-z0-9-]+):(?P<service>[a-z]+):(?P<kind>path|action)/(?P<name>.+)")

# How a service that is told by the name of its operation is told.
TARGETS = {"states": "AWSStepFunctions"}

# Of each operation: its name in policies, its service, and what it is done to.
RESOURCES = {
    "submitjob": ("batch:SubmitJob", "batch", lambda asked: [f"job-queue/{asked['jobQueue']}", f"job-definition/{asked['jobDefinition']}"]),
    "describejobs": ("batch:DescribeJobs", "batch", lambda _: ["*"]),
    "StartExecution": ("states:StartExecution", "states", lambda asked: [asked["stateMachineArn"]]),
    "DescribeExecution": ("states:DescribeExecution", "states", lambda asked: [asked["executionArn"]]),
}


class Refused(Exception):
    """A request that does not get as far as a service behind."""

    def __init__(self, kind, sentence=""):
        super().__init__(kind)
        self.kind, self.sentence = kind, sentence


class Gateway:
    """The WSGI application of all APIs; `services` is that of everything else."""

    def __init__(self, services):
        self.services = services

    def __call__(self, environ, start_response):
        identifier, stage, *words = environ["PATH_INFO"].removeprefix(PREFIX).split("/")
        request_id = str(uuid.uuid4())
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        document = found(identifier, stage)
        if document is None:
            return answer(start_response, 403, '{"message":"Forbidden"}')
        try:
            operation = operation_of(document, environ, "/" + "/".join(words))
            check(document, operation, environ, body)
        except Refused as refused:
            return answer(start_response, *refusal(document, refused))
        integration = operation["x-amazon-apigateway-integration"]
        sent, _ = render(integration["requestTemplates"][JSON], body, request_id)
        status, came = self.call(integration, sent)
        response = chosen(integration["responses"], status)
        text, override = render(response["responseTemplates"][JSON], came, request_id)
        return answer(start_response, override or int(response["statusCode"]), text)

    def call(self, integration, body):
        """Calls the service behind; its status and its body."""
        uri = URI.fullmatch(integration["uri"])
        name, region = uri["name"], uri["region"]
        action, service, resources = RESOURCES[name.rpartition("/")[2]]
        for resource in resources(json.loads(body)):
            arn = resource if resource == "*" or resource.startswith("arn:") else f"arn:aws:{service}:{region}:{DEFAULT_ACCOUNT_ID}:{resource}"
            if not permissions.allows(integration["credentials"], action, arn):
                told = {"__type": "AccessDeniedException", "Message": f"the role may not call {action} on {arn}"}
                return (403 if service == "batch" else 400), json.dumps(told)
        content = body.encode()
        environ = {
            "REQUEST_METHOD": integration["httpMethod"], "PATH_INFO": "/" + name, "QUERY_STRING": "", "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
            "HTTP_HOST": f"{service}.{region}.amazonaws.com", "CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(content)),
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=role/20260101/{region}/{service}/aws4_request, Signature=none",
            "wsgi.input": io.BytesIO(content),
        }
        environ |= headers(integration)
        if uri["kind"] == "action":
            environ |= {"PATH_INFO": "/", "HTTP_X_AMZ_TARGET": f"{TARGETS[service]}.{name}"}
        heads = []
        came = b"".join(self.services(environ, lambda status, headers, *_: heads.append(status)))
        return int(heads[-1].split()[0]), came.decode()


def headers(integration):
    """The headers that the integration sets to fixed values."""
    named = {name.rpartition(".")[2]: value.strip("'") for name, value in integration.get("requestParameters", {}).items()}
    return {name.upper().replace("-", "_"): value for name, value in named.items()}


def found(identifier, stage):
    """The document that a stage serves; None where there is no such API, or no such stage of it."""
    for region in apigateway_backends[DEFAULT_ACCOUNT_ID].values():
        api = region.apis.get(identifier)
        if api is not None and stage in api.stages:
            return api.deployments[api.stages[stage].deployment_id].body
    return None


def operation_of(document, environ, path):
    operation = document["paths"].get(path, {}).get(environ["REQUEST_METHOD"].lower())
    if operation is None or (operation.get("security") and not is_signed(environ)):
        raise Refused("MISSING_AUTHENTICATION_TOKEN")
    return operation


def is_signed(environ):
    """Whether there is a signature for this service; whose it is nobody looks at."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    return len(scope) == 5 and scope[3:] == ["execute-api", "aws4_request"]


def check(document, operation, environ, body):
    kind = (environ.get("CONTENT_TYPE") or JSON).split(";")[0].strip()
    model = operation.get("requestBody", {}).get("content", {}).get(kind)
    validators = document["x-amazon-apigateway-request-validators"]
    if model and validators[operation["x-amazon-apigateway-request-validator"]]["validateRequestBody"]:
        check_body(document, model["schema"], body)
    if kind not in operation["x-amazon-apigateway-integration"]["requestTemplates"]:
        raise Refused("UNSUPPORTED_MEDIA_TYPE")


def check_body(document, schema, body):
    schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    try:
        asked = json.loads(body)
    except ValueError:
        raise Refused("BAD_REQUEST_BODY", "Unable to parse body") from None
    wrong = [error.message for error in Draft4Validator(schema).iter_errors(asked)]
    if wrong:
        raise Refused("BAD_REQUEST_BODY", f"[{', '.join(wrong)}]")


def refusal(document, refused):
    """The status and the body of a gateway response; in its body variables are replaced, and nothing else."""
    response = document["x-amazon-apigateway-gateway-responses"][refused.kind]
    text = response["responseTemplates"][JSON]
    return int(response["statusCode"]), text.replace("$context.error.validationErrorString", json.dumps(refused.sentence)[1:-1])


def chosen(responses, status):
    """The response whose pattern fits the status; none but the default may fit what another fits."""
    fitting = [one for pattern, one in responses.items() if pattern != "default" and re.fullmatch(pattern, str(status))]
    if len(fitting) > 1:
        raise ValueError(f"{len(fitting)} patterns fit the status {status}: which one API Gateway takes is not said")
    return fitting[0] if fitting else responses["default"]


def answer(start_response, status, text):
    content = text.encode()
    start_response(f"{status} -", [("Content-Type", JSON), ("Content-Length", str(len(content)))])
    return [content]
