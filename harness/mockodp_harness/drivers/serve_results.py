"""
What a subscription comes to when the local server has run its action, in the shapes of Segment's entry points.

The server gives exchanges and errors; how far each event got (a *walk*) was found on this side, and is put right here
where the server says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from mockodp_harness.drivers import serve_answers as answers
from mockodp_harness.drivers.serve_server import Told
from mockodp_harness.drivers.steps import failure
from mockodp_harness.segment.destination import UNFIT, Subscription, batch_results, event_results, refused, status_of
from mockodp_harness.segment.exchange import CallError, Request, Response
from mockodp_harness.segment.values import CRASHES, Object, crash

Json = Mapping[str, Any]
Walks = Sequence[Object]

NO_ACTION: Final = {"name": "TypeError", "message": "Cannot read properties of undefined (reading 'status')"}
NOTHING_SENT: Final = {"name": "NothingSent", "message": "The action made no request."}
UNSERVED: Final = {
    "name": "NotServed",
    "message": (
        "The mapping is one directive as a whole, and Segment's local server lays a mapping over the defaults of the "
        "fields. Map each field, or use another driver."
    ),
}
_REFUSALS: Final = frozenset({"AggregateAjvError", "AggregateError", "ValidationError"})


def takes_any(walks: Walks) -> bool:
    """Whether the trigger took an event; one that stumbles over another event ends the call."""
    stumbled = any("refusal" in walk and not walk["matched"] for walk in walks)
    return not stumbled and any(walk["matched"] for walk in walks)


def unsent(subscription: Subscription, events: Sequence[Any], walks: Walks, *, single: bool) -> Object:
    """What a subscription comes to whose action is not run, because of its trigger or since there is no such action."""
    try:
        if single:
            return {"results": event_results(subscription, events[0], {}, _send, UTC)}
        return {"results": batch_results(subscription, events, {}, _send, UTC)}
    except CallError as error:
        if not single and error.message == NO_ACTION["message"]:
            return {"results": _nodes([None if walk["matched"] else refused(UNFIT) for walk in walks])}
        return {"error": failure(error)}
    except CRASHES as error:
        return {"error": {"name": crash(error).name, "message": crash(error).message}}


def unserved(walks: Walks, *, single: bool) -> Object:
    """What becomes of events whose mapping the server would take for another one: none is sent."""
    for walk in walks:
        if walk["matched"] and "refusal" not in walk:
            del walk["payload"]
            walk["refusal"] = UNSERVED
    refusals = [walk["refusal"] for walk in walks if walk["matched"]]
    # In a batch an event that does not validate is set aside; all else ends it.
    ends = (each for each in refusals if single or each["name"] != "AggregateAjvError")
    error = next(ends, None)
    return {"results": _nodes([_node(walk, ()) for walk in walks])} if error is None else {"error": _with_status(error)}


def of_one(walk: Object, told: Told) -> Object:
    """The results of one event, or its error; *walk* then says what the server said."""
    if told.thrown is not None:
        return {"error": _thrown_for_one(walk, answers.failure(told.thrown, told.exchanges))}
    walk.pop("refusal", None)  # the server took it
    if not told.exchanges:
        walk["refusal"] = NOTHING_SENT
    done: Object = {"data": answers.data(told.exchanges[-1])} if told.exchanges else {}
    outputs: list[Object] = [{"output": "Mappings resolved"}, {"output": "Payload validated"}]
    return {"results": [*outputs, {**done, "output": "Action Executed"}]}


def of_batch(walks: Walks, told: Told) -> Object:
    """The results of a batch, or its error."""
    ready = [walk for walk in walks if walk["matched"] and "refusal" not in walk]
    if told.thrown is not None:
        error = answers.failure(told.thrown, told.exchanges)
        if error["name"] in answers.UNANSWERED:
            carry(ready)
        return {"error": _in_our_words(error, (walk.get("refusal") for walk in walks))}
    if not told.exchanges:
        for walk in ready:
            walk["refusal"] = NOTHING_SENT
    return {"results": _nodes([_node(walk, told.exchanges) for walk in walks])}


def of_call(subscriptions: Sequence[Json]) -> Object:
    """The results of the whole call, or its error: a batch for an action that does not exist ends it after all."""
    for each in subscriptions:
        if "error" in each:
            return {"error": each["error"]}
    results = [result for each in subscriptions for result in each["results"]]
    nodes = (node for result in results for node in result.get("multistatus", ()))
    return {"error": NO_ACTION} if any(node is None for node in nodes) else {"results": results}


def carry(walks: Walks) -> None:
    """Note for each event that was not refused that a request may have carried it."""
    for walk in walks:
        if walk["matched"] and "refusal" not in walk:
            walk["carried"] = True


def _send(_: Request) -> Response:
    raise AssertionError("A destination that a local server runs was to send a request.")


def _thrown_for_one(walk: Object, error: Object) -> Object:
    if error["name"] in answers.UNANSWERED:
        walk.pop("refusal", None)
        carry([walk])
    elif error["name"] in _REFUSALS or "refusal" in walk:
        error = _in_our_words(error, [walk.get("refusal")])
        walk.pop("payload", None)
        walk["refusal"] = error
    return error


def _in_our_words(error: Object, ours: Iterable[Object | None]) -> Object:
    """*error*, or the same one of *ours*, which lists single faults; the server does not know every name."""
    same = (each for each in ours if each and each["message"] == error["message"])
    return _with_status(next(same, error))


def _with_status(error: Object) -> Object:
    status = status_of(error["name"])
    return error if status is None else {**error, "status": status}


def _node(walk: Object, exchanges: Sequence[Json]) -> Object:
    if not walk["matched"]:
        return refused(UNFIT)
    if not exchanges or "payload" not in walk:
        return refused(walk["refusal"]["message"])
    last = exchanges[-1]
    return {"status": last["response"]["statusCode"], "body": answers.data(last), "sent": walk["payload"]}


def _nodes(nodes: list[Object | None]) -> list[Object]:
    return [{"multistatus": nodes}]
