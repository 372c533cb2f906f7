"""
A destination as Segment's local server describes it, and mappings in the form that this server wants.

The fields are those of the tree under development, so that a new one shows in what is mapped and validated. Values
only; nothing here talks to the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mockodp_harness.segment.destination import Action, Destination
from mockodp_harness.segment.exchange import Request
from mockodp_harness.segment.items import Layout
from mockodp_harness.segment.values import Object

Json = Mapping[str, Any]

NOTHING: Final = {"@path": "$.mockodp_unmapped"}  # resolves to undefined, which leaves the member out
_NO_LAYOUT: Final = Layout(())


def destination_of(said: Json) -> Destination:
    """The destination that the definition *said* describes, to map and to validate with: only the server sends."""
    return Destination(
        name=str(said.get("name")),
        settings=(said.get("authentication") or {}).get("fields") or {},
        actions={
            slug: Action(slug, str(action.get("title")), action.get("fields") or {}, _NO_LAYOUT, _unsent)
            for slug, action in said["actions"].items()
        },
        authentication=_unsent,
    )


def secrets_of(destination: Destination, settings: Json) -> list[Any]:
    """The values of *settings* that no text may show."""
    return [settings.get(name) for name, field in destination.settings.items() if field.get("type") == "password"]


def overlaid(action: Action, mapping: Json) -> Object:
    """*mapping* in a form that gives the same when it is laid over the defaults of the action's fields."""
    defaults = (name for name, field in action.fields.items() if "default" in field)
    return {**{name: NOTHING for name in defaults if name not in mapping}, **mapping}


def maps_fields(mapping: Any) -> bool:
    """Whether *mapping* has members of its own, and is no directive that gives them."""
    return isinstance(mapping, dict) and not any(name.startswith("@") for name in mapping)


def _unsent(_: Json) -> Request:
    raise AssertionError("A destination that a local server runs was asked for a request.")
