"""Reads the query and the body of a control call by their schemas; whatever is wrong is told all at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

import jsonschema_rs
import orjson
from mockodp_contracts.violation import pointer_to
from starlette.requests import Request

from mockodp.errors import QueryError
from mockodp.journal import Query, RowFilter
from mockodp.records import answered_range, id_number

Parameter = Mapping[str, Any]

_MOST_BODY: Final = 1024 * 1024
_OF_ROWS: Final = ("account", "region", "endpoint", "status", "verdict", "rule", "fault", "accepted")
_MOST_NAMED: Final = 10
_MOST_REASONS: Final = 20
_NO_DEFAULT: Final = object()
_LONGEST_SHOWN: Final = 100
_CHOICES: Final = ("oneOf", "pattern", "format", "const", "additionalProperties")
"""Keywords whose own words tell nobody what is expected."""
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_FORMATS: Final = {
    "date-time": "a time such as 2026-11-23T10:00:00Z",
    "jsonpath": "a JSONPath such as $.identifiers.email",
}


def read_parameters(request: Request, known: Sequence[Parameter]) -> dict[str, Any]:
    """The query parameters as values of their schemas; `QueryError` with every fault."""
    by_name = {parameter["name"]: parameter["schema"] for parameter in known}
    values: dict[str, Any] = {}
    faults: list[dict[str, str]] = []
    for name in dict.fromkeys(request.query_params.keys()):
        texts = request.query_params.getlist(name)
        fault = _unknown(name, by_name) if name not in by_name else _read(name, texts, by_name[name], values)
        if fault:
            faults.append({"field": name[:80], "reason": fault})
    if faults:
        raise QueryError("; ".join(fault["reason"] for fault in faults), tuple(faults))
    return values


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    if not known:
        return f"Parameter {name[:80]!r} is not known; this call takes none."
    return f"Parameter {name[:80]!r} is not known. Known: {', '.join(sorted(known))}."


def _read(name: str, texts: list[str], schema: Mapping[str, Any], values: dict[str, Any]) -> str | None:
    """Put the value of a parameter into *values*, or say what is wrong with it."""
    many = schema.get("type") == "array"
    if len(texts) > 1 and not many:
        return f"Parameter {name!r} is given {len(texts)} times, expected once."
    one = schema["items"] if many else schema
    typed = [_typed(text, one) for text in texts]
    wrong = [text for text, value in zip(texts, typed, strict=True) if not _validator(_as_key(one)).is_valid(value)]
    values[name] = typed if many else typed[0]
    return f"Parameter {name!r} is {wrong[0][:80]!r}, expected {_expected(one)}." if wrong else None


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "integer" and _WHOLE.match(text):
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _expected(schema: Mapping[str, Any]) -> str:
    """What a schema asks for, in words."""
    if "enum" in schema:
        return f"one of: {', '.join(schema['enum'])}"
    if schema["type"] == "integer":
        return f"a whole number from {schema['minimum']} to {schema['maximum']}"
    if schema["type"] == "boolean":
        return "true or false"
    if "format" in schema:
        return _FORMATS[schema["format"]]
    words: str = schema.get("description", f"Text of 1 to {schema.get('maxLength')} characters").rstrip(".")
    return words if words[:2].isalpha() and words[:2].isupper() else words[0].lower() + words[1:]


def is_jsonpath(text: str) -> bool:
    """Whether *text* is a JSONPath."""
    import jsonpath  # noqa: PLC0415  only searches that use it pay for its import

    try:
        jsonpath.compile(text)
    except (jsonpath.JSONPathError, re.error, RecursionError):
        return False
    return True


@cache
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(
        orjson.loads(schema), validate_formats=True, formats={"jsonpath": is_jsonpath}, offline=True
    )


def _as_key(schema: Mapping[str, Any]) -> bytes:
    return orjson.dumps(schema)


async def read_body(
    request: Request, schema_for: Callable[[Any], Mapping[str, Any]], default: Any = _NO_DEFAULT
) -> Any:
    """
    The JSON body if it meets the schema that *schema_for* gives for it; `QueryError` with every fault.

    *default* stands for an empty body where one is given.
    """
    body = await _bounded_body(request)
    if not body and default is not _NO_DEFAULT:
        return default
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        found = f"is {kind[:80]!r}" if kind else "is missing"
        raise QueryError(f"Header 'content-type' {found}, expected 'application/json'.", status=415)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"Body is not JSON: {error}.") from None
    schema = schema_for(value)
    _check_depth(value)
    reasons = misfits(value, schema)
    if reasons:
        raise QueryError(in_words(reasons, "Body"), reasons)
    return value


def in_words(reasons: Sequence[Mapping[str, str]], whole: str) -> str:
    """*reasons* on one line, the first twenty; *whole* stands for what is wrong at no place in particular."""
    told = "; ".join(f"{each['field'] or whole}: {each['reason']}" for each in reasons[:_MOST_REASONS])
    return told + (f"; and {len(reasons) - _MOST_REASONS} more." if len(reasons) > _MOST_REASONS else "")


def misfits(value: Any, schema: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Where *value* does not fit *schema*, and why: each with *field*, a JSON Pointer, and *reason*."""
    return tuple(
        {"field": pointer_to(error.instance_path), "reason": _fault(error, schema)}
        for error in _validator(_as_key(schema)).iter_errors(value)
    )


