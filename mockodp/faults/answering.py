"""What a fault makes of an answer, and how long it holds it back: pure functions of the strike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from statistics import NormalDist
from typing import Any, Final

import orjson

from mockodp.answers import BODILESS, Answer, envelope
from mockodp.faults.model import Delay, Effect, Wire
from mockodp.faults.plan import Strike

FAULT_HEADER: Final = b"x-mockodp-fault"
_MULTI_STATUS: Final = 207
_LEAST_ERROR: Final = 400


def faulted(answer: Answer, strike: Strike, *, items: int, status: int, at_us: int, is_named: bool = True) -> Answer:
    """
    What is answered instead of *answer*; itself where the fault only holds it back or breaks it on the wire.

    *items* is how many the request has, *status* that of an accepted item, for an answer item by item. Unless the
    fault *is_named* the answer looks as if it were a true one.
    """
    effect = strike.effect
    if effect.status is None:
        return answer
    retry_after = effect.retry_after if effect.retry_after is not None else strike.retry_after
    headers = {name.lower(): value for name, value in (effect.headers or {}).items()}
    if retry_after is not None:
        headers.setdefault("retry-after", str(retry_after))
    if effect.location is not None:
        headers.setdefault("location", effect.location)
    body = (
        b""
        if effect.status in BODILESS
        else _body(effect, strike.fault.name if is_named else None, items, status, at_us)
    )
    if isinstance(effect.body, str):
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    return Answer(effect.status, body, tuple((name.encode(), value.encode()) for name, value in headers.items()))


def _body(effect: Effect, name: str | None, items: int, accepted: int, at_us: int) -> bytes:
    if effect.status == _MULTI_STATUS and effect.fail is not None:
        return orjson.dumps({"results": [_result(effect, index, accepted) for index in range(items)]})
    if isinstance(effect.body, str):
        return effect.body.encode()
    if effect.body is not None:
        return orjson.dumps(effect.body)
    status = effect.status or 0
    if status < _LEAST_ERROR:
        return b"{}"
    detail = {"message": f"The fault {name!r} of the mock was asked to answer so." if name else f"{phrase(status)}."}
    return orjson.dumps(envelope(phrase(status), status, detail, at_us))


def _result(effect: Effect, index: int, accepted: int) -> dict[str, Any]:
    has_failed = index % 2 == 1 if isinstance(effect.fail, str) else index in (effect.fail or ())
    if not has_failed:
        return {"index": index, "status": accepted}
    return {"index": index, "status": effect.fail_status, "message": phrase(effect.fail_status)}


def phrase(status: int) -> str:
    """The reason phrase of *status*; for one that has none, what its hundreds mean."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded" if status == _OVERLOADED else f"Status {status}"


_OVERLOADED: Final = 529


def seconds(delay: Delay, draw: float) -> float:
    """How long an answer is held back; *draw* is a number from 0 to 1."""
    if delay.kind == "fixed":
        return delay.values[0]
    if delay.kind == "uniform":
        low, high = delay.values
        return low + draw * (high - low)
    if delay.kind == "lognormal":
        median, sigma = delay.values
        return median * math.exp(sigma * NormalDist().inv_cdf(min(max(draw, 1e-9), 1 - 1e-9)))
    return _at_percent(delay.values, 100 * draw)


def _at_percent(points: tuple[float, ...], percent: float) -> float:
    """Between two points on the line that joins them, before the first and after the last what these say."""
    known = list(zip(points[::2], points[1::2], strict=True))
    before = max((point for point in known if point[0] <= percent), default=known[0])
    after = min((point for point in known if point[0] >= percent), default=known[-1])
    if after[0] <= before[0]:
        return before[1] if before[0] <= percent else after[1]
    return before[1] + (after[1] - before[1]) * (percent - before[0]) / (after[0] - before[0])


def words(strike: Strike) -> str:
    """What a fault does, for a log line and a record."""
    effect = strike.effect
    said = [f"status {effect.status}"] if effect.status is not None else []
    said += [f"delay {seconds(effect.delay, strike.draw):.3g} s"] if effect.delay is not None else []
    if effect.wire is not None:
        length = f" {effect.wire_s:g} s" if effect.wire_s is not None else ""
        said.append(f"{effect.wire.value.replace('_', ' ')}{length}")
    return ", ".join(said)


def leaves_record(strikes: Sequence[Strike]) -> bool:
    """Whether the request is recorded: not if its connection is reset before."""
    return all(strike.effect.wire is not Wire.RESET for strike in strikes)


def told(strikes: Sequence[Strike], answer: Answer) -> tuple[dict[str, Any], ...]:
    """The faults as the record that they touched names them; *answered* is the status that went out, if one did."""
    answered = None if any(strike.effect.wire in _UNANSWERED for strike in strikes) else answer.status
    return tuple(
        {"id": strike.fault.id, "name": strike.fault.name, "effect": words(strike), "answered": answered}
        for strike in strikes
    )


def sent(strikes: Sequence[Strike], answer: Answer) -> str:
    """What a client saw: a status, ``RST`` for a reset, ``???`` for what is no HTTP."""
    return next((_UNANSWERED[s.effect.wire] for s in strikes if s.effect.wire in _UNANSWERED), str(answer.status))


_UNANSWERED: Final = {Wire.RESET: "RST", Wire.LOST_ANSWER: "RST", Wire.GARBAGE: "???"}
