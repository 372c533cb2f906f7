"""
What goes back on the wire: the configured success, and one shape for every refusal.

The shape of a refusal is ODP's own for its REST API (title, status, timestamp, detail with message and invalids).
What the Segment endpoints really send is not public, so this is inferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import orjson

from mockodp.errors import Refusal

JSON_TYPE: Final = (b"content-type", b"application/json")
BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED})
"""Statuses whose answers have no body: a client would take one for the beginning of the next answer."""
_LENGTHLESS: Final = BODILESS - {HTTPStatus.RESET_CONTENT}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body, with further headers if there are any."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def headers_of(answer: Answer, *, close: bool = False) -> list[tuple[bytes, bytes]]:
    """All headers of an answer; its body must be empty where its status has none."""
    if answer.status in _LENGTHLESS:
        headers = list(answer.headers)
    elif answer.status in BODILESS or (answer.headers and any(name == JSON_TYPE[0] for name, _ in answer.headers)):
        headers = [(b"content-length", b"%d" % len(answer.body)), *answer.headers]
    else:
        headers = [JSON_TYPE, (b"content-length", b"%d" % len(answer.body)), *answer.headers]
    if close:
        headers.append((b"connection", b"close"))
    return headers


def refusal_answer(refusal: Refusal, at_us: int) -> Answer:
    """The answer that a refused request gets."""
    detail: dict[str, Any] = {"message": refusal.message}
    if refusal.reasons:
        detail["invalids"] = list(refusal.reasons)
    detail.update(refusal.more)
    headers = ((b"allow", ", ".join(refusal.more["allow"]).encode()),) if "allow" in refusal.more else ()
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers = ((b"www-authenticate", b'Bearer realm="mockodp"'),)
    return Answer(refusal.status, orjson.dumps(envelope(refusal.title, refusal.status, detail, at_us)), headers)


def envelope(title: str, status: int, detail: Mapping[str, Any], at_us: int) -> dict[str, Any]:
    """ODP's envelope, as its REST API writes it."""
    return {"title": title, "status": status, "timestamp": timestamp(at_us), "detail": dict(detail)}


def timestamp(at_us: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
