"""
The few rules that JSON Schema cannot say, since they compare members with each other or with the time of arrival.

Each is named in ``rules.json``, which gives its arguments; a check answers whether a value is as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from mockodp_contracts.errors import BrokenContract

Holds = Callable[[Any], bool]
"""Whether a value keeps a rule."""

Check = Callable[[datetime | None], Holds]
"""Gives what asks the values of a document that arrived then; without a time every value keeps a rule about time."""


def check(said: Mapping[str, Any]) -> Check:
    """The check of a rule, bound to its arguments."""
    if said["name"] == "members_differ":
        return _members_differ(said["members"])
    if said["name"] == "not_after_arrival":
        return _not_after_arrival(timedelta(seconds=said["tolerance_s"]))
    if said["name"] == "listed_together":
        return _listed_together(said["members"], said["known"])
    raise BrokenContract(f"{said['name']!r} is not a check. Known: listed_together, members_differ, not_after_arrival.")


def _members_differ(members: Sequence[str]) -> Check:
    """No two of these members have the same value; empty ones aside."""
    first, second, third = members

    def holds(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        a, b, c = value.get(first), value.get(second), value.get(third)
        return not ((a and a in (b, c)) or (b and b == c))

    return lambda _: holds


def _listed_together(members: Sequence[str], known: Mapping[str, Sequence[str]]) -> Check:
    """Where the first member's value is a name of *known*, the second one's is listed there, or absent."""
    first, second = members
    listed = {name: frozenset(values) for name, values in known.items()}

    def holds(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        name, other = value.get(first), value.get(second)
        if not isinstance(name, str) or not isinstance(other, str) or name not in listed:
            return True
        return other in listed[name]

    return lambda _: holds


def _not_after_arrival(tolerance: timedelta) -> Check:
    """
    A time is not after its arrival; one without a zone is in UTC.

    Texts in the form of JavaScript's ``toISOString`` order as the times do, so most are compared as they are, with
    the time of arrival to the second.
    """

    def at(now: datetime | None) -> Holds:
        if now is None:
            return lambda _: True
        past, latest = _to_the_second(int(now.timestamp())), now + tolerance
        return lambda value: (
            (isinstance(value, str) and value[-1:] == "Z" and "0" <= value <= past) or not _is_after(value, latest)
        )

    return at


def _is_after(value: Any, latest: datetime) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return False  # another rule says that this is no time
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) > latest


@lru_cache(maxsize=8)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
