"""Which contract a payload is meant for, told by its shape: for people who check a file and do not want to say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from mockodp_contracts.catalogue import SOURCE, Catalog, Contract

_ECOMMERCE: Final = ("order_id", "total", "products")
_ENVELOPES: Final = {
    "items/custom_event": "envelopes/batch_custom_event",
    "items/ecommerce_event": "envelopes/batch_custom_event",
    "items/email_event": "envelopes/batch_email_event",
    "items/upsert_contact": "envelopes/batch_upsert_contact",
    "rest/event": "rest/events",
}
_CALLS: Final = ("track", "identify", "page", "screen", "group", "alias")
_OF_SOURCES: Final = ("messageId", "anonymousId", "userId", "traits", "properties", "event", "context")


def recognised(catalog: Catalog, document: Any) -> str | None:
    """
    The name of the contract that *document* is meant for, or None if its shape does not tell.

    An array is a batch if its objects are of one endpoint. A source event has the contract of its event's name.
    """
    if isinstance(document, list):
        kinds = {recognised(catalog, item) for item in document if isinstance(item, dict)} - {None}
        envelopes = {_ENVELOPES.get(kind or "") for kind in kinds}
        return envelopes.pop() if len(envelopes) == 1 else None
    if not isinstance(document, dict):
        return None
    if "user_identifiers" in document:
        return _item(document)
    if document.get("type") in _CALLS and any(name in document for name in _OF_SOURCES):
        return _source(catalog, document)
    return "rest/event" if {"identifiers", "type"} <= document.keys() else None


def contract_of_item(catalog: Catalog, endpoint: str | None, item: Any) -> str | None:
    """The name of the contract of *item*, which came in a batch of *endpoint*; None if none is known."""
    able = [name for name, envelope in _ENVELOPES.items() if envelope == f"envelopes/{endpoint}"]
    name = recognised(catalog, item)
    return name if name in able or not able else able[0]


def takes_arrays(contract: Contract) -> bool:
    """Whether an array is held to *contract* as a whole, and not each item of it."""
    return "array" in (contract.schema.get("type"), contract.schema.get("if", {}).get("type"))


def _item(item: dict[str, Any]) -> str:
    if "type" not in item and "action" not in item:
        return "items/upsert_contact"  # any other member may be a trait
    if item.get("type") == "email" and ("campaign" in item or "campaign_event_value" in item):
        return "items/email_event"
    if "data" in item:
        return "items/custom_event"
    return "items/ecommerce_event" if any(name in item for name in _ECOMMERCE) else "items/custom_event"


def _source(catalog: Catalog, event: dict[str, Any]) -> str:
    if event["type"] == "track":
        name = event.get("event")
        return _by_event(catalog).get(name, "source/track") if isinstance(name, str) else "source/track"
    return "source/identify" if event["type"] == "identify" else "source/event"


@cache
def _by_event(catalog: Catalog) -> Mapping[str, str]:
    """The contracts of source events that have a name of their own, by that name."""
    events = {
        name: catalog[name].schema.get("properties", {}).get("event", {}).get("const")
        for name in reversed(catalog.names)
        if name.startswith(SOURCE)
    }
    return {event: name for name, event in events.items() if isinstance(event, str)}
