#!/usr/bin/env python3
"""A stand-in for the parts of AWS that jobs on AWS Batch touch: moto's server behind a front that is as strict as AWS.

    aws.py [--port 0] [--jobs docker|0|RUNNABLE] [--slots 2]

It says where it listens as moto_server does. What AWS Batch does and moto does not is added in shim.py, and what X-Ray does in
traces.py, prices are in prices.py; what is refused stands in models.py (what the API's own model says) and limits.py (what only its documentation says); REST
APIs that were deployed are served by gateway.py; what a test may ask and change stands in control.py. With `--jobs docker` a job is a
real container, with a number it ends with that exit code at once, with a state's name it stays there.
"""

import argparse
import os
import signal
import sys

from werkzeug.serving import run_simple

import quick  # noqa: F401 (before moto)
import containers
import machines
import prices
import quotas
import registries
import shim
import stack
import traces
from control import Control
from front import Front
from ledger import Ledger

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app


def stop(_signal, _frame):
    # Once is enough: a second signal must not break off the cleaning up.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def free_port():
    """A port that nobody listens on. Containers are told it, so it has to be known before the server is made."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--jobs", default="docker")
    parser.add_argument("--slots", type=int, default=2)
    asked = parser.parse_args()
    port = asked.port or free_port()
    os.environ["MOTO_PORT"] = str(port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    endpoint = f"http://127.0.0.1:{port}"
    stack.install(endpoint)
    machines.install(endpoint)
    quotas.install()
    prices.install()
    engine = shim.install(endpoint, asked.slots)
    ledger = Ledger()
    control = Control(ledger, engine, traces.install(), registries.install())
    control.settings({"jobs": asked.jobs})
    app = DomainDispatcherApplication(create_backend_app)
    app.debug = True
    try:
        run_simple("127.0.0.1", port, Front(app, ledger, control), threaded=True, request_handler=MotoRequestHandler)
    finally:
        # What still runs must not outlive whoever started it. There is nothing else to put away.
        containers.remove_own()
        os._exit(0)


if __name__ == "__main__":
    main()