def _check_depth(value: Any) -> None:
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise QueryError("Body is nested too deep, at most 254 levels are read here.") from None


async def _bounded_body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MOST_BODY:
            raise QueryError(f"Body has more than {_MOST_BODY} bytes, the most that is read here.", status=413)
        chunks.append(chunk)
    return b"".join(chunks)


def _fault(error: Any, schema: Any) -> str:
    """What is wrong at one place: in the words of the schema there, where it has some and they say more."""
    *way, keyword = error.schema_path or ("",)
    for part in way:
        schema = schema[part]
    if keyword == "enum":
        known = [str(name) for name in error.kind.options]
        return f"{_shown(error.instance)} is not known. Known: {', '.join(_likely(str(error.instance), known))}."
    if keyword == "additionalProperties" and "patternProperties" not in schema:
        return " ".join(_unknown_member(name, schema.get("properties", {})) for name in error.kind.unexpected)
    if keyword in _CHOICES and "description" in schema:
        return f"{_shown(error.instance)} is not what is expected. {schema['description']}"
    message: str = error.message
    return message if len(message) <= 3 * _LONGEST_SHOWN else f"{message[: 3 * _LONGEST_SHOWN]}…"


def _likely(name: str, known: Sequence[str]) -> Sequence[str]:
    """All of *known* where they are few, those like *name* where they are many."""
    if len(known) <= _MOST_NAMED:
        return known
    return get_close_matches(name, known, n=3) or known[:_MOST_NAMED]


def _unknown_member(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return f"Member {name[:_LONGEST_SHOWN]!r} is not known here.{meant} Known: {', '.join(sorted(known)) or 'none'}."


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()[:_LONGEST_SHOWN]


def read_query(given: Mapping[str, Any]) -> Query:
    """A query of the journal from the parameters of a listing."""
    where = [tuple(entry.split("=", 1)) for entry in given.get("where", ())]
    where += [(name, given[name]) for name in ("type", "action") if name in given]
    return Query(
        rows=RowFilter(
            **{name: given.get(name) for name in _OF_ROWS},
            answered=answered_range(given["answered"]) if "answered" in given else None,
            since_us=_moment("since", given.get("since")),
            until_us=_moment("until", given.get("until")),
        ),
        where=tuple((path, value) for path, value in where),
        jsonpath=given.get("jsonpath"),
        cursor=_cursor(given.get("cursor"), given.get("order")),
        descending=given.get("order") == "newest",
        limit=given.get("limit", 100),
    )


def _cursor(text: str | None, order: str | None) -> tuple[int, int] | None:
    """The place after which to go on; a record's id alone stands for all of its items."""
    if text is None:
        return None
    whole = -1 if order == "newest" else _MOST_BODY
    record_id, _, index = text.partition(".")
    return id_number(record_id) or 0, int(index) if index else whole


def _moment(name: str, text: str | None) -> int | None:
    """A parameter that is a moment, as microseconds since 1970."""
    if text is None:
        return None
    at_us = moment_us(text)
    if at_us is None:
        fault = f"Parameter {name!r} is {text[:80]!r}, expected {_FORMATS['date-time']}."
        raise QueryError(fault, ({"field": name, "reason": fault},))
    return at_us


def moment_us(text: str) -> int | None:
    """The moment of an RFC 3339 text as microseconds since 1970; None for one that no calendar of ours has."""
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:  # RFC 3339 knows a year 0 and leap seconds, Python does not
        return None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
