"""
How far one event gets in one subscription before anything is sent, step by step, and errors as a trace tells them.

Here too is how values are read. It stands beside a call: the call itself takes the engine's own way.
"""

from __future__ import annotations

import json
from typing import Any

from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment import payload as checks
from mockodp_harness.segment.destination import INVALID, Run, Subscription, faults_of
from mockodp_harness.segment.exchange import CallError
from mockodp_harness.segment.values import CRASHES, Object, crash, parse, stringify


def walked(subscription: Subscription, event: Any, *, single: bool) -> Object:
    """How far *event* gets: ``matched``, ``mapped``, ``payload``, ``refusal``, as `Trace.from_json` wants them."""
    if subscription.fault:
        return {"matched": False, "refusal": {"name": "InvalidSubscription", "message": subscription.fault}}
    try:
        if not subscription.matches(event):
            return {"matched": False}
    except CallError as error:
        return {"matched": False, "refusal": failure(error)}
    except CRASHES as error:
        return {"matched": False, "refusal": {"name": crash(error).name, "message": crash(error).message}}
    if subscription.stumble:
        return {"matched": True, "refusal": {"name": "TypeError", "message": subscription.stumble}}
    return {"matched": True, **({} if subscription.run is None else _payload(subscription.run, event, single))}


def failure(error: CallError | kit.MappingError) -> Object:
    """*error* as a trace tells it."""
    if isinstance(error, kit.MappingError):
        parts = error.errors if isinstance(error, kit.AggregateError) else ()
        return {"name": error.name, "message": error.message, "errors": [_part(part) for part in parts]}
    said = {"name": error.name, "message": error.message, "status": error.status, "code": error.code}
    if error.response is not None:
        said |= {"response_status": error.response.status, "response_body": error.response.body}
    return {**{name: value for name, value in said.items() if value is not None}, "errors": list(error.errors)}


def late(limit: float) -> Object:
    """The error of a call that did not come back within *limit* seconds."""
    return {"name": "CallTimeout", "message": f"The destination did not come back within {round(limit * 1000)} ms."}


def as_read(value: Any) -> Any:
    """*value* as JavaScript reads it from JSON."""
    return parse(json.dumps(value, allow_nan=False))


def told(name: str, value: Any) -> Object:
    """*value* as JSON has it, in a member *name*; no member if it is undefined."""
    text = stringify(value)
    return {} if text is None else {name: parse(text)}


def _payload(run: Run, event: Any, single: bool) -> Object:
    try:
        mapped = run.mapping(event) if single else run.mapping.batch([event])[0]
    except kit.MappingError as error:
        return {"refusal": failure(error)}
    made = told("mapped", mapped)  # before its values are coerced
    checked = (run.action.single if single else run.action.many)(mapped)
    if not checked.mismatches:
        return {**made, **told("payload", checked.payload)}
    refusal = {"name": "AggregateAjvError", "message": checks.joined(checked.mismatches), "status": INVALID}
    return {**made, "refusal": {**refusal, "errors": faults_of(checked.mismatches)}}


def _part(fault: kit.MappingError) -> Object:
    return {"name": fault.name, "message": fault.message}
