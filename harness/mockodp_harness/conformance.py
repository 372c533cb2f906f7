"""
Answers cases as the official code answered them: one case in, one answer out, both JSON.

A case names a *kind*: a part of the engine (``fql``, ``mapping``, ``validate_schema``, …) or the whole destination
(``action``, ``batch_action``, ``auth``, ``event``, ``preset``, ``batch``). Nothing is sent: a case says what comes
back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mockodp_harness.cases import Case, CaseError, check
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.segment import dates, mapping, payload, triggers
from mockodp_harness.segment.destination import Instance, Run, faults_of, tried_authentication
from mockodp_harness.segment.exchange import CallError, Request, Response
from mockodp_harness.segment.values import CRASHES, UNDEFINED, Object, crash, ordered, parse, stringify

SETTINGS: Final = {"apiKey": "test-key", "region": "US"}
Answer = dict[str, Any]


class Canned:
    """Sends nothing: keeps each request, and gives what the case says comes back."""

    def __init__(self, case: Case) -> None:
        self._responses = list(case.get("responses") or [case.get("response") or {"status": 200, "body": {}}])
        self.requests: list[Object] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append({
            "method": request.method, "url": request.url, "headers": dict(request.headers), "body": request.body,
        })  # fmt: skip
        said = self._responses[min(len(self.requests), len(self._responses)) - 1]
        if said.get("network_error"):
            raise CallError("FetchError", str(said["network_error"]))
        return _response(said)


def answer(case: Case) -> Answer:
    """What the engine makes of *case*, in the shape of the official answers."""
    refused = refusal(case)
    if refused is not None:
        return refused
    canned = Canned(case)
    try:
        result = KINDS[case["kind"]](case, canned)
        stringify(result)  # what is nested too deep fails here, not at whoever writes the answer
    except (CallError, mapping.MappingError, triggers.TriggerError, payload.SchemaError) as error:
        return _refused(case, _told(error), canned.requests)
    except CRASHES as error:
        return _refused(case, {"name": crash(error).name, "message": crash(error).message}, canned.requests)
    return {"id": case.get("id"), "ok": True, "result": result}


def refusal(case: Any) -> Answer | None:
    """The answer to a *case* that is malformed, whoever is asked; None if it is sound."""
    try:
        check(case, KINDS)
    except CaseError as error:
        return malformed(error, case)
    return None


def malformed(error: CaseError, case: Any = None) -> Answer:
    """The answer to what is no case, with the id of *case* if it has one."""
    return _refused(case, {"name": "CaseError", "message": str(error)}, [])


def _refused(case: Case, error: Object, requests: Sequence[Object]) -> Answer:
    given = case.get("id") if isinstance(case, dict) else None
    told = None if isinstance(given, dict | list) else given
    return {"id": told, "ok": False, "error": error, "requests": requests}


def _response(said: Mapping[str, Any]) -> Response:
    body = said.get("body", {})
    is_text = isinstance(body, str)
    headers = dict(
        said.get("headers") or ({} if is_text or "headers" in said else {"content-type": "application/json"})
    )
    text = body if is_text else (stringify(body) or "")
    return Response(said.get("status", 200), text, headers, said.get("status_text", ""))


def _told(error: CallError | mapping.MappingError | triggers.TriggerError | payload.SchemaError) -> Object:
    """An error as the official answers tell it; of an aggregate only its parts, since its message is a rendering."""
    if isinstance(error, mapping.AggregateError):
        return {"name": error.name, "errors": [fault.message for fault in error.errors]}
    if not isinstance(error, CallError):
        return {"name": error.name, "message": error.message}
    if error.name == "AggregateError":
        return {"name": error.name, "errors": [fault["message"] for fault in error.errors]}
    members = {"status": error.status, "code": error.code, "errors": list(error.errors) or None}
    told = {"name": error.name, "message": error.message, **{k: v for k, v in members.items() if v is not None}}
    if error.response is not None:
        told |= {"response_status": error.response.status, "response_data": error.response.data}
    return told


# -- the whole destination ----------------------------------------------------------------------------------------


def _settings(case: Case) -> Mapping[str, Any]:
    return case["raw_settings"] if "raw_settings" in case else {**SETTINGS, **case.get("settings", {})}


def _run(case: Case) -> Run:
    slug = case["action"]
    defaults = odp.default_mapping(slug) if case.get("use_defaults") else {}
    return Run(odp.destination().actions[slug], mapping.compiled(ordered({**defaults, **case.get("mapping", {})})))


def _action(case: Case, canned: Canned) -> Any:
    results = _run(case).one(case["event"], _settings(case), canned, case.get("tz", "UTC"))
    return {"results": results, "requests": canned.requests}


def _batch_action(case: Case, canned: Canned) -> Any:
    results = _run(case).batch(case["events"], _settings(case), canned, case.get("tz", "UTC"))
    return {"results": results, "requests": canned.requests}


def _auth(case: Case, canned: Canned) -> Any:
    tried_authentication(odp.destination(), _settings(case), canned)
    return {"requests": canned.requests}


def _instance(case: Case) -> Instance:
    wanted = True if case["kind"] == "preset" else case.get("presets", False)
    taken = [each for each in odp.presets() if wanted is True or (wanted and each["name"] in wanted)]
    slugs = case.get("default_actions") or []
    slugs = list(odp.destination().actions) if slugs is True else slugs
    subscriptions = [*taken, *map(odp.default_subscription, slugs), *case.get("subscriptions", [])]
    return Instance(odp.destination(), _settings(case), subscriptions)


def _event(case: Case, canned: Canned) -> Any:
    results = _instance(case).event(case["event"], canned, case.get("tz", "UTC"))
    return {"results": results, "requests": canned.requests}


def _batch(case: Case, canned: Canned) -> Any:
    results = _instance(case).batch(case["events"], canned, case.get("tz", "UTC"))
    return {"results": results, "requests": canned.requests}


# -- its parts ----------------------------------------------------------------------------------------------------


def _fql(case: Case, _: Canned) -> Any:
    ast = triggers.parse(case["fql"])
    if "error" in ast:
        return {"parse_error": ast["error"]["message"], **({"match": False} if "event" in case else {})}
    return {
        "ast": parse(stringify(ast) or ""),
        **({"match": triggers.evaluate(ast, case["event"])} if "event" in case else {}),
    }


def _fql_generate(case: Case, _: Canned) -> Any:
    return {"fql": triggers.generate(case["ast"])}


def _fql_validate(case: Case, _: Canned) -> Any:
    return {"match": triggers.evaluate(case["ast"], case["event"])}


def _mapping(case: Case, _: Canned) -> Any:
    return _value(mapping.transform(case["mapping"], case.get("payload", UNDEFINED)))


def _mapping_validate(case: Case, _: Canned) -> Any:
    mapping.validate(case["mapping"])
    return {}


def _get(case: Case, _: Canned) -> Any:
    return _value(mapping.get(case["payload"], case.get("path", UNDEFINED)))


def _render(case: Case, _: Canned) -> Any:
    return _value(mapping.render(case["template"], case.get("data", UNDEFINED)))


def _flatten(case: Case, _: Canned) -> Any:
    separator, omit = case.get("separator", "."), case.get("omit_arrays", False)
    return _value(mapping.flatten(case["value"], case.get("prefix", ""), separator=separator, omit_arrays=omit))


def _keys(case: Case, _: Canned) -> Any:
    return mapping.keys(case["mapping"])


def _schema(case: Case, _: Canned) -> Any:
    return payload.schema_of(case["fields"])


def _remove_empty(case: Case, _: Canned) -> Any:
    payload.check(case["schema"])
    return _value(payload.remove_empty(case["payload"], case["schema"], root=case.get("root", True)))


def _validate_schema(case: Case, _: Canned) -> Any:
    payload.check(case["schema"])
    held = case["payload"]
    mismatches = payload.validate(held, case["schema"], exempt=case.get("exempt", ()))
    if mismatches and case.get("throw", True):
        raise CallError("AggregateAjvError", payload.joined(mismatches), errors=faults_of(mismatches))
    return {"valid": not mismatches, **_value(held)}


def _value(value: Any) -> Object:
    text = stringify(value)
    return {"value": None, "undefined": True} if text is None else {"value": parse(text), "json": text}


def _date(case: Case, _: Canned) -> Any:
    zone = case.get("tz", "UTC")
    time = dates.time_of(case["value"], zone)
    day = dates.date(time, zone)
    dob = {} if day is None else {"dob_year": day.year, "dob_month": day.month, "dob_day": day.day}
    return {"ms": None if math.isnan(time) else int(time), "dob": dob}


KINDS: Final[Mapping[str, Callable[[Case, Canned], Any]]] = {
    "action": _action,
    "auth": _auth,
    "batch": _batch,
    "batch_action": _batch_action,
    "date": _date,
    "event": _event,
    "flatten": _flatten,
    "fql": _fql,
    "fql_generate": _fql_generate,
    "fql_validate": _fql_validate,
    "get": _get,
    "keys": _keys,
    "mapping": _mapping,
    "mapping_validate": _mapping_validate,
    "preset": _event,
    "remove_empty": _remove_empty,
    "render": _render,
    "schema": _schema,
    "validate_schema": _validate_schema,
}
