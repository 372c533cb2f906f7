"""What the contract of an item must say by the destination's definition, and what it says; both as plain shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mockodp_contracts.catalogue import URN, Catalog
from mockodp_contracts.destination import Action, Field, destination

Shape = dict[str, Any]
"""*types* it may have (None for any), *const*, *members* by name, those *required*, whether *closed*, *items*."""

ITEMS: Final = {
    "customEvent": "items/ecommerce_event",
    "nonEcommCustomEvent": "items/custom_event",
    "emailEvent": "items/email_event",
    "upsertContact": "items/upsert_contact",
}
ACTIONS: Final[Mapping[str, Action]] = {action.slug: action for action in destination().actions}
ON_THE_WIRE: Final[Mapping[str, tuple[str, ...]]] = {
    "event_action": ("action",),
    "event_type": ("type",),
    "link_url": ("campaign_event_value",),
    "firstname": ("first_name",),
    "lastname": ("last_name",),
    "avatar": ("image_url",),
    "DOB": ("dob_year", "dob_month", "dob_day"),
    "additional_traits": (),
    "enable_batching": (),
    "batch_size": (),
}
"""What members a field becomes; any other field keeps its name."""

ALWAYS: Final[Mapping[str, frozenset[str]]] = {
    "customEvent": frozenset({"type"}),
    "nonEcommCustomEvent": frozenset({"type"}),
    "emailEvent": frozenset({"type", "campaign_event_value"}),
    "upsertContact": frozenset(),
}
"""The members that an action writes whether its fields are mapped or not."""


def asked_of(action: Action) -> Shape:
    """What the contract of *action* must say."""
    members, required = {}, set(ALWAYS[action.slug])
    for field in action.fields:
        for name in ON_THE_WIRE.get(field.name, (field.name,)):
            members[name] = _of_field(field)
            required |= {name} if field.required else set()
    if action.slug == "emailEvent":
        members["type"] = _shape(const="email")
    is_open = any(field.name == "additional_traits" for field in action.fields)
    return _shape("object", members=members, required=required, closed=not is_open)


def said_by(catalog: Catalog, name: str) -> Shape:
    """What the contract of that name says of shape, with all that it refers to."""
    return _said(catalog, catalog[name].schema)


def follows(catalog: Catalog) -> bool:
    """Whether every item is what its action sends."""
    return all(said_by(catalog, ITEMS[slug]) == asked_of(action) for slug, action in ACTIONS.items())


def _shape(*types: str, **said: Any) -> Shape:
    shape: Shape = {"const": None, "members": {}, "required": set(), "closed": False, "items": None}
    return {"types": set(types) or None, **shape, **said}


def _of_field(field: Field) -> Shape:
    if field.name == "DOB":
        return _shape()  # an additional trait of that name may hold anything
    if field.name == "link_url":
        return _shape("string", "null")  # null where there is none
    one = _of_type(field.type)
    if field.properties:
        required = {inner.name for inner in field.properties if inner.required}
        members = {inner.name: _of_type(inner.type) for inner in field.properties}
        one |= {"members": members, "required": required, "closed": True}
    return _shape("array", items=one) if field.multiple else one


def _of_type(name: str) -> Shape:
    """Null is what JSON makes of a number that is infinite."""
    return _shape(name, "null") if name == "number" else _shape(name)


def _said(catalog: Catalog, schema: Mapping[str, Any]) -> Shape:
    said = _shape()
    refs = [catalog[schema["$ref"].removeprefix(URN)].schema] if "$ref" in schema else []
    for part in (*refs, *schema.get("allOf", ())):
        said = _both(said, _said(catalog, part))
    types = schema.get("type")
    own = _shape(
        *([types] if isinstance(types, str) else types or ()),
        const=schema.get("const"),
        members={name: _said(catalog, inner) for name, inner in schema.get("properties", {}).items()},
        required=set(schema.get("required", ())),
        closed=schema.get("additionalProperties") is False,
        items=_said(catalog, schema["items"]) if "items" in schema else None,
    )
    return _both(said, own)


def _both(one: Shape, other: Shape) -> Shape:
    """What holds where *one* and *other* are both asked."""
    types = one["types"] & other["types"] if one["types"] and other["types"] else one["types"] or other["types"]
    return {
        "types": types,
        "const": one["const"] or other["const"],
        "members": {**one["members"], **other["members"]},
        "required": one["required"] | other["required"],
        "closed": one["closed"] or other["closed"],
        "items": one["items"] or other["items"],
    }
