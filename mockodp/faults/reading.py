"""
Faults as people write them, checked whole: every fault of the text is told at once, with its place and what is known.

A fault is a JSON object: *match* (which requests), then *effect*, or *sequence* of effects with *repeat*, with a
*budget* that has to be overdrawn first, until it *expires*; or *preset*, the name of a ready one, with more members
that replace its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

from mockodp_contracts.violation import pointer_to

from mockodp.errors import QueryError
from mockodp.faults.model import EVERY_ACCOUNT, Budget, Delay, Effect, Fault, Match, Step, Wire
from mockodp.faults.presets import PRESETS
from mockodp.faults.schema import FAULT
from mockodp.parameters import in_words, misfits

Json = Mapping[str, Any]
Reason = Mapping[str, str]

_UNITS_US: Final = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_SHORTEST_STEP_US: Final = 1_000
_EXACT: Final = 2**53
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_REDIRECTS: Final = (301, 302, 303, 307, 308)
MULTI_STATUS: Final = 207
_ANSWER: Final = frozenset({"status", "headers", "body", "retry_after", "fail", "fail_status", "location"})
_BODILESS: Final = (204, 205, 304)
_OF_THE_BODY: Final = frozenset(
    {Wire.STALL_AFTER_HEADERS, Wire.HALF_BODY, Wire.DRIP, Wire.SHORT_LENGTH, Wire.LONG_LENGTH}
)
_FRAMING: Final = ("connection", "content-length", "transfer-encoding")
_NAMING: Final = "x-mockodp-fault"
_DECIDING: Final = ("status", "wire")
"""What an effect is; all its other members only say how."""
_SHORT_FOR: Final = {"retry_after": "retry-after", "location": "location"}
_UNANSWERED: Final = frozenset({Wire.RESET, Wire.LOST_ANSWER, Wire.GARBAGE, Wire.TLS_FAILURE})
_TIMED: Final[Mapping[str, float]] = {Wire.STALL: 11.0, Wire.STALL_AFTER_HEADERS: 11.0, Wire.DRIP: 0.1}
"""What takes its time on the wire, and how many seconds of it if nothing is said: Segment's client waits for 10."""


def read_fault(document: Any, fault_id: str) -> Fault:
    """The fault that *document* describes; `QueryError` with every reason why it is none."""
    document = _whole_numbers(document)
    reasons: tuple[Reason, ...] = misfits(document, FAULT)
    whole: Json = {}
    if not reasons:
        whole = _with_preset(document)
        reasons = tuple(_of_preset(document)) or tuple(_contradictions(whole))
    if reasons:
        raise makes_no_sense(reasons)
    return replace(_fault(whole, fault_id), said=document)


def _whole_numbers(value: Any) -> Any:
    """*value* with 503 for each 503.0, which JSON does not tell apart; the body of an answer stays as it is."""
    if isinstance(value, dict):
        return {name: each if name == "body" else _whole_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(each) for each in value]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT
    return int(value) if is_whole else value


def makes_no_sense(reasons: Sequence[Reason]) -> QueryError:
    """The refusal of faults, with its reasons in words."""
    return QueryError(in_words(reasons, "Fault"), tuple(reasons))


