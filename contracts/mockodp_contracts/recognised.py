"""Which contract a payload is meant for, told by its shape: for people who check a file and do not want to say."""

from __future__ import annotations

from typing import Any, Final

from mockodp_contracts.catalog import SOURCE, Catalog

_ECOMMERCE: Final = ("order_id", "total", "products")
_ENVELOPES: Final = {
    "items/custom_event": "envelopes/batch_custom_event",
    "items/ecommerce_event": "envelopes/batch_custom_event",
    "items/email_event": "envelopes/batch_email_event",
    "items/upsert_contact": "envelopes/batch_upsert_contact",
}
_CALLS: Final = ("track", "identify", "page", "screen", "group", "alias")
_OF_SOURCES: Final = ("messageId", "anonymousId", "userId", "traits", "properties", "event", "context")


def recognised(catalog: Catalog, document: Any) -> str | None:
    """
    The name of the contract that *document* is meant for, or None if its shape does not tell.

    An array is a batch, judged by its first object. A source event is judged by the contract of its event's name.
    """
    if isinstance(document, list):
        first = next((item for item in document if isinstance(item, dict)), {})
        return _ENVELOPES.get(recognised(catalog, first) or "")
    if not isinstance(document, dict):
        return None
    if "user_identifiers" in document:
        return _item(document)
    if document.get("type") in _CALLS and any(name in document for name in _OF_SOURCES):
        return _source(catalog, document)
    return "rest/event" if {"identifiers", "type"} <= document.keys() else None


def _item(item: dict[str, Any]) -> str:
    if item.get("type") == "email" and ("campaign" in item or "campaign_event_value" in item):
        return "items/email_event"
    if "data" in item:
        return "items/custom_event"
    if any(name in item for name in _ECOMMERCE):
        return "items/ecommerce_event"
    return "items/custom_event" if "timestamp" in item else "items/upsert_contact"


def _source(catalog: Catalog, event: dict[str, Any]) -> str:
    named = (name for name in catalog.names if name.startswith(SOURCE))
    if event["type"] == "track":
        name = event.get("event")
        own = (
            each for each in named if catalog[each].schema.get("properties", {}).get("event", {}).get("const") == name
        )
        return next(own, "source/track") if isinstance(name, str) else "source/track"
    return "source/identify" if event["type"] == "identify" else "source/event"
