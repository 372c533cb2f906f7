"""Empty values leave a payload before it is validated, as far as its schema knows them and does not want them."""

from __future__ import annotations

from typing import Any

from mockodp_harness.segment.payload.schema import Schema
from mockodp_harness.segment.values import UNDEFINED


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that *schema* names; none if it names none."""
    types = schema.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def remove_empty(value: Any, schema: Schema, *, root: bool = True) -> Any:
    """
    *value* without its empty members; what is changed is a copy. UNDEFINED if *value* is empty itself.

    With *root*, as for single events, no member of the payload may be an empty text, known or not; a batch keeps
    those of type string.
    """
    return UNDEFINED if is_unwanted(value, schema) else _cleaned(value, schema, top=root)


def is_unwanted(value: Any, schema: Schema) -> bool:
    """Whether *value* is an empty one that *schema* does not allow."""
    if not ("type" in schema or "enum" in schema):
        return False
    if not (value is None or is_blank(value)):
        return value is UNDEFINED
    types = types_of(schema) or ("null", "string")
    return ("null" if value is None else "string") not in types


def _cleaned(value: Any, schema: Schema, *, top: bool = False) -> Any:
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return {
            name: _cleaned(member, known.get(name, {}))
            for name, member in value.items()
            if not (top and is_blank(member)) and not is_unwanted(member, known.get(name, {}))
        }
    if isinstance(value, list) and "items" in schema:
        # what stays is not cleaned in its turn: nulls inside it are coerced later
        return [copied(item, schema["items"]) for item in value if not is_unwanted(item, schema["items"])]
    return copied(value, schema.get("items", schema))  # a lone item will be wrapped


def is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value


def copied(value: Any, schema: Schema) -> Any:
    """*value*, copied as deep as *schema* may change it."""
    if isinstance(value, dict) and ("properties" in schema or schema.get("additionalProperties") is False):
        known = schema.get("properties", {})
        return {name: copied(member, known.get(name, {})) for name, member in value.items()}
    if isinstance(value, list) and "items" in schema:
        return [copied(item, schema["items"]) for item in value]
    return value
