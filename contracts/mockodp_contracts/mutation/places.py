"""
Places in a document: finding those that a path means, and copies of the document with another value there.

A path is a list of member names and indices; in the path of a constraint the part ``*`` is any index or other member.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mockodp_contracts.mutation.operators import FRESH
from mockodp_contracts.violation import ABSENT

Concrete = tuple[str | int, ...]


def at(document: Any, path: Sequence[str | int]) -> Any:
    """The value at *path*, or `ABSENT`."""
    value = document
    for part in path:
        if not (part in value if isinstance(value, dict) else _holds(value, part)):
            return ABSENT
        value = value[part]
    return value


def _holds(value: Any, part: str | int) -> bool:
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def replaced(document: Any, path: Sequence[str | int], value: Any) -> Any:
    """A copy of *document* with *value* at *path*, whose parent is there; what lies aside is shared."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(document, list):
        index = int(part)
        inner = replaced(document[index] if index < len(document) else ABSENT, rest, value)
        return [*document[:index], inner, *document[index + 1 :]]
    return {**document, part: replaced(document.get(part, ABSENT), rest, value)}


def found(document: Any, path: Sequence[str], named: Mapping[tuple[str, ...], Collection[str]]) -> Iterator[Concrete]:
    """
    The places that *path* means in *document*, and those where only the last part lacks: a member, one item more.

    Of an array the first and the last item are enough. *named* are the members, by path, that ``*`` does not mean.
    """
    yield from _found(document, tuple(path), (), named)


def _found(
    value: Any,
    path: tuple[str, ...],
    done: tuple[str, ...],
    named: Mapping[tuple[str, ...], Collection[str]],
) -> Iterator[Concrete]:
    if not path:
        yield ()
        return
    part, rest = path[0], path[1:]
    for name in _parts(value, part, named.get(done, ())):
        yield from ((name, *inner) for inner in _found(value[name], rest, (*done, part), named))
    if not rest:
        yield from _lacking(value, part)


def _lacking(value: Any, part: str) -> Iterator[Concrete]:
    if isinstance(value, list) and part == "*":
        yield (len(value),)
    elif isinstance(value, dict) and (FRESH if part == "*" else part) not in value:
        yield (FRESH if part == "*" else part,)


def _parts(value: Any, part: str, named: Collection[str]) -> Sequence[str | int]:
    if isinstance(value, list):
        return sorted({0, len(value) - 1}) if part == "*" and value else ()
    if isinstance(value, dict):
        return [name for name in value if name not in named] if part == "*" else [part] if part in value else ()
    return ()


def grown(document: Any, path: Sequence[str], arrays: Collection[tuple[str, ...]]) -> tuple[Any, Concrete] | None:
    """
    A copy of *document* in which the place *path* is, and the place; None where it cannot be made.

    Members that lack on the way become objects, those at *arrays* arrays; the last value is null.
    """
    value, place = document, list[str | int]()
    for depth, part in enumerate(path):
        holder = at(value, place)
        if isinstance(holder, list) and part == "*":
            place.append(0)
        elif isinstance(holder, dict) and not (part == "*" and tuple(path[:depth]) in arrays):
            place.append(FRESH if part == "*" else part)
        else:
            return None
        if at(value, place) is ABSENT:
            inner: Any = [] if tuple(path[: depth + 1]) in arrays else {}
            value = replaced(value, place, inner if depth + 1 < len(path) else None)
    return value, tuple(place)


def texts(value: Any, path: Concrete = ()) -> Iterator[Concrete]:
    """The places of all texts in *value*."""
    if isinstance(value, str):
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, member in members:
        yield from texts(member, (*path, part))
