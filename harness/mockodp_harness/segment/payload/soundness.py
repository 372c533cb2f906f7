"""
Whether a schema is one that ajv compiles in its strict mode, as far as Segment's schemas go; and the fields it is of.

A fault is told in ajv's words where ajv has some; keywords that this engine does not judge are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from mockodp_harness.segment.payload.formats import FORMATS, UNCHECKED
from mockodp_harness.segment.payload.mismatch import below
from mockodp_harness.segment.values import is_same

TYPES: Final = ("string", "number", "integer", "boolean", "null", "object", "array")
_OPERATORS: Final = ("is", "is_not")
Fault = Callable[[Any, str], None]


class SchemaError(ValueError):
    """A schema, or the fields it is made of, that cannot be; *name* is JavaScript's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.name = "Error"
        self.message = message


def check(schema: Any) -> None:
    """Raise `SchemaError` unless *schema* is sound."""
    try:
        _check(schema, "")
    except RecursionError:
        raise SchemaError("Maximum call stack size exceeded") from None


def _check(schema: Any, at: str) -> None:
    _check_keywords(schema, at, _KEYWORDS)
    form = schema.get("format")
    if form is not None and form not in FORMATS and form not in UNCHECKED:
        raise SchemaError(f'unknown format "{form}" ignored in schema at path "#{at}"')


def _check_condition(schema: Any, at: str) -> None:
    _check_keywords(schema, at, _CONDITIONS)


def _check_conditional(schema: Any, at: str) -> None:
    _check_keywords(schema, at, {"if": _check_condition, "then": _check})
    if schema.keys() != {"if", "then"}:
        found = " and ".join(f'"{name}"' for name in schema) or "nothing"
        raise SchemaError(f'The schema at {at} has {found}, expected "if" and "then".')


def _check_keywords(schema: Any, at: str, keywords: Mapping[str, Fault]) -> None:
    if not isinstance(schema, dict):
        raise _invalid(at, "must be object,boolean")
    for name, value in schema.items():
        if name in _VOCABULARY and name not in keywords:
            raise SchemaError(f'The schema at {at or "(document)"} has "{name}", which is not judged there.')
        if name not in keywords:
            raise SchemaError(f'strict mode: unknown keyword: "{name}"')
        keywords[name](value, f"{at}/{name}")


def _invalid(at: str, words: str) -> SchemaError:
    return SchemaError(f"schema is invalid: data{at} {words}")


def _is(kind: type | tuple[type, ...], words: str) -> Fault:
    def fault(value: Any, at: str) -> None:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise _invalid(at, f"must be {words}")

    return fault


_string = _is(str, "string")
_number = _is((int, float), "number")
_list = _is(list, "array")
_object = _is(dict, "object")


def _anything(_value: Any, _at: str) -> None:
    """Accept whatever is there."""


def _count(value: Any, at: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _invalid(at, "must be integer")
    if value < 0:
        raise _invalid(at, "must be >= 0")


def _type(value: Any, at: str) -> None:
    kinds = value if isinstance(value, list) and value else [value]
    for kind in kinds:
        _one_type(kind, at)
    if len(set(kinds)) < len(kinds):
        raise _invalid(at, "must NOT have duplicate items")


def _one_type(value: Any, at: str) -> None:
    if not isinstance(value, str) or value not in TYPES:
        raise _invalid(at, f"must be equal to one of the allowed values: {', '.join(TYPES)}")


def _choices(value: Any, at: str) -> None:
    _list(value, at)
    if not value:
        raise _invalid(at, "must NOT have fewer than 1 items")
    for index, choice in enumerate(value):
        if any(is_same(choice, other) for other in value[:index]):
            raise _invalid(at, "must NOT have duplicate items")


def _names(value: Any, at: str) -> None:
    _list(value, at)
    for index, name in enumerate(value):
        _string(name, f"{at}/{index}")
    if len(set(value)) < len(value):
        raise _invalid(at, "must NOT have duplicate items")


def _each(fault: Fault) -> Fault:
    def faults(value: Any, at: str) -> None:
        _list(value, at)
        if not value:
            raise _invalid(at, "must NOT have fewer than 1 items")
        for index, schema in enumerate(value):
            fault(schema, f"{at}/{index}")

    return faults


def _named(fault: Fault) -> Fault:
    def faults(value: Any, at: str) -> None:
        _object(value, at)
        for name, schema in value.items():
            fault(schema, below(at, name))

    return faults


_KEYWORDS: Final[Mapping[str, Fault]] = {
    "$schema": _string, "additionalProperties": _is(bool, "boolean"), "allOf": _each(_check_conditional),
    "default": _anything, "description": _string, "enum": _choices, "format": _string, "items": _check,
    "maxLength": _count, "maximum": _number, "minLength": _count, "minimum": _number,
    "properties": _named(_check), "required": _names, "title": _string, "type": _type,
}  # fmt: skip
_CONDITIONS: Final[Mapping[str, Fault]] = {
    "allOf": _each(_check_condition), "anyOf": _each(_check_condition), "const": _anything, "not": _check_condition,
    "properties": _named(_check_condition), "required": _names, "type": _one_type,
}  # fmt: skip
_VOCABULARY: Final = frozenset({
    *_KEYWORDS, *_CONDITIONS, "$id", "$ref", "contains", "else", "exclusiveMaximum", "exclusiveMinimum", "if",
    "maxItems", "minItems", "multipleOf", "oneOf", "pattern", "patternProperties", "propertyNames", "then",
    "uniqueItems",
})  # fmt: skip


# -- fields -------------------------------------------------------------------------------------------------------


def check_fields(fields: Any, at: str = "") -> None:
    """Raise `SchemaError` unless *fields* are definitions of fields by name."""
    _expect(fields, at, dict, "an object of fields")
    for name, field in fields.items():
        place = below(at, name)
        _expect(field, place, dict, "an object")
        _expect(field.get("type", ""), f"{place}/type", str, "a text")
        _expect(field.get("choices", []), f"{place}/choices", list, "an array")
        for index, choice in enumerate(field.get("choices", [])):
            if isinstance(choice, dict) and "value" not in choice:
                raise SchemaError(f"The field at {place}/choices/{index} has no value, expected one.")
        if isinstance(field.get("required"), dict) and "conditions" in field["required"]:
            _check_conditions(field["required"]["conditions"], f"{place}/required/conditions")
        if "properties" in field:
            check_fields(field["properties"], f"{place}/properties")


def _check_conditions(conditions: Any, at: str) -> None:
    _expect(conditions, at, list, "an array")
    for index, condition in enumerate(conditions):
        place = f"{at}/{index}"
        _expect(condition, place, dict, "an object")
        _expect(condition.get("fieldKey"), f"{place}/fieldKey", str, "a text")
        _among(condition.get("operator"), f"{place}/operator", _OPERATORS)


def _expect(value: Any, at: str, kind: type, words: str) -> None:
    if not isinstance(value, kind):
        raise SchemaError(f"The field definition at {at or '(document)'} is {_shown(value)}, expected {words}.")


def _among(value: Any, at: str, known: Collection[str]) -> None:
    if value not in known:
        raise SchemaError(f"The operator at {at} is {_shown(value)}. Known: {', '.join(known)}.")


def _shown(value: Any) -> str:
    text = "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else repr(value)
    return f"{text[:40]}…" if len(text) > 40 else text  # noqa: PLR2004
