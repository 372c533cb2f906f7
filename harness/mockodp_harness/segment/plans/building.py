"""From a layout and the fields of a payload to lines that build the item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mockodp_harness.segment.items import Constant, Derived, Layout, Member
from mockodp_harness.segment.plans.source import Fixed, Held, Source
from mockodp_harness.segment.values import UNDEFINED


def build(source: Source, layout: Layout, held: Mapping[str, Held]) -> None:
    """Lines that build the item: as one display as far as its members are certain, the others one by one."""
    parts = list(layout.parts)
    spread = held.get(layout.spread) if layout.spread else None
    if spread is None:
        source.add(f"item = {{{', '.join(_certain(source, parts, held))}}}")
    else:
        source.add(f"item = dict({_expression(source, spread)} or ())")
    for part in parts:
        _store(source, part, held, is_spread=spread is not None)
    source.add("return item")


def _certain(source: Source, parts: list[Member | Constant | Derived], held: Mapping[str, Held]) -> Sequence[str]:
    """The members at the beginning that every item has; they are taken off *parts*."""
    made = []
    while parts and not isinstance(parts[0], Derived):
        part = parts[0]
        value = _value(source, part, held)
        if value is None:
            break
        made.append(f"{part.name!r}: {value}")
        parts.pop(0)
    return made


def _value(source: Source, part: Member | Constant, held: Mapping[str, Held]) -> str | None:
    """The expression of a member that is certain to be there; None if it is not."""
    if isinstance(part, Constant):
        return source.constant(part.value)
    value = held.get(part.field)
    if value is None:
        return None if part.instead is UNDEFINED else source.constant(part.instead)
    if isinstance(value, Fixed):
        return source.constant(value.value)
    if part.instead is not UNDEFINED:
        return f"{value} if {value} is not None else {source.constant(part.instead)}"
    return value if value in source.certain else None


def _expression(source: Source, held: Held) -> str:
    if isinstance(held, Fixed):
        return source.constant(held.value)
    return "None" if held is None else held


def _store(source: Source, part: Member | Constant | Derived, held: Mapping[str, Held], *, is_spread: bool) -> None:
    if isinstance(part, Derived):
        given = _expression(source, held.get(part.field))
        source.add(f"item.update({source.constant(part.members)}({given}, zone))")
        return
    certain = _value(source, part, held)
    if certain is not None:
        source.add(f"item[{part.name!r}] = {certain}")
    elif isinstance(part, Member):
        value = _expression(source, held.get(part.field))
        source.add(f"if {value} is not None: item[{part.name!r}] = {value}")
        if is_spread:
            source.add(f"else: item.pop({part.name!r}, None)")
