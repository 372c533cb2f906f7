"""
What the source code of plans calls: the reading and coercion of single raw values, and the error for odd ones.

What is returned is written by orjson as JavaScript writes it.
"""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.payload.compiling import Cell, Gone, Odd
from mockodp_harness.segment.reading import LEAST_DECIMAL, exact, is_plain
from mockodp_harness.segment.values import UNDEFINED, number, to_text

MISSING: Final = object()
_SMALL: Final = 2**30
_SCALARS: Final = (int, float, bool)


class OddValue(Exception):
    """A value that a plan leaves to validation."""


def has_usual_context(event: Any) -> bool:
    """Whether the framework finds no fault in the context of a raw event: neither it nor its personas are null."""
    context = event.get("context", MISSING) if event.__class__ is dict else None
    return context.get("personas", MISSING) is not None if context.__class__ is dict else context is not None


def is_small(name: str) -> str:
    """The expression that says whether the variable *name* is an integer as most are, quick to test."""
    return f"({name}.__class__ is int and 0 <= {name} < {_SMALL})"


def is_decimal(name: str) -> str:
    """The expression that says whether *name* is a float that Python writes as JavaScript does."""
    return f"{name}.__class__ is float and {LEAST_DECIMAL} <= {name} < {_SMALL} and {name} % 1"


class _Null:
    """Null, whose every member is null on a path."""

    def get(self, _name: str, _default: Any = None) -> None:
        return None


_NULL: Final = _Null()


def holder(value: Any) -> Any:
    """What members of a value that is no object are read from: those of null are null."""
    if value is None:
        return _NULL
    raise OddValue


def text(value: Any) -> str:
    """A number or boolean as text."""
    if value.__class__ in _SCALARS:
        return to_text(exact(value))
    raise OddValue


def inserted(value: Any) -> str:
    """The text that stands for a value in a template."""
    return value if value.__class__ is str else ("" if value is None else text(value))


def item_text(value: Any) -> str:
    """A text, where null is an empty one."""
    return "" if value is None else text(value)


def numeric(value: Any) -> int | float | None:
    """A number as it is written; None for an empty text."""
    return None if value == "" and value.__class__ is str else item_number(value)


def item_number(value: Any) -> int | float:
    """A number as it is written."""
    if value.__class__ is int or value.__class__ is float:
        return plain(number(value))  # type: ignore[no-any-return]
    raise OddValue


def whole(value: Any) -> Any:
    """An object that is taken as it is; None for an empty text."""
    if value.__class__ is dict and is_plain(value):
        return value
    if value == "" and value.__class__ is str:
        return None
    raise OddValue


def plain(value: Any) -> Any:
    """Any value that is taken as it is."""
    if is_plain(value):
        return value
    raise OddValue


def listed(value: Any) -> list[Any]:
    """A lone object as a list."""
    if value.__class__ is dict:
        return [value]
    raise OddValue


def by_cell(cell: Cell, value: Any) -> Any:
    """What validation makes of a value; None if that removes it."""
    made = cell(exact(value))
    if made is value and made.__class__ is str:
        return made
    if made is Gone:
        return None
    if made is Odd:
        raise OddValue
    return plain(made)


SCOPE: Final[dict[str, Any]] = {
    "NOTHING": {},
    "MISSING": MISSING,
    "OddValue": OddValue,
    "MappingError": MappingError,
    "UNDEFINED": UNDEFINED,
    **{
        each.__name__: each
        for each in (holder, text, inserted, item_text, numeric, item_number, whole, plain, listed, by_cell, exact)
    },
}
