"""
Whether a payload fits its schema, as ajv judges it: in its order, with all mismatches, coercing in place.

For each value first its type, then choices and conditions, then limits and format, then what is inside it; for an
object first what is required, then the deletion of what is unknown, then its properties in the schema's order.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from mockodp_harness.segment.payload import mismatch as words
from mockodp_harness.segment.payload.coercion import coerced, is_number, is_of
from mockodp_harness.segment.payload.emptiness import types_of
from mockodp_harness.segment.payload.formats import FORMATS
from mockodp_harness.segment.payload.mismatch import Mismatch, below
from mockodp_harness.segment.payload.schema import Schema
from mockodp_harness.segment.values import UNDEFINED, is_same

DYNAMIC_SETTINGS: Final = "dynamicAuthSettings"
_OBJECT_RULES: Final = ("required", "properties", "additionalProperties")


def validate(payload: Any, schema: Schema, *, exempt: Collection[str] = ()) -> list[Mismatch]:
    """
    What in *payload* does not fit *schema*, in the official order; the payload is changed in place.

    Members named by *exempt* are put back at the end, as they came, if the schema had them deleted.
    """
    found: list[Mismatch] = []
    kept = {}
    if isinstance(payload, dict):
        kept = {name: payload[name] for name in exempt if payload.get(name, UNDEFINED) is not UNDEFINED}
        _wrap(payload, schema)
    _visit(payload, schema, "", found)
    if kept:
        payload.update(kept)
    return found


def _wrap(payload: dict[str, Any], schema: Schema) -> None:
    """Make a lone value of a field an array where the field holds several."""
    for name, field in schema.get("properties", {}).items():
        value = payload.get(name)
        if field.get("type") == "array" and not (value is None or value is UNDEFINED or isinstance(value, list)):
            payload[name] = [value]


def _visit(value: Any, schema: Schema, pointer: str, found: list[Mismatch]) -> Any:
    """Judge *value*; what its parent is to hold instead."""
    held, types = value, types_of(schema)
    is_late = types == ("object",) and any(rule in schema for rule in _OBJECT_RULES)
    if types and not is_late and not any(is_of(value, kind) for kind in types):
        fit, value = coerced(value, types)
        if fit is UNDEFINED:
            found.append(Mismatch.of(schema, pointer, words.wrong_type(types, value)))
        else:
            held = value = fit
    _judge_choice(value, schema, pointer, found)
    for condition in schema.get("allOf", ()):
        _judge_condition(value, condition, pointer, found)
    if isinstance(value, str):
        _judge_text(value, schema, pointer, found)
    elif is_number(value):
        _judge_number(value, schema, pointer, found)
    if isinstance(value, list) and "items" in schema:
        value[:] = [_visit(item, schema["items"], below(pointer, index), found) for index, item in enumerate(value)]
    elif isinstance(value, dict):
        _visit_object(value, schema, pointer, found)
    elif is_late:
        found.append(Mismatch.of(schema, pointer, words.wrong_type(types, value)))
    return held


def _visit_object(value: dict[str, Any], schema: Schema, pointer: str, found: list[Mismatch]) -> None:
    properties = schema.get("properties", {})
    absent = [name for name in schema.get("required", ()) if value.get(name, UNDEFINED) is UNDEFINED]
    found += [Mismatch.of(schema, pointer, words.missing(name)) for name in absent]
    if schema.get("additionalProperties") is False:
        for name in [name for name in value if name not in properties]:
            del value[name]
    for name, inner in properties.items():
        if value.get(name, UNDEFINED) is not UNDEFINED:
            value[name] = _visit(value[name], inner, below(pointer, name), found)


def _judge_choice(value: Any, schema: Schema, pointer: str, found: list[Mismatch]) -> None:
    choices = schema.get("enum")
    if choices is not None and not any(is_same(value, choice) for choice in choices):
        found.append(Mismatch.of(schema, pointer, words.not_listed(choices)))


def _judge_text(value: str, schema: Schema, pointer: str, found: list[Mismatch]) -> None:
    # limits count code points, their message counts UTF-16 code units
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        found.append(Mismatch.of(schema, pointer, words.too_long(schema["maxLength"], value)))
    if "minLength" in schema and len(value) < schema["minLength"]:
        found.append(Mismatch.of(schema, pointer, words.too_short(schema["minLength"], value)))
    form = schema.get("format")
    if form in FORMATS and not FORMATS[form](value):
        found.append(Mismatch.of(schema, pointer, words.wrong_format(form)))


def _judge_number(value: float, schema: Schema, pointer: str, found: list[Mismatch]) -> None:
    if "maximum" in schema and value > schema["maximum"]:
        found.append(Mismatch.of(schema, pointer, words.too_great(schema["maximum"])))
    if "minimum" in schema and value < schema["minimum"]:
        found.append(Mismatch.of(schema, pointer, words.too_small(schema["minimum"])))


# -- conditional requirements -------------------------------------------------------------------------------------


def _judge_condition(value: Any, schema: Schema, pointer: str, found: list[Mismatch]) -> None:
    """Judge by *then* if *if* holds."""
    if not _holds(value, schema["if"]):
        return
    before = len(found)
    _visit(value, schema["then"], pointer, found)
    if len(found) > before:
        found.append(Mismatch.of(schema, pointer, words.UNMET))


def _holds(value: Any, condition: Schema) -> bool:
    """
    Whether *condition*, in the words that conditional requirements are made of, holds for *value*.

    Looking is not without trace: where null is asked for, an empty text, 0 and false become null.
    """
    if "const" in condition and not is_same(value, condition["const"]):
        return False
    if "not" in condition and _holds(value, condition["not"]):
        return False
    if "anyOf" in condition and not any(_holds(value, each) for each in condition["anyOf"]):
        return False
    if not all(_holds(value, each) for each in condition.get("allOf", ())):
        return False
    return not isinstance(value, dict) or _members_hold(value, condition)


def _members_hold(value: dict[str, Any], condition: Schema) -> bool:
    if any(value.get(name, UNDEFINED) is UNDEFINED for name in condition.get("required", ())):
        return False
    for name, wanted in condition.get("properties", {}).items():
        if value.get(name, UNDEFINED) is UNDEFINED:
            continue
        if "type" in wanted and not is_of(value[name], wanted["type"]):
            fit, _ = coerced(value[name], (wanted["type"],))
            if fit is UNDEFINED:
                return False
            value[name] = fit
        if not _holds(value[name], wanted):
            return False
    return True
