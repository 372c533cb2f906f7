"""
What an action sends for a validated payload, as data: the members of an item in their order on the wire.

A layout is read by `item`, which is the reference, and by `plans`, which makes source code of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from mockodp_harness.segment.values import UNDEFINED, Object, ordered

Zone = str | tzinfo


class Member(NamedTuple):
    """A member by its name on the wire, with the value of a payload's field; *instead* stands for null or nothing."""

    name: str
    field: str
    instead: Any = UNDEFINED


class Constant(NamedTuple):
    """A member that is the same in every item."""

    name: str
    value: Any


class Derived(NamedTuple):
    """Members that a function makes of a field's value, or of None for nothing, and the zone of the process."""

    field: str
    members: Callable[[Any, Zone], Object]


class Layout(NamedTuple):
    """
    An item: all members of the object in the field *spread*, if there is one, then *parts*.

    A part takes the place of a spread member of its name, also where it is undefined: that member is gone.
    """

    parts: Sequence[Member | Constant | Derived]
    spread: str | None = None


def item(layout: Layout, payload: Mapping[str, Any], zone: Zone) -> Object:
    """The item that *layout* makes of *payload*."""
    made = dict(payload.get(layout.spread) or {}) if layout.spread else {}
    for part in layout.parts:
        made |= _members(part, payload, zone)
    return ordered({name: value for name, value in made.items() if value is not UNDEFINED})


def _members(part: Member | Constant | Derived, payload: Mapping[str, Any], zone: Zone) -> Object:
    if isinstance(part, Constant):
        return {part.name: part.value}
    if isinstance(part, Derived):
        return part.members(payload.get(part.field), zone)
    value = payload.get(part.field, UNDEFINED)
    is_absent = value is UNDEFINED or (value is None and part.instead is not UNDEFINED)
    return {part.name: part.instead if is_absent else value}
