"""What stands before moto: every request to the services that are looked at is counted, checked and, where a test asked, failed."""

import io
import json
import socket
import time
import uuid

import limits
import models
import prices
import traces
from gateway import PREFIX, Gateway


class Front:
    """The WSGI application around moto's."""

    def __init__(self, app, ledger, control):
        self.app, self.ledger, self.control = app, ledger, control
        self.gateway = Gateway(self)

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"].startswith("/double/"):
            return self.control(environ, start_response)
        if environ["PATH_INFO"].startswith(PREFIX):
            return self.gateway(environ, start_response)
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if "Credential=" not in authorization or "/s3/" in authorization:
            if environ["REQUEST_METHOD"] == "PUT":
                self.ledger.put(environ["PATH_INFO"])
            return self.app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        call = models.call(environ, body)
        if call is None:
            return self.app(environ, start_response)
        fault = self.ledger.called(call)
        if fault is not None:
            time.sleep(fault.delay_ms / 1000)
            if fault.drop:
                # It never arrived.
                hang_up(environ, "dropped on purpose")
            if fault.status:
                refuse = form_answer if call.service in models.FORMS else answer
                return refuse(start_response, fault.status, fault.code, fault.message)
        problem = models.problem(call) or limits.problem(call) or traces.problem(call)
        if problem:
            self.ledger.refused(call, problem)
            return answer(start_response, 400, models.REFUSAL[call.service], problem)
        if self.ledger.too_fast(call):
            return answer(start_response, 429, "TooManyRequestsException", "Too Many Requests")
        heads = []
        app = priced(call) if call.service == "pricing" else self.app
        result = [b"".join(app(environ, lambda *head: heads.append(head)))]
        if wrong := models.wrong(call, result[0]):
            # The double must not answer what AWS cannot.
            return answer(start_response, 500, "DoubleIsWrong", wrong)
        start_response(*heads[0])
        if fault is not None and fault.lose:
            # It was done, and nobody will hear of it.
            hang_up(environ, "lost on purpose")
        return result


def hang_up(environ, why):
    """Ends the connection without an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError(why)


def priced(call):
    """An application that answers a call of AWS Price List, which moto does not have."""
    def app(_environ, start_response):
        if call.name != "GetProducts":
            return answer(start_response, 400, "UnknownOperationException", f"nobody needs {call.name}")
        body = json.dumps(prices.answer(call.parameters)).encode()
        start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))])
        return [body]
    return app


def form_answer(start_response, status, code, message):
    """An error in the form of the EC2 query protocol."""
    request = uuid.uuid4()
    body = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{request}</RequestID></Response>".encode()
    start_response(f"{status} {code}", [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))])
    return [body]


def answer(start_response, status, code, message):
    """An error in the form that both of AWS's JSON protocols share."""
    body = json.dumps({"__type": code, "message": message}).encode()
    headers = [
        ("Content-Type", "application/json"), ("x-amzn-ErrorType", code), ("x-amzn-RequestId", str(uuid.uuid4())),
        ("Content-Length", str(len(body))),
    ]
    start_response(f"{status} {code}", headers)
    return [body]
