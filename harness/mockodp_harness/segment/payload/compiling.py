"""
Schemas as functions, for speed: a payload as most are is cleaned, judged and coerced in one pass.

A value that needs any thought sends its payload to `remove_empty` and `validate`, which alone decide about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

from mockodp_harness.segment.payload import soundness
from mockodp_harness.segment.payload.emptiness import remove_empty, types_of
from mockodp_harness.segment.payload.formats import FORMATS
from mockodp_harness.segment.payload.mismatch import Mismatch
from mockodp_harness.segment.payload.schema import Schema
from mockodp_harness.segment.payload.validation import DYNAMIC_SETTINGS, validate
from mockodp_harness.segment.values import to_text

Cell = Callable[[Any], Any]
_CLASSES: Final[dict[str, type]] = {
    "string": str, "number": int, "integer": int, "boolean": bool, "null": type(None), "object": dict,
}  # fmt: skip
_SCALARS: Final = (int, float, bool)
LIMITS: Final = ("enum", "minLength", "maxLength", "minimum", "maximum", "format")


class Checked(NamedTuple):
    """A payload as it is after validation, and what in it did not fit."""

    payload: Any
    mismatches: list[Mismatch]


class Gone:
    """An empty value that is removed."""


class Odd:
    """A value that only the interpreting functions judge."""


def compiled(
    schema: Schema, *, root: bool = True, exempt: Collection[str] = (DYNAMIC_SETTINGS,)
) -> Callable[[Any], Checked]:
    """A function of a mapping's result: `remove_empty` with *root*, then `validate`; the argument stays as it is."""
    soundness.check(schema)
    cell = _object(schema, top=root, clean=True)

    def check(value: Any) -> Checked:
        made = cell(value) if value.__class__ is dict and value.keys().isdisjoint(exempt) else Odd
        if made is not Odd:
            return Checked(made, [])
        payload = remove_empty(value, schema, root=root)
        return Checked(payload, validate(payload, schema, exempt=exempt))

    is_plain = "allOf" not in schema and types_of(schema) == ("object",)
    return check if is_plain else _interpreted(schema, root, exempt)


def _interpreted(schema: Schema, root: bool, exempt: Collection[str]) -> Callable[[Any], Checked]:
    def check(value: Any) -> Checked:
        payload = remove_empty(value, schema, root=root)
        return Checked(payload, validate(payload, schema, exempt=exempt))

    return check


def cell_of(schema: Schema, *, top: bool = False, clean: bool) -> Cell:
    """
    The function of one value: what it becomes, `Gone` or `Odd`.

    *top* is for the fields of a single event, *clean* for where empty values are removed, which is not inside arrays.
    """
    types = types_of(schema)
    if "allOf" in schema or not types:
        return lambda _: Odd
    if types == ("array",):
        return _array(schema) if clean and "enum" not in schema else lambda _: Odd
    if types == ("object",) and "properties" in schema:
        return _object(schema, top=False, clean=clean)
    if types == ("string",) and not any(limit in schema and schema[limit] != "text" for limit in LIMITS):
        return _text(top, clean)
    return _scalar(schema, types, top, clean)


def _text(top: bool, clean: bool) -> Cell:
    blank: Any = Gone if top else ""
    null: Any = Gone if clean else ""

    def cell(value: Any) -> Any:
        if value.__class__ is str:
            return value or blank
        if value is None:
            return null
        return to_text(value) if value.__class__ in _SCALARS else Odd

    return cell


def _scalar(schema: Schema, types: Collection[str], top: bool, clean: bool) -> Cell:
    classes = {_CLASSES[kind] for kind in types if kind in _CLASSES}
    floats = "number" in types
    fits = _limits(schema)
    empty: Any = Gone if clean else Odd
    has_null, has_text = "null" in types, "string" in types

    def cell(value: Any) -> Any:
        if value is None and not has_null:
            return empty
        if value == "" and value.__class__ is str and (top or not has_text):
            return Gone if top else empty
        if value.__class__ in classes or (floats and value.__class__ is float and math.isfinite(value)):
            return value if fits is None or fits(value) else Odd
        return Odd

    return cell


def _limits(schema: Schema) -> Callable[[Any], bool] | None:
    """Whether a value keeps the limits of *schema*; None if there are none."""
    limits = {key: schema[key] for key in LIMITS if key in schema}
    if not limits:
        return None
    form = FORMATS.get(limits.get("format", ""))
    if limits.keys() == {"format"}:
        return lambda value: form is None or value.__class__ is not str or form(value)
    texts = {choice for choice in limits.get("enum", ()) if isinstance(choice, str)}
    if limits.keys() == {"enum"}:
        return lambda value: value.__class__ is str and value in texts
    return lambda _: False


def _array(schema: Schema) -> Cell:
    items = schema.get("items", {})
    item_cell = cell_of(items, clean=False)
    types = types_of(items)
    drops_null, drops_blank = "null" not in types, "string" not in types

    def cell(value: Any) -> Any:
        if value.__class__ is not list:
            return Gone if value is None or (value == "" and value.__class__ is str) else Odd
        made = []
        for item in value:
            if (item is None and drops_null) or (drops_blank and item == "" and item.__class__ is str):
                continue
            kept = item_cell(item)
            if kept is Odd:
                return Odd
            made.append(kept)
        return made

    return cell


def _object(schema: Schema, *, top: bool, clean: bool) -> Cell:
    cells = {name: cell_of(inner, top=top, clean=clean) for name, inner in schema.get("properties", {}).items()}
    required = tuple(schema.get("required", ()))
    keeps_others = schema.get("additionalProperties") is not False
    drops_blanks = top and "properties" in schema
    is_judged = "enum" in schema

    def cell(value: Any) -> Any:
        if value.__class__ is not dict or is_judged:
            return Gone if clean and (value is None or (value == "" and value.__class__ is str)) else Odd
        made = {}
        for name, member in value.items():
            if name in cells:
                kept = cells[name](member)
                if kept is Odd:
                    return Odd
                if kept is not Gone:
                    made[name] = kept
            elif keeps_others and not (drops_blanks and member == "" and member.__class__ is str):
                made[name] = member
        for name in required:
            if name not in made:
                return Odd
        return made

    return cell
