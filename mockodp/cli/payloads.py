"""
The payloads in a file: JSON, NDJSON, or what the mock itself exported. Knows nothing of contracts but their names.

A payload that cannot be read is told as one with a reason, so that the others beside it are read.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from mockodp_contracts.violation import pointer_to, shortened

from mockodp.errors import EnvironmentNotReady, SettingsError

_ESCAPED_COLON: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u003[aA]")
_EXPORTED: Final = {"id", "account", "endpoint", "received_at"}
_OF_A_PAGE: Final = {"records", "items", "dropped", "next"}


class Payload(NamedTuple):
    """
    What stands at *place* of a file.

    *endpoint* is where the mock received it, if it did; *of_batch* says that it is one item of what it received there.
    *reason* says why there is nothing to judge.
    """

    place: str
    document: Any = None
    endpoint: str | None = None
    of_batch: bool = False
    reason: str = ""


def payloads(file: Path) -> Iterator[Payload]:
    """Each payload in *file*, or on standard input if that is ``-``; a file without any is wrong use."""
    name = "standard input" if str(file) == "-" else str(file)
    text = (sys.stdin.buffer.read() if str(file) == "-" else _read(file)).removeprefix(codecs.BOM_UTF8)
    found = 0
    for found, payload in enumerate(_of_file(name, text), 1):  # noqa: B007  counted for what follows
        yield payload
    if not found:
        raise SettingsError(f"{name} holds no payload.")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EnvironmentNotReady(f"{str(file)!r} cannot be read: {error.strerror}.") from error


def _of_file(name: str, text: bytes) -> Iterator[Payload]:
    if not text.strip():
        return
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        _check_encoding(name, text)
        lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0][1]):  # noqa: PLR2004  one line is no NDJSON
            raise SettingsError(f"{name} is not JSON: {error}.") from None
        for number, line in lines:
            yield from _of_line(f"{name}:{number}", line)
    else:
        yield from _of_document(name, text, document)


def _check_encoding(name: str, text: bytes) -> None:
    if b"\0" in text[:4]:  # as UTF-16 has it beside each letter
        raise SettingsError(f"{name} is not UTF-8 but UTF-16, as it seems. Save it as UTF-8.")
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{name} is not UTF-8: byte {text[error.start]:#04x} in line {line}. Save it as UTF-8."
        ) from None


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _of_line(place: str, line: bytes) -> Iterator[Payload]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield Payload(place, reason=f"The line is not JSON: {error}.")
    else:
        yield from _of_document(place, line, document)


def _of_document(place: str, text: bytes, document: Any) -> Iterator[Payload]:
    doubled = _doubled(text, document)
    if doubled:
        yield Payload(place, reason=f"{doubled} The mock refuses that with 400.")
    else:
        yield from _unwrapped(place, document)


def _unwrapped(place: str, document: Any) -> Iterator[Payload]:
    """What is in a page of an export, in a record or an item of one; anything else is a payload as it is."""
    if not isinstance(document, dict):
        yield Payload(place, document)
    elif document.keys() >= _EXPORTED and "item" in document:
        yield Payload(f"{place}, item {document['id']}", document["item"], document["endpoint"], of_batch=True)
    elif document.keys() >= _EXPORTED and "items" in document:
        yield from _of_record(f"{place}, record {document['id']}", document)
    elif document.keys() <= _OF_A_PAGE and (listed := [each for each in document.values() if isinstance(each, list)]):
        for one in listed[0]:
            yield from _unwrapped(place, one)
    else:
        yield Payload(place, document)


def _of_record(place: str, record: Mapping[str, Any]) -> Iterator[Payload]:
    """The batch of a record; nothing if its endpoint takes none."""
    if refusal := record.get("refusal"):
        said = refusal.get("message") if isinstance(refusal, dict) else refusal
        yield Payload(place, reason=f"The mock refused it: {said}")
    elif record.get("item_count", 0) is not None:
        yield Payload(place, record["items"], record["endpoint"])


def _doubled(text: bytes, document: Any) -> str:
    """
    Which name stands twice in an object, if one does; orjson keeps the last without a word.

    A lost member shows as a lost colon; only then the slower reader runs, which knows each name.
    """
    try:
        rendered = orjson.dumps(document)
    except orjson.JSONEncodeError:  # too deep: whoever judges it says so
        return ""
    if rendered == text or rendered.count(b":") == text.count(b":") + len(_ESCAPED_COLON.findall(text)):
        return ""
    try:
        return _told(json.loads(text, object_pairs_hook=_object, parse_int=str, parse_float=str))
    except RecursionError:  # what is lost may be nested deeper than what is left
        return "A name stands twice in an object."


class _Doubled(dict[str, Any]):
    """An object in which *name* stands twice."""

    name = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    doubled = _Doubled(members)
    [(doubled.name, _)] = Counter(name for name, _ in pairs).most_common(1)
    return doubled


def _told(document: Any) -> str:
    """The first object with a doubled name, and where it stands."""
    doubled = [(path, value.name) for path, value in _containers(document) if isinstance(value, _Doubled)]
    path, name = doubled[0] if doubled else ((), "")
    where = f" at {shortened(pointer_to(path))}" if path else ""
    return f"The name {shortened(name)} stands twice in the object{where}." if doubled else ""


def _containers(document: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every object and array in *document* with its path, outer ones first."""
    ahead: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while ahead:
        path, value = ahead.pop()
        yield path, value
        members = value.items() if isinstance(value, dict) else enumerate(value)
        ahead += reversed([((*path, name), each) for name, each in members if isinstance(each, dict | list)])
