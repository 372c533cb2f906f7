"""A trace without the key: masked in all texts but those of the sender, which are request bodies and payloads."""

from __future__ import annotations

from typing import Any, Final

from mockodp_harness.segment.values import Object, length

MASK: Final = "****"
SHORTEST: Final = 6  # a shorter key is found in texts that have nothing to do with it


def masked(value: Any, key: Any) -> Any:
    """*value*, with *key* masked in every text in it."""
    if not isinstance(key, str) or not key:
        return value
    if isinstance(value, str):
        whole = value.replace(f"Bearer {key}", f"Bearer {MASK}")
        return whole if length(key) < SHORTEST else whole.replace(key, MASK)
    if isinstance(value, list):
        return [masked(item, key) for item in value]
    if isinstance(value, dict):
        return {name: masked(member, key) for name, member in value.items()}
    return value


def masked_call(said: Object, key: Any) -> Object:
    """What a driver tells of a call, as `Trace.from_json` wants it, without *key*."""
    shown = _outcome(said, key)
    shown["requests"] = [{**made, **_members(made, key, "answer", "error")} for made in said["requests"]]
    if "subscriptions" in said:
        shown["subscriptions"] = [_subscription(each, key) for each in said["subscriptions"]]
    return shown


def _subscription(said: Object, key: Any) -> Object:
    return {**_outcome(said, key), "events": [{**event, **_members(event, key, "refusal")} for event in said["events"]]}


def _outcome(said: Object, key: Any) -> Object:
    results = {"results": _results(said["results"], key)} if "results" in said else {}
    return {**said, **results, **_members(said, key, "error")}


def _results(results: Any, key: Any) -> Any:
    if not isinstance(results, list):
        return masked(results, key)
    return [{**masked(each, key), **_nodes(each, key)} for each in results]


def _nodes(result: Object, key: Any) -> Object:
    if "multistatus" not in result:
        return {}
    return {"multistatus": [_node(node, key) for node in result["multistatus"]]}


def _node(node: Any, key: Any) -> Any:
    return {**masked(node, key), **({"sent": node["sent"]} if "sent" in node else {})} if node else node


def _members(said: Object, key: Any, *names: str) -> Object:
    return {name: masked(said[name], key) for name in names if name in said}
