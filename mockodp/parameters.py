"""Reads the query and the body of a control call by their schemas; whatever is wrong is told all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jsonschema_rs
import orjson
from starlette.requests import Request

from mockodp.errors import QueryError
from mockodp.journal import Query, RowFilter
from mockodp.records import id_number

Parameter = Mapping[str, Any]

_MOST_BODY: Final = 1024 * 1024
_NO_DEFAULT: Final = object()


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
    if schema.get("type") == "array":
        values[name] = texts
    elif len(texts) > 1:
        return f"Parameter {name!r} is given {len(texts)} times, expected once."
    else:
        values[name] = _typed(texts[0], schema)
    error = next(_validator(orjson.dumps(schema).decode()).iter_errors(values[name]), None)
    return None if error is None else f"Parameter {name!r}: {error.message}."


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "integer" and text.isascii() and text.isdigit() and len(text) < 19:  # noqa: PLR2004
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


@cache
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(orjson.loads(schema))


async def read_body(request: Request, validator: Any, default: Any = _NO_DEFAULT) -> Any:
    """The JSON body if it meets the schema of *validator*; *default* for an empty body where one is given."""
    body = await request.body()
    if not body and default is not _NO_DEFAULT:
        return default
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise QueryError(f"Header 'content-type' is {kind or 'missing'!r}, expected 'application/json'.")
    if len(body) > _MOST_BODY:
        raise QueryError(f"Body has {len(body)} bytes, at most {_MOST_BODY} are read here.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"Body is not JSON: {error}.") from None
    reasons = tuple(
        {"field": "".join(f"/{part}" for part in error.instance_path), "reason": error.message}
        for error in validator.iter_errors(value)
    )
    if reasons:
        raise QueryError("; ".join(f"{each['field'] or 'Body'}: {each['reason']}" for each in reasons[:5]), reasons)
    return value


def read_query(given: Mapping[str, Any]) -> Query:
    """A query of the journal from the parameters of a listing."""
    where = [tuple(entry.split("=", 1)) for entry in given.get("where", ())]
    where += [(name, given[name]) for name in ("type", "action") if name in given]
    return Query(
        rows=RowFilter(
            **{name: given.get(name) for name in ("account", "region", "endpoint", "status", "verdict", "accepted")},
            since_us=_moment("since", given.get("since")),
            until_us=_moment("until", given.get("until")),
        ),
        where=tuple((path, value) for path, value in where),
        jsonpath=given.get("jsonpath"),
        cursor=_cursor(given.get("cursor")),
        descending=given.get("order") == "newest",
        limit=given.get("limit", 100),
    )


def _cursor(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    record_id, _, index = text.partition(".")
    return id_number(record_id) or 0, int(index) if index else -1


def _moment(name: str, text: str | None) -> int | None:
    """A moment as microseconds since 1970; without a zone it is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("z", "Z").replace("t", "T"))
    except ValueError:
        raise QueryError(f"Parameter {name!r} is {text[:80]!r}, expected a time as 2026-11-23T10:00:00Z.") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
