"""
The JSON schema that Segment makes of an action's field definitions.

A conditional requirement stands beside the root's other rules as *if* and *then*; those of a field's own properties
stand with the parent. Nothing here looks at payloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mockodp_harness.segment.payload.soundness import SchemaError, check_fields
from mockodp_harness.segment.values import ordered

Schema = Mapping[str, Any]
Field = Mapping[str, Any]
Fields = Mapping[str, Field]

DRAFT: Final = "http://json-schema.org/schema#"
_TYPES: Final = {"string": "string", "text": "string", "password": "string", "datetime": ["string", "number"]}
_FORMATS: Final = {"text": "text", "password": "password", "datetime": "date-like"}
_LIMITS: Final = {"string": ("minLength", "maxLength"), "number": ("minimum", "maximum")}
_NAMES: Final = {"title": "label", "description": "description"}


def schema_of(fields: Fields) -> dict[str, Any]:
    """The schema of a payload with *fields*; `SchemaError` if they are no definitions of fields."""
    try:
        check_fields(fields)
        return _whole(fields)
    except RecursionError:
        raise SchemaError("Maximum call stack size exceeded") from None


def _whole(fields: Fields) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    for name, field in fields.items():
        conditions |= _inner_conditions(name, field)
        if _is_conditional(field):
            conditions[name] = {"if": _if(field["required"]), "then": {"required": [name]}}
    return {**_object(fields), **_all_of(conditions)}


def _object(fields: Fields, others: bool = False) -> dict[str, Any]:
    return {
        "$schema": DRAFT,
        "type": "object",
        "additionalProperties": others,
        "properties": {name: _property(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.get("required") is True],
    }


def _property(field: Field) -> dict[str, Any]:
    """The schema of one field; of several values, format and limits stay with the array, where they mean nothing."""
    named: dict[str, Any] = {word: field[key] for word, key in _NAMES.items() if key in field}
    if field.get("multiple"):
        return {
            **named,
            "type": "array",
            **_limits(field),
            "items": {**_inner(field), "type": _type(field), **_choices(field)},
        }
    types = _type(field)
    if field.get("allowNull"):
        types = [*([types] if isinstance(types, str) else types), "null"]
    return {**named, "type": types, **_limits(field), **_choices(field), **_inner(field)}


def _type(field: Field) -> Any:
    kind = field.get("type", "string")
    return _TYPES.get(kind, kind)


def _limits(field: Field) -> dict[str, Any]:
    kind = field.get("type", "string")
    made = {}
    form = _FORMATS.get(kind, field.get("format"))
    if form is not None:
        made["format"] = form
    if "default" in field:
        made["default"] = field["default"]
    for limit, key in zip(_LIMITS.get(kind, ()), ("minimum", "maximum"), strict=False):
        if field.get(key):  # 0 is no limit
            made[limit] = field[key]
    return made


def _choices(field: Field) -> dict[str, Any]:
    if "choices" not in field:
        return {}
    values = [choice["value"] if isinstance(choice, Mapping) else choice for choice in field["choices"]]
    return {"enum": [*values, None] if field.get("allowNull") else values}


def _inner(field: Field) -> dict[str, Any]:
    """What an object field adds by its own properties: a plain object, even if it may be null."""
    if field.get("type") != "object" or "properties" not in field:
        return {}
    inner = field["properties"]
    made = _object(inner, others=bool(field.get("additionalProperties")))
    if any(_is_conditional(each) for each in inner.values()):
        del made["required"]  # Segment forgets all other requirements beside a conditional one
        return made
    return {**made, **_all_of(_deeper_conditions(inner))}


def _deeper_conditions(fields: Fields) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    for name, field in fields.items():
        conditions |= _inner_conditions(name, field)
    return conditions


# -- conditional requirements -------------------------------------------------------------------------------------


def _is_conditional(field: Field) -> bool:
    required = field.get("required")
    return isinstance(required, Mapping) and "conditions" in required


def _all_of(conditions: dict[str, Any]) -> dict[str, Any]:
    """The conditions, by the fields they are about, in JavaScript's order of members."""
    return {"allOf": list(ordered(conditions).values())} if conditions else {}


def _inner_conditions(name: str, field: Field) -> dict[str, Any]:
    if field.get("type") != "object":
        return {}
    return {
        f"{name}.{key}": {"if": _if(inner["required"]), "then": _then(name, key, inner["required"])}
        for key, inner in field.get("properties", {}).items()
        if _is_conditional(inner)
    }


def _then(name: str, key: str, required: Mapping[str, Any]) -> dict[str, Any]:
    if len(required["conditions"]) != 1:
        return {"required": [f"{name}.{key}"]}  # a member that no payload has
    return {"required": [name], "properties": {name: {"required": [key]}}}


def _if(required: Mapping[str, Any]) -> dict[str, Any]:
    conditions = required["conditions"]
    if len(conditions) == 1:
        return _lone(conditions[0])
    return {"anyOf" if required.get("match") == "any" else "allOf": [_one_of_many(each) for each in conditions]}


def _lone(condition: Mapping[str, Any]) -> dict[str, Any]:
    """A condition that stands alone takes null for absent."""
    name, is_not = condition["fieldKey"], _is_not(condition)
    if "." in name:
        return _one_of_many(condition)
    if "value" in condition:
        return {"required": [name], "properties": {name: _constant(condition)}}
    is_null = {"properties": {name: {"type": "null"}}}
    if is_not:
        return {"allOf": [{"required": [name]}, {"not": is_null}]}
    return {"anyOf": [{"not": {"required": [name]}}, is_null]}


def _one_of_many(condition: Mapping[str, Any]) -> dict[str, Any]:
    name, is_not = condition["fieldKey"], _is_not(condition)
    if "." in name:
        outer, inner = name.split(".")[:2]
        return _having(outer, _having(inner, _constant(condition)))
    if "value" in condition:
        return _having(name, _constant(condition))
    return {"required": [name]} if is_not else {"not": {"required": [name]}}


def _constant(condition: Mapping[str, Any]) -> dict[str, Any]:
    constant = {"const": condition["value"]} if "value" in condition else {}
    return {"not": constant} if _is_not(condition) else constant


def _having(name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {name: wanted}, "required": [name]}


def _is_not(condition: Mapping[str, Any]) -> bool:
    return bool(condition["operator"] == "is_not")
