"""Where a path of a trigger leads: into the properties, traits or context of an event."""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.triggers.errors import nothing_read, type_error
from mockodp_harness.segment.triggers.inherited import inherited
from mockodp_harness.segment.values import UNDEFINED, Function, is_index, is_truthy, length, to_text, units

_SEPARATORS: Final = pattern(r"[.\[\]]")


def at_path(holder: Any, path: Any) -> Any:
    """What is in *holder* at *path*, which an AST may give as anything."""
    if not is_truthy(path):
        return UNDEFINED
    if isinstance(path, list):
        return found(holder, list(map(to_text, path))) if path else holder
    if not isinstance(path, str):
        raise type_error("path.match is not a function")
    return found(holder, pieces(path))


def pieces(path: str) -> list[str]:
    """The names that *path* is made of; `TriggerError` if there is none."""
    found = [piece for piece in _SEPARATORS().split(path) if piece]
    if not found:
        raise nothing_read("reduce", "null")
    return found


def found(holder: Any, pieces: list[str]) -> Any:
    """What is in *holder* at *pieces*, or the first value on the way there that is falsy."""
    value = holder
    for piece in pieces:
        if not is_truthy(value):
            break
        value = _member(value, piece)
    return value


def _member(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value[name] if name in value else inherited(value, name)
    if isinstance(value, str | list):
        return _item(value, name)
    if isinstance(value, Function) and name in {"name", "length"}:
        return getattr(value, name)
    return inherited(value, name)


def _item(value: str | list[Any], name: str) -> Any:
    """A member of what has a length and indexes; those of texts count UTF-16 code units."""
    if name == "length":
        return length(value) if isinstance(value, str) else len(value)
    items = units(value) if isinstance(value, str) else value
    return items[int(name)] if is_index(name) and int(name) < len(items) else inherited(value, name)
