"""
From the bytes of a body to its items, or every reason why not. Knows nothing of keys, routes or answers.

Stricter than JavaScript where leniency would hide a mistake: duplicate names, NaN and Infinity, and lone surrogates
are refused, because two readers would read two different events.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable
from typing import Any, Final

import orjson

from mockodp.errors import TooLarge, Undecodable, UnsupportedMedia

Items = list[dict[str, Any]]

REASONS_SHOWN: Final = 100
_SNIPPET: Final = 24
_MOST_LEVELS: Final = 254


def decode(body: bytes, *, content_type: str | None, encoding: str | None, max_body: int, max_items: int) -> Items:
    """
    The items of a write.

    Raises `UnsupportedMedia`, `TooLarge` or `Undecodable`; the latter lists every item that is no object.
    """
    _check_content_type(content_type)
    text = inflated(body, encoding, max_body)
    items = _parsed(text)
    if not isinstance(items, list):
        raise Undecodable(f"Body is {_article(items)}, expected an array of objects.")
    if len(items) > max_items:
        raise TooLarge(f"Batch has {len(items)} items, the limit is {max_items}. Send it in smaller parts.")
    wrong = [(index, item) for index, item in enumerate(items) if type(item) is not dict]
    if wrong:
        raise _not_objects(wrong, len(items))
    return items


def inflated(body: bytes, encoding: str | None, limit: int) -> bytes:
    """The body without its content encoding."""
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        return body
    if name not in ("gzip", "x-gzip"):
        raise UnsupportedMedia(f"Content encoding is {encoding!r}, expected gzip or none.")
    parts, size, rest = [], 0, body
    while rest:
        stream = zlib.decompressobj(wbits=31)
        try:
            part = stream.decompress(rest, limit + 1 - size)
        except zlib.error as error:
            raise Undecodable(f"Body is not gzip, though its content encoding says so: {error}.") from None
        size += len(part)
        if size > limit:
            raise TooLarge(f"Body inflates to more than {limit} bytes, the limit.")
        if not stream.eof:
            raise Undecodable(f"The gzip stream of the body ends too early, after {size} inflated bytes.")
        parts.append(part)
        rest = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _check_content_type(content_type: str | None) -> None:
    if content_type is None:
        raise UnsupportedMedia("Header 'content-type' is missing, expected 'application/json'.")
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMedia(f"Content type is {kind!r}, expected 'application/json'.")


def _parsed(text: bytes) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Undecodable(_explained(text, error)) from None
    if type(value) is list or type(value) is dict:
        _check_duplicates(text, _rendered(value))
    return value


def _rendered(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise Undecodable(f"Body is nested deeper than {_MOST_LEVELS} levels.") from None


def _check_duplicates(text: bytes, rendered: bytes) -> None:
    """
    Refuse an object that has one name twice, which orjson reads without a word.

    A text as `JSON.stringify` writes it equals its own rendering and never gets here. Else a lost member shows as
    a lost colon, but for an escaped colon; only then the slower reader runs, which knows each name.
    """
    if rendered == text or (rendered.count(b":") == text.count(b":") and b"\\u003" not in text.lower()):
        return
    duplicates: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        duplicates.extend(sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else ())
        return dict(pairs)

    json.loads(text, object_pairs_hook=members, parse_int=str, parse_float=str)
    if duplicates:
        shown = ", ".join(repr(name[:80]) for name in duplicates[:10])
        raise Undecodable(f"Body has an object with the same name twice: {shown}. One of the two values would be lost.")


def _explained(text: bytes, error: orjson.JSONDecodeError) -> str:
    if not text.strip():
        return f"Body is empty ({len(text)} bytes, all blank), expected a JSON array of objects."
    if text.startswith(b"\xef\xbb\xbf"):
        return "Body begins with a byte order mark, which JSON does not allow."
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as fault:
        return f"Body is not UTF-8: byte {text[fault.start]:#04x} at position {fault.start} ({fault.reason})."
    near = decoded[max(0, error.pos - _SNIPPET // 2) : error.pos + _SNIPPET // 2]
    if re.match(r"-?(NaN|Infinity)", decoded[error.pos :]) or re.search(r"(NaN|-?Infinity)$", decoded[: error.pos + 3]):
        return f"Body has NaN or Infinity at line {error.lineno} column {error.colno}, which JSON does not know: {near!r}."
    return f"Body is not JSON: {error.args[0]}; near {near!r}."


def _not_objects(wrong: Iterable[tuple[int, Any]], count: int) -> Undecodable:
    reasons = tuple(
        {"event": index, "message": f"Item {index} is {_article(item)}, expected an object."} for index, item in wrong
    )
    more = f" The first {REASONS_SHOWN} are listed." if len(reasons) > REASONS_SHOWN else ""
    return Undecodable(
        f"{len(reasons)} of {count} items are not objects.{more}", reasons=reasons[:REASONS_SHOWN]
    )


def _article(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
