"""Mapping templates as API Gateway renders them ("Mapping template and access logging variable reference" in its Developer Guide).

The language is airspeed's. What API Gateway gives its templates is here: `$input`, `$context` and `$util`, as far as ours use them.
"""

import json
from functools import cache

import airspeed
from jsonpath_ng import parse

# What `escapeJavaScript` of Apache Commons Lang 2 makes of a character; API Gateway's `$util` has it from there.
ESCAPED = {'"': '\\"', "'": "\\'", "\\": "\\\\", "/": "\\/", "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r"}


class Input:
    """`$input`: the body that came, as text and as JSON."""

    def __init__(self, body):
        self.body = body
        self.document = json.loads(body or "{}")

    def json(self, path):
        """The value at a path as JSON; an empty text where there is none."""
        return json.dumps(self.found(path, ""), ensure_ascii=False, separators=(",", ":"))

    def path(self, path):
        """The value at a path; an empty text where there is none."""
        return self.found(path, "")

    def found(self, path, otherwise):
        values = [match.value for match in path_of(path).find(self.document)]
        return values[0] if values else otherwise


@cache
def path_of(path):
    return parse(path)


class Util:
    """`$util`."""

    def escapeJavaScript(self, text):
        return "".join(ESCAPED.get(one) or escaped(one) for one in text)


def escaped(character):
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2))


@cache
def template(text):
    return airspeed.Template(text)


def render(text, body, request_id):
    """What a template makes of a body, and the status that it asks for; None where it asks for none."""
    override = {}
    names = {
        "input": Input(body), "util": Util(),
        "context": {"requestId": request_id, "responseOverride": override},
    }
    return template(text).merge(names), override.get("status")
