"""What the local server tells of requests, answers and errors, in the form that a `Trace` is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockodp_harness.drivers.masking import MASK
from mockodp_harness.segment import values
from mockodp_harness.segment.values import Object

Json = Mapping[str, Any]

REDACTED: Final = "<redacted>"
# What the HTTP client throws only when a request is under way.
UNANSWERED: Final = frozenset({"HTTPError", "FetchError", "TimeoutError", "RequestTimeoutError", "RequestClientError"})
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "x-api-key", "cookie"})
_NAME: Final = re.compile(r"([A-Za-z]\w*)(?=:|\n|$)")
_PART: Final = re.compile(r"^\s*ValidationError: (.+)$", re.MULTILINE)


def outgoing(exchange: Json) -> Object:
    """A request and its answer; a body that the server shows decoded is written as JSON again."""
    request, response = exchange["request"], exchange["response"]
    return {
        "method": request["method"],
        "url": request["url"],
        "headers": {name: _shown(name, _line(value)) for name, value in (request.get("headers") or {}).items()},
        "body": None if request.get("body") is None else _text(request["body"]),
        "answer": {
            "status": response["statusCode"],
            "headers": {name: _line(value) for name, value in (response.get("headers") or {}).items()},
            "body": _text(response.get("body")),
        },
    }


def data(exchange: Json) -> Any:
    """The answer's body as an action sees it: JSON if it is said to be and is, else the text."""
    response = exchange["response"]
    body, headers = response.get("body"), response.get("headers") or {}
    kind = next((_line(value) for name, value in headers.items() if name.lower() == "content-type"), "")
    return _decoded(body) if isinstance(body, str) and "application/json" in kind else body


def _decoded(text: str) -> Any:
    try:
        return values.parse(text)
    except ValueError:
        return text


def failure(thrown: Json, exchanges: Sequence[Json] = ()) -> Object:
    """
    What was thrown, and the service's answer if it is among *exchanges*. Its name stands only at the head of its stack.

    The *statusCode* is that of the service's answer for an HTTPError, else the framework's own.
    """
    found = _NAME.match(str(thrown.get("stack") or ""))
    said = _in_parts(found[1] if found else "Error", str(thrown.get("message") or ""))
    status = thrown.get("statusCode")
    if said["name"] != "HTTPError":
        return {**said, "status": status} if isinstance(status, int) else said
    answered = {"response_body": outgoing(exchanges[-1])["answer"]["body"]} if exchanges else {}
    return {**said, "response_status": status, **answered}


def _in_parts(name: str, message: str) -> Object:
    """An AggregateError tells its errors with a stack trace of each: here they are without."""
    parts = _PART.findall(message) if name == "AggregateError" else []
    if not parts:
        return {"name": name, "message": message}
    errors = [{"name": "ValidationError", "message": part} for part in parts]
    return {"name": name, "message": "\n".join(parts), "errors": errors}


def _shown(name: str, value: str) -> str:
    if name.lower() not in _SECRET and value != REDACTED:
        return value
    scheme, blank, _ = value.partition(" ")
    bearer = "Bearer" if name.lower() == "authorization" else ""
    scheme = scheme if blank else bearer
    return f"{scheme} {MASK}" if scheme else MASK


def _line(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else (values.stringify(value) or "") if value is not None else ""