def duration_us(value: Any) -> int:
    """Microseconds of a number of milliseconds, or of a text with a unit."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return round(float(found[1]) * _UNITS_US[found[2]]) if found else round(value * 1000)


def _with_preset(document: Json) -> Json:
    """
    The ready fault that *document* names, its members replaced; in *match*, *expires* and *effect* one by one.

    Beside a ready sequence the members of *effect* are those of each of its steps that has one.
    """
    name = document.get("preset")
    if name is None:
        return document
    ready = PRESETS[name].fault
    own = {member: value for member, value in document.items() if member != "preset"}
    for member in ("match", "expires", "effect"):
        if member in own and member in ready:
            own[member] = {**ready[member], **own[member]}
    if "sequence" in own:
        ready = {member: value for member, value in ready.items() if member not in ("effect", "sequence", "repeat")}
    elif "effect" in own and "sequence" in ready:
        effect = own.pop("effect")
        own["sequence"] = [_overlaid(step, effect) for step in ready["sequence"]]
    return {"name": name, **ready, **own}


def _overlaid(step: Json, effect: Json) -> Json:
    return step if step["effect"] is None else {**step, "effect": {**step["effect"], **effect}}


def _of_preset(document: Json) -> Iterator[Reason]:
    """An effect that would be another in each step of a ready sequence."""
    name = document.get("preset")
    if name is None or "sequence" not in PRESETS[name].fault or "sequence" in document:
        return
    for member in _DECIDING:
        if member in document.get("effect", {}):
            yield _reason(
                f"/effect/{member}",
                f"cannot replace the sequence of preset {name!r}: write a sequence of your own in place of effect "
                "(the preset's is shown by 'mockodp fault presets --json')",
            )


# -- what a shape cannot say --------------------------------------------------------------------------------------


def _contradictions(document: Json) -> Iterator[Reason]:
    if ("effect" in document) == ("sequence" in document):
        both = "effect" in document
        yield _reason("", f"has {'both' if both else 'neither'} of effect and sequence, expected one of them")
    if "repeat" in document and "sequence" not in document:
        yield _reason("/repeat", "is given without a sequence")
    for place, effect in _effects(document):
        yield from _of_effect(place, effect, document)
    yield from _of_sequence(document.get("sequence", ()))
    yield from _of_reach(document)
    yield from _of_match(document.get("match", {}))
    for member, name in (("budget", "per"), ("expires", "after")):
        if name in document.get(member, {}) and duration_us(document[member][name]) == 0:
            yield _reason(f"/{member}/{name}", "is 0, expected some time")


def _effects(document: Json) -> Iterator[tuple[str, Json]]:
    if "effect" in document:
        yield "/effect", document["effect"]
    for index, step in enumerate(document.get("sequence", ())):
        if step["effect"] is not None:
            yield f"/sequence/{index}/effect", step["effect"]


def _of_sequence(steps: Sequence[Json]) -> Iterator[Reason]:
    for index, step in enumerate(steps):
        if "times" in step and "for" in step:
            yield _reason(f"/sequence/{index}", "has both times and for, expected one of them")
        if "for" in step and duration_us(step["for"]) < _SHORTEST_STEP_US:
            yield _reason(f"/sequence/{index}/for", f"is {step['for']!r}, expected 1ms or more")
    wires = [step["effect"].get("wire") for step in steps if step["effect"] is not None]
    if steps and not wires:
        yield _reason("/sequence", "has no effect in any of its steps")
    if Wire.TLS_FAILURE in wires and set(wires) != {Wire.TLS_FAILURE}:
        yield _reason("/sequence", "mixes tls_failure with effects on requests: where a handshake fails, none comes")


def _of_reach(document: Json) -> Iterator[Reason]:
    """Steps without effect that last until the fault has ended."""
    idle = list(takewhile(lambda step: step["effect"] is None, document.get("sequence", ())))
    if not idle or len(idle) == len(document["sequence"]):
        return
    after, nth = document.get("expires", {}).get("after"), document.get("match", {}).get("nth")
    if after is not None and sum(duration_us(step.get("for", 0)) for step in idle) >= duration_us(after):
        yield _reason("/sequence", f"has no effect before the fault expires after {after!r}")
    if nth is None or "budget" in document or any("for" in step for step in idle):
        return
    chosen = len(set(nth)) if isinstance(nth, list) else 1
    if sum(step.get("times", 1) for step in idle) >= chosen:
        yield _reason("/match/nth", f"can strike nothing: sequence has no effect on the first {chosen} it chooses")


def _of_effect(place: str, effect: Json, document: Json) -> Iterator[Reason]:
    wire = effect.get("wire")
    given = sorted(_ANSWER & effect.keys())
    if wire in _UNANSWERED:
        yield from (_reason(f"{place}/{member}", f"is never sent, since {wire!r} leaves no answer") for member in given)
    elif "status" not in effect:
        yield from (_reason(f"{place}/{member}", "is given without a status") for member in given)
    else:
        yield from _of_answer(place, effect, effect["status"])
    if "wire_for" in effect and wire not in _TIMED:
        of = f"not {wire!r}" if wire else "and there is no wire"
        yield _reason(f"{place}/wire_for", f"goes with wire {', '.join(sorted(_TIMED))}, {of}")
    if wire == Wire.TLS_FAILURE:
        yield from _of_handshake(place, effect, document)
    if "fail" in effect and document.get("match", {}).get("endpoint") == "auth":
        yield _reason(f"{place}/fail", "names items, but an authentication test has none")
    if "delay" in effect:
        yield from _of_delay(f"{place}/delay", effect["delay"])


def _of_answer(place: str, effect: Json, status: int) -> Iterator[Reason]:
    if status != MULTI_STATUS:
        for member in sorted(effect.keys() & {"fail", "fail_status"}):
            yield _reason(f"{place}/{member}", f"goes with status {MULTI_STATUS}, not {status}")
    elif "fail_status" in effect and "fail" not in effect:
        yield _reason(f"{place}/fail_status", "is given without fail, which says of which items")
    if {"fail", "body"} <= effect.keys():
        yield _reason(f"{place}/body", "stands beside fail, which makes the body")
    if "location" in effect and status not in _REDIRECTS:
        yield _reason(f"{place}/location", f"goes with a redirect ({', '.join(map(str, _REDIRECTS))}), not {status}")
    if "location" not in effect and status in _REDIRECTS:
        yield _reason(f"{place}/status", f"is a redirect ({status}) without a location")
    if status in _BODILESS:
        for member in sorted(effect.keys() & {"body"}):
            yield _reason(f"{place}/{member}", f"cannot be sent with status {status}, which has none")
        if effect.get("wire") in _OF_THE_BODY:
            yield _reason(f"{place}/wire", f"{effect['wire']!r} breaks a body, and status {status} has none")
    if effect.get("body") == "" and effect.get("wire") in _OF_THE_BODY - {Wire.LONG_LENGTH}:
        yield _reason(f"{place}/wire", f"{effect['wire']!r} breaks a body, and that of this effect is empty")
    yield from _of_headers(place, effect)


def _of_headers(place: str, effect: Json) -> Iterator[Reason]:
    seen: set[str] = set()
    for name in effect.get("headers", {}):
        where = f"{place}{pointer_to(['headers', name])}"
        if name.lower() in _FRAMING:
            yield _reason(where, "is the server's own; wire short_length and long_length lie about the length")
        if name.lower() == _NAMING:
            yield _reason(where, "is the mock's own: give the fault a name, or start the mock with --no-fault-header")
        if name.lower() in seen:
            yield _reason(where, "is given twice: the case of letters makes no other header")
        seen.add(name.lower())
        for member, header in _SHORT_FOR.items():
            if member in effect and name.lower() == header:
                yield _reason(where, f"stands beside {member}, which makes that header")


def _of_handshake(place: str, effect: Json, document: Json) -> Iterator[Reason]:
    """A handshake fails before anyone knows whose request it is, and what for."""
    if document["account"] != EVERY_ACCOUNT:
        yield _reason("/account", "is one, but a TLS handshake fails for everybody: expected '*'")
    for member in sorted(document.get("match", {}).keys() & {"endpoint", "item"}):
        yield _reason(f"/match/{member}", "cannot be known before the TLS handshake")
    if "delay" in effect:
        yield _reason(f"{place}/delay", "cannot be had before the TLS handshake")


def _of_delay(place: str, delay: Any) -> Iterator[Reason]:
    if not isinstance(delay, dict):
        return
    if "uniform" in delay and duration_us(delay["uniform"][0]) > duration_us(delay["uniform"][1]):
        yield _reason(f"{place}/uniform", "begins after its end")
    if "percentiles" in delay:
        points = sorted((float(percent), duration_us(value)) for percent, value in delay["percentiles"].items())
        if len({percent for percent, _ in points}) < len(points):
            yield _reason(f"{place}/percentiles", "has the same percentile twice")
        if [value for _, value in points] != sorted(value for _, value in points):
            yield _reason(f"{place}/percentiles", "has a shorter time for a higher percentile")


def _of_match(match: Json) -> Iterator[Reason]:
    item = match.get("item", {})
    for name in ("type", "action"):
        if name in item and item.get("match", {}).get(name, item[name]) != item[name]:
            yield _reason(f"/match/item/{name}", f"can meet nothing, since match asks for another {name}")
    if item.get("schema") is False:
        yield _reason("/match/item/schema", "can meet nothing, since the schema false takes no item")
    if match.get("endpoint") == "auth" and "item" in match:
        yield _reason("/match/item", "can meet nothing, since an authentication test has no items")
    if "nth" in match and "every" in match:
        nth = match["nth"] if isinstance(match["nth"], list) else [match["nth"]]
        if all(number % match["every"] for number in nth):
            yield _reason(
                "/match/nth", f"can meet nothing, since none of them is a multiple of every ({match['every']})"
            )


def _reason(field: str, reason: str) -> Reason:
    return {"field": field, "reason": f"{reason}."}


# -- from words to values -----------------------------------------------------------------------------------------


def _fault(document: Json, fault_id: str) -> Fault:
    budget, expires = document.get("budget"), document.get("expires", {})
    return Fault(
        id=fault_id,
        name=document.get("name", fault_id),
        account=document["account"],
        match=_match(document.get("match", {})),
        steps=_steps(document),
        repeat=document.get("repeat", False),
        budget=None if budget is None else Budget(tokens=budget["requests"], per_us=duration_us(budget["per"])),
        most_requests=expires.get("requests"),
        lifetime_us=duration_us(expires["after"]) if "after" in expires else None,
        said=document,
    )


def _match(said: Json) -> Match:
    nth = said.get("nth", ())
    plain = {
        name: said[name] for name in ("region", "endpoint", "item", "every", "probability", "seed") if name in said
    }
    return Match(**plain, nth=tuple(nth) if isinstance(nth, list | tuple) else (nth,))


def _steps(document: Json) -> tuple[Step, ...]:
    if "effect" in document:
        return (Step(effect=_effect(document["effect"]), times=None),)
    return tuple(
        Step(
            effect=None if said["effect"] is None else _effect(said["effect"]),
            times=None if "for" in said else said.get("times", 1),
            for_us=duration_us(said["for"]) if "for" in said else None,
        )
        for said in document["sequence"]
    )


def _effect(said: Json) -> Effect:
    plain = ("status", "headers", "body", "retry_after", "fail_status", "location")
    fail, wire = said.get("fail"), Wire(said["wire"]) if "wire" in said else None
    return Effect(
        **{name: said[name] for name in plain if name in said},
        fail=tuple(fail) if isinstance(fail, list) else fail,
        delay=_delay(said["delay"]) if "delay" in said else None,
        wire=wire,
        wire_s=duration_us(said["wire_for"]) / 1e6 if "wire_for" in said else _TIMED.get(wire or ""),
    )


def _delay(said: Any) -> Delay:
    if not isinstance(said, dict):
        return Delay(kind="fixed", values=(duration_us(said) / 1e6,))
    if "uniform" in said:
        return Delay(kind="uniform", values=tuple(duration_us(value) / 1e6 for value in said["uniform"]))
    if "median" in said:
        return Delay(kind="lognormal", values=(duration_us(said["median"]) / 1e6, said["sigma"]))
    points = sorted((float(percent), duration_us(value) / 1e6) for percent, value in said["percentiles"].items())
    return Delay(kind="percentiles", values=tuple(number for point in points for number in point))
