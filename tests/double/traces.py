"""AWS X-Ray as its API describes it: moto refuses filters, has no pages, and knows nothing of Transaction Search.

A trace is listed for the time at which one of its segments ended (`TimeRangeType` `Event`). With Transaction Search on, what is put from
then on is found by retrievals alone. What the API's model leaves open is that of its documentation, and is refused in `problem`.
"""

import json
import re
import secrets

from moto.xray import urls
from moto.xray.models import SegmentCollection, TraceSegment
from moto.xray.responses import XRayResponse

# AWS X-Ray API Reference, `BatchGetTraces`, `GetTraceSummaries`, `StartTraceRetrieval`.
TRACES = 5
RANGE_SECS = 24 * 3600
RETRIEVED = 100
# Shorter pages than those of AWS, which nobody promises.
PAGE = 3

TERM = re.compile(r'service\("(?P<service>[^"]+)"\)|annotation\.(?P<key>\w+) = "(?P<value>[^"]+)"')


class Space:
    """What is set, and what is remembered between calls."""

    def __init__(self):
        self.destination, self.in_logs, self.held, self.retrievals = "XRay", set(), set(), {}

    def change(self, asked):
        self.destination = asked.get("destination", self.destination)
        self.held = set(asked.get("held", self.held))


def install():
    """Changes moto and returns what a test may set."""
    space = Space()
    put = SegmentCollection.put_segment

    def put_segment(self, segment):
        # A segment that has ended takes the place of the one that had not.
        there = self._traces[segment.trace_id]["segments"]
        there[:] = [one for one in there if one.id != segment.id]
        if segment.end_time is None:
            there.append(segment)
        else:
            put(self, segment)
        if space.destination == "CloudWatchLogs":
            space.in_logs.add(segment.trace_id)

    def summaries(self):
        asked, all_traces = self.request_params, traces(self)
        fits = terms(asked.get("FilterExpression", ""))
        within = lambda one: asked["StartTime"] <= (one.end_time or one.start_time) < asked["EndTime"]
        found = [id for id, segments in sorted(all_traces.items()) if any(map(within, segments)) and any(map(fits, segments))]
        first = int(asked.get("NextToken", 0))
        answer = {"TraceSummaries": [{"Id": id} for id in found[first:first + PAGE]], "TracesProcessedCount": len(all_traces)}
        return paged(answer, first, found)

    def batch(self):
        asked, all_traces = self.request_params["TraceIds"], traces(self)
        there = [id for id in asked if id in all_traces and id not in space.in_logs | space.held]
        told = [{"Id": id, "Duration": 1.0, "Segments": documents(all_traces[id])} for id in there]
        return json.dumps({"Traces": told, "UnprocessedTraceIds": [id for id in asked if id in space.held]})

    def destination(self):
        return json.dumps({"Destination": space.destination, "Status": "ACTIVE"})

    def start(self):
        token = secrets.token_hex(8)
        space.retrievals[token] = {**self.request_params, "looks": 0}
        return json.dumps({"RetrievalToken": token})

    def listed(self):
        asked, all_traces = self.request_params, traces(self)
        retrieval = space.retrievals[asked["RetrievalToken"]]
        retrieval["looks"] += 1
        if retrieval["looks"] == 1:
            return json.dumps({"RetrievalStatus": "RUNNING", "TraceFormat": "XRAY", "Traces": []})
        within = lambda one: retrieval["StartTime"] <= one.start_time <= retrieval["EndTime"]
        found = {id: list(filter(within, all_traces.get(id, []))) for id in retrieval["TraceIds"] if id in space.in_logs - space.held}
        found = [{"Id": id, "Duration": 1.0, "Spans": documents(segments)} for id, segments in found.items() if segments]
        first = int(asked.get("NextToken", 0))
        answer = {"RetrievalStatus": "COMPLETE", "TraceFormat": "XRAY", "Traces": found[first:first + PAGE]}
        return paged(answer, first, found)

    SegmentCollection.put_segment = put_segment
    XRayResponse.trace_summaries, XRayResponse.traces = summaries, batch
    XRayResponse.get_trace_segment_destination = destination
    XRayResponse.start_trace_retrieval, XRayResponse.list_retrieved_traces = start, listed
    for name in ("GetTraceSegmentDestination", "StartTraceRetrieval", "ListRetrievedTraces"):
        urls.url_paths["{0}/" + name + "$"] = XRayResponse.dispatch
    return space


def traces(response):
    """The segments of every trace, by its id."""
    return {id: list(trace["segments"]) for id, trace in response.xray_backend._segment_collection._traces.items()}


def documents(segments):
    return [{"Id": one.id, "Document": one.raw} for one in segments]


def paged(answer, first, found):
    more = {"NextToken": str(first + PAGE)} if first + PAGE < len(found) else {}
    return json.dumps(answer | more)


def terms(expression):
    """Whether a segment fits one of the terms of an expression, of which only these two are known here."""
    found = [TERM.fullmatch(term) for term in expression.split(" OR ") if expression]

    def fits(segment: TraceSegment):
        def one(term):
            if name := term["service"]:
                return segment.name == name
            return (segment.annotations or {}).get(term["key"]) == term["value"]

        return not found or any(map(one, found))

    return fits


def problem(call):
    """What X-Ray has against a call that its model allows."""
    asked = call.parameters
    if call.name == "BatchGetTraces" and len(asked["TraceIds"]) > TRACES:
        return f"TraceIds has {len(asked['TraceIds'])} members, at most {TRACES} are allowed"
    if call.name == "StartTraceRetrieval" and len(asked["TraceIds"]) > RETRIEVED:
        return f"TraceIds has {len(asked['TraceIds'])} members, at most {RETRIEVED} are allowed"
    if call.name in ("GetTraceSummaries", "StartTraceRetrieval") and asked["StartTime"] >= asked["EndTime"]:
        return "StartTime has to be before EndTime"
    if call.name == "GetTraceSummaries":
        expression = asked.get("FilterExpression", "")
        if asked["EndTime"] - asked["StartTime"] > RANGE_SECS:
            return "the time range is longer than 24 hours"
        if expression and not all(TERM.fullmatch(term) for term in expression.split(" OR ")):
            return f"THE DOUBLE, not AWS: the filter `{expression}` is not understood here"
    return ""
