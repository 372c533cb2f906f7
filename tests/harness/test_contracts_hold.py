"""
Whatever the published destination sends keeps the shapes of the contracts, however odd the source event.

Only rules beyond shape may be broken: they are about values, and the destination lets nearly any value through.
"""

from __future__ import annotations

import os
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_contracts import Severity, judge
from mockodp_contracts.explained import SHAPE_RULES
from mockodp_harness.node import NodeRunner, Trace

pytestmark = pytest.mark.node

CASES: Final = int(os.environ.get("CASES", "40"))
PRESETS: Final = (
    "Product Viewed", "Product Added", "Product Removed", "Order Completed", "Email Sent", "Email Link Clicked",
    "Email Opened", "Unsubscribed", "Email Marked as Spam",
)  # fmt: skip
ACTIONS: Final = ["customEvent", "nonEcommCustomEvent", "upsertContact", "emailEvent"]
EVERY_TRAIT: Final = {
    "name": "Every trait", "subscribe": 'type = "identify"', "partnerAction": "upsertContact",
    "mapping": {"user_identifiers": {"userId": {"@path": "$.userId"}}, "additional_traits": {"@path": "$.traits"},
                "DOB": {"@path": "$.traits.birthday"}},
}  # fmt: skip
INSTANCE: Final[Any] = {
    "settings": {"apiKey": "odp_test_shop", "region": "US"}, "subscriptions": [EVERY_TRAIT], "presets": True,
    "defaults": ACTIONS,
}  # fmt: skip

TEXTS: Final = st.sampled_from(
    ["ada@example.test", "P-1", "27.5", "1990-01-01", "2026-13-45", "true", "Infinity", "", " ", "é😀", "x" * 1025]
)
NUMBERS: Final = st.one_of(st.integers(-(10**21), 10**21), st.floats(allow_nan=False, allow_infinity=False))
SCALARS: Final = st.one_of(TEXTS, TEXTS, NUMBERS, st.none(), st.booleans())
VALUES: Final = st.one_of(
    SCALARS, SCALARS, SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(TEXTS, SCALARS, max_size=3)
)


def _members(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES))


PRODUCTS: Final = st.lists(st.one_of(_members("product_id", "quantity", "sku"), VALUES), max_size=3)
PROPERTIES: Final = st.builds(
    lambda known, products, more: {**known, **({"products": products} if more else {})},
    _members("product_id", "quantity", "order_id", "total", "email", "optimizely_vuid", "campaign_name", "campaign_id",
             "link_url"),
    PRODUCTS, st.booleans(),
)  # fmt: skip
TRAITS: Final = _members(
    "email", "company", "title", "name", "first_name", "last_name", "gender", "birthday", "phone", "age", "address",
    "avatar", "vip", "dob_year", "dob_month", "dob_day", "user_identifiers", "image_url",
)  # fmt: skip
EVENTS: Final = st.builds(
    lambda kind, name, ids, properties, traits, timestamp: {
        "type": kind, "event": name, **ids, "properties": properties, "traits": traits, "timestamp": timestamp,
        "context": {"traits": traits},
    },
    st.sampled_from(["track", "track", "identify"]), st.one_of(st.sampled_from(PRESETS), TEXTS),
    _members("userId", "anonymousId"), PROPERTIES, TRAITS,
    st.one_of(st.just("2026-01-02T03:04:05.678Z"), st.just("2026-01-02T03:04:05.678Z"), SCALARS),
)  # fmt: skip


def broken_shapes(trace: Trace) -> list[str]:
    """Every violation of a shape in what was sent."""
    found = []
    for request in trace.requests:
        verdict = judge(request.items(), f"envelopes/{request.url.rpartition('/')[2]}")
        found += [str(v) for v in verdict.of(Severity.ERROR) if v.rule in SHAPE_RULES.values()]
    return found


def test_no_event_makes_the_destination_break_a_shape(runner: NodeRunner) -> None:
    sent = 0

    @settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(events=st.lists(EVENTS, min_size=1, max_size=6))
    def holds(events: list[dict[str, Any]]) -> None:
        nonlocal sent
        for trace in (*(runner.event(event, **INSTANCE) for event in events), runner.batch(events, **INSTANCE)):
            sent += len(trace.requests)
            assert broken_shapes(trace) == []

    holds()
    assert sent >= 2 * CASES, "too few of the events were sent for this to prove anything"


def test_an_odd_order_breaks_rules_and_no_shape(runner: NodeRunner) -> None:
    event = {
        "type": "track", "event": "Order Completed", "userId": "u-ada", "timestamp": "2026-01-02T03:04:05.678Z",
        "properties": {"order_id": 7, "total": 1e21, "products": [{"product_id": None, "quantity": None}, {}]},
    }  # fmt: skip
    trace = runner.event(event, **INSTANCE)
    assert [request.url.rpartition("/")[2] for request in trace.requests] == ["batch_custom_event"] * 2
    assert broken_shapes(trace) == []
    rules = {v.rule for request in trace.requests[:1] for v in judge(request.items(), "batch_custom_event").violations}
    assert {"product-without-id", "total-not-numeric"} <= rules
