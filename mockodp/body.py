"""
From the bytes of a body to its items, or every reason why not. Knows nothing of keys, routes or answers.

Stricter than JavaScript where leniency would hide a mistake: duplicate names, NaN and Infinity, and lone surrogates
are refused, because two readers would read two different events.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import orjson

from mockodp.errors import TooLarge, Undecodable, UnsupportedMedia

Items = list[dict[str, Any]]

REASONS_SHOWN: Final = 100
_SNIPPET: Final = 16
_MOST_MEMBERS: Final = 100
_LONGEST_SHOWN: Final = 200
_LEVELS_AROUND: Final = 14
_TOO_DEEP: Final = f"Body is nested deeper than {254 - _LEVELS_AROUND} levels."
_ESCAPED_COLON: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u003[aA]")
_MOST_READ_SLOWLY: Final = 1024 * 1024
_NO_NUMBER: Final = re.compile(r"[-+]?(nan|inf(inity)?)\b", re.I)


def decode(body: bytes, *, content_type: str | None, encoding: str | None, max_body: int, max_items: int) -> Items:
    """
    The items of a write.

    Raises `UnsupportedMedia`, `TooLarge` or `Undecodable`; the latter lists every item that is no object.
    """
    _check_content_type(content_type)
    text = inflated(body, encoding, max_body)
    items = _parsed(text)
    if isinstance(items, list) and len(items) > max_items:
        raise TooLarge(f"Batch has {len(items)} items, the limit is {max_items}. Send it in smaller parts.")
    if isinstance(items, list | dict):
        _check_names(text, _rendered(items))
    if not isinstance(items, list):
        raise Undecodable(f"Body is {_article(items)}, expected an array of objects.")
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
    parts: list[bytes] = []
    size, rest = 0, body
    while rest:
        if len(parts) == _MOST_MEMBERS:
            raise Undecodable(f"The gzip stream of the body has more than {_MOST_MEMBERS} members.")
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
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Undecodable(_explained(text, error)) from None


def _rendered(value: Any) -> bytes:
    """The value as we write it, which must still be possible where a listing holds it."""
    for _ in range(_LEVELS_AROUND):
        value = [value]
    try:
        return orjson.dumps(value)[_LEVELS_AROUND:-_LEVELS_AROUND]
    except orjson.JSONEncodeError:
        raise Undecodable(_TOO_DEEP) from None


def _check_names(text: bytes, rendered: bytes) -> None:
    """
    Refuse an object that has one name twice, which orjson reads without a word.

    A text as `JSON.stringify` writes it equals its own rendering and never gets here. Else a lost member shows as
    a lost colon; only then the slower reader runs, which knows each name.
    """
    if rendered == text or rendered.count(b":") == text.count(b":") + len(_ESCAPED_COLON.findall(text)):
        return
    if len(text) > _MOST_READ_SLOWLY:
        raise Undecodable("Body has objects with the same name twice, so that one of the two values would be lost.")
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_int=str, parse_float=str)
    except RecursionError:  # a member that was lost may be nested deeper than those that are left
        raise Undecodable(_TOO_DEEP) from None
    reasons = tuple(
        _of_item(index, f"The name {name[:80]!r} stands twice in the object at {_shortened(pointer)!r}.")
        for index, pointer, name in islice(_doubled(document), REASONS_SHOWN)
    )
    if reasons:
        raise Undecodable(
            f"Body has objects with the same name twice, so that one of the two values would be lost. "
            f"{reasons[0]['message']}", reasons=reasons
        )  # fmt: skip


def _of_item(index: int | None, message: str) -> dict[str, Any]:
    """A reason, with the item it is about if the body is an array."""
    return {"message": message} if index is None else {"event": index, "message": message}


class _Doubled(dict[str, Any]):
    """An object some of whose *names* stand twice in it."""

    names: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    doubled = _Doubled(members)
    doubled.names = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return doubled


def _doubled(document: Any) -> Iterator[tuple[int | None, str, str]]:
    """Index of the item, pointer of the object and name of each member that stands twice."""
    waiting = [("", document)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, _Doubled):
            index = pointer[1:].partition("/")[0]
            yield from ((int(index) if index.isdecimal() else None, pointer, name) for name in value.names)
        if isinstance(value, dict | list):
            members = value.items() if isinstance(value, dict) else enumerate(value)
            inner = [
                (f"{pointer}/{_escaped(name)}", member) for name, member in members if isinstance(member, dict | list)
            ]
            waiting += reversed(inner)


def _escaped(name: str | int) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _explained(text: bytes, error: orjson.JSONDecodeError) -> str:
    """Why a text is not JSON: the usual mistakes by name, else the reader's words and the place."""
    if not text.strip(b" \t\r\n"):
        blank = ", all blank" if text else ""
        return f"Body is empty ({len(text)} bytes{blank}), expected a JSON array of objects."
    if text.startswith(b"\xef\xbb\xbf"):
        return "Body begins with a byte order mark, which JSON does not allow."
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as fault:
        return f"Body is not UTF-8: byte {text[fault.start]:#04x} at position {fault.start} ({fault.reason})."
    if error.msg.startswith("depth limit"):
        return _TOO_DEEP
    place = f"line {error.lineno} column {error.colno}"
    near = decoded[max(0, error.pos - _SNIPPET) : error.pos + _SNIPPET]
    if _NO_NUMBER.match(decoded, max(0, error.pos - 1)) or _NO_NUMBER.match(decoded, error.pos):
        return f"Body has NaN or Infinity at {place}, which JSON does not know; near {near!r}."
    if "surrogate" in error.msg:
        return f"Body has a lone surrogate in the text at {place}, which is no character; near {near!r}."
    return f"Body is not JSON: {error.msg} at {place}; near {near!r}."


def _not_objects(wrong: Iterable[tuple[int, Any]], count: int) -> Undecodable:
    reasons = tuple(
        {"event": index, "message": f"Item {index} is {_article(item)}, expected an object."} for index, item in wrong
    )
    more = f" The first {REASONS_SHOWN} are listed." if len(reasons) > REASONS_SHOWN else ""
    return Undecodable(f"{len(reasons)} of {count} items are not objects.{more}", reasons=reasons[:REASONS_SHOWN])


def _article(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
