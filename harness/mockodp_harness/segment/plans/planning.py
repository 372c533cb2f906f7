"""The plan of a subscription, made of its trigger, its mapping, and its action's schema and layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mockodp_harness.segment.items import Layout
from mockodp_harness.segment.mapping.errors import MappingError
from mockodp_harness.segment.mapping.resolving import directive_name
from mockodp_harness.segment.mapping.static_check import validate
from mockodp_harness.segment.mapping.transform import rooted
from mockodp_harness.segment.payload.schema import Schema
from mockodp_harness.segment.payload.validation import DYNAMIC_SETTINGS
from mockodp_harness.segment.plans.building import build
from mockodp_harness.segment.plans.fields import planned_fields
from mockodp_harness.segment.plans.source import Plan, Source, Unplanned
from mockodp_harness.segment.triggers import Trigger

_FIELDS: Final = {"event-type": "type", "event": "event", "name": "name", "userId": "userId"}


def planned(trigger: Trigger, mapping: Any, schema: Schema, layout: Layout, *, single: bool) -> Plan | None:
    """The plan of a subscription, for single events or for those of a batch; None if there is none."""
    try:
        source = Source(single=single)
        members = _members(mapping)
        source.add(f"if not ({_test(source, trigger)}):", "    return None", "try:", depth=1)
        context = source.holder(("context",))
        source.add(f"if {context}.get('personas', MISSING) is None: raise OddValue")  # the framework fails for it
        held = planned_fields(source, members, schema)
        build(source, layout, held)
    except (Unplanned, MappingError, RecursionError):
        return None
    return source.compiled()


def _members(mapping: Any) -> Mapping[str, Any]:
    members = rooted(mapping)
    validate(members)
    if not isinstance(members, dict) or directive_name(members) or DYNAMIC_SETTINGS in members:
        raise Unplanned
    return members


def _test(source: Source, trigger: Trigger) -> str:
    """The trigger as an expression; what is more than texts of an event's own members is called."""
    group = trigger.ast
    texts = [_equality(node) for node in group.get("children", ())]
    if texts and all(texts):
        return f" {group['operator']} ".join(texts)
    return f"{source.constant(trigger.matches)}(event)"


def _equality(node: Any) -> str:
    if not node or node["type"] not in _FIELDS or node["operator"] != "=" or not isinstance(node.get("value"), str):
        return ""
    return f"event.get({_FIELDS[node['type']]!r}) == {node['value']!r}"
