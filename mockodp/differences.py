"""
Where a JSON value falls short of an expected one. What decides also explains: no difference is a match.

Partial: an expected object may have fewer members than the actual one; an expected array must have as many items.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One place where actual and expected differ; *pointer* is a JSON Pointer, ``""`` the whole value.

    *message* stands for the expected value where that is no value but a rule, such as one of a JSON Schema.
    """

    pointer: str
    expected: Any
    actual: Any = _MISSING
    message: str | None = None

    @property
    def weight(self) -> int:
        """How many values are missing or other; one that is not there at all is further off than another value."""
        return 2 * _leaves(self.expected) - (self.actual is not _MISSING)

    def shown(self) -> dict[str, Any]:
        """As JSON; a member that is not there has no ``actual``."""
        said = {"expected": self.expected} if self.message is None else {"message": self.message}
        shown = {"pointer": self.pointer, **said}
        return shown if self.actual is _MISSING else {**shown, "actual": self.actual}

    def __str__(self) -> str:
        actual = "was absent" if self.actual is _MISSING else f"was {self.actual!r}"
        said = f"expected {self.expected!r}, {actual}" if self.message is None else self.message
        return f"{self.pointer or '(item)'}: {said}"


def differences(expected: Any, actual: Any, pointer: str = "") -> list[Difference]:
    """Every place where *actual* falls short of *expected*, in the order of *expected*."""
    return list(_differences(expected, actual, pointer))


def _differences(expected: Any, actual: Any, pointer: str) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, member in expected.items():
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in actual:
                yield from _differences(member, actual[name], place)
            else:
                yield Difference(place, member)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (member, other) in enumerate(zip(expected, actual, strict=True)):
            yield from _differences(member, other, f"{pointer}/{index}")
    elif isinstance(expected, list) and isinstance(actual, list):
        counts = f"expected {_items(len(expected))}, had {len(actual)}: {expected!r} against {actual!r}"
        yield Difference(pointer, expected, actual, counts)
    elif not _equal(expected, actual):
        yield Difference(pointer, expected, actual)


def _items(count: int) -> str:
    return f"{count} item{'' if count == 1 else 's'}"


def _leaves(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(_leaves(member) for member in members) or 1


def _equal(expected: Any, actual: Any) -> bool:
    """JSON equality: 1 equals 1.0, true does not equal 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual) and not isinstance(expected, dict | list)
