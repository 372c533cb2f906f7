"""
The few rules that JSON Schema cannot say, since they compare members with each other or with the time of arrival.

Each is named in ``rules.json``, which gives its arguments; a check answers whether a value is as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mockodp_contracts.errors import BrokenContract

Holds = Callable[[Any], bool]
"""Whether a value keeps a rule."""


def check(said: Mapping[str, Any], now: datetime | None) -> Holds | None:
    """The check of a rule, bound to its arguments; None if it needs a time and there is none."""
    if said["name"] == "members_differ":
        return _members_differ(said["members"])
    if said["name"] == "not_after_arrival":
        return None if now is None else _not_after(now + timedelta(seconds=said["tolerance_s"]))
    if said["name"] == "listed_together":
        return _listed_together(said["members"], said["known"])
    raise BrokenContract(f"{said['name']!r} is not a check. Known: listed_together, members_differ, not_after_arrival.")


def _members_differ(members: Sequence[str]) -> Holds:
    """No two of these members have the same value; empty ones aside."""
    first, second, third = members

    def holds(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        a, b, c = value.get(first), value.get(second), value.get(third)
        return not ((a and a in (b, c)) or (b and b == c))

    return holds


def _listed_together(members: Sequence[str], known: Mapping[str, Sequence[str]]) -> Holds:
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

    return holds


def _not_after(latest: datetime) -> Holds:
    """
    A time is not after *latest*; one without a zone is in UTC.

    Texts in the form of JavaScript's ``toISOString`` order as the times do, so most are compared as they are.
    """
    text = latest.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def holds(value: Any) -> bool:
        if not isinstance(value, str) or (value <= text and value.endswith("Z") and value[:1] in "012"):
            return True
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return True  # another rule says that this is no time
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) <= latest

    return holds
