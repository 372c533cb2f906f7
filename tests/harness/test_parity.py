"""The Python engine and the published package on the same events: the same requests, results and errors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_harness.conformance import answer, default_subscription
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.node import NodeRunner, Trace
from mockodp_harness.segment.values import parse, stringify

from tests.harness.node_upstream import Reply, Upstream
from tests.harness.test_contracts_hold import ACTIONS, EVENTS, EVERY_TRAIT

pytestmark = pytest.mark.node

CASES: Final = int(os.environ.get("CASES", "60"))
BOUNDED = settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SETTINGS: Final = {"apiKey": "odp_test_shop", "region": "US"}
INSTANCE: Final[Any] = {"settings": SETTINGS, "subscriptions": [EVERY_TRAIT], "presets": True, "defaults": ACTIONS}
CASE: Final = {
    "settings": SETTINGS, "subscriptions": [EVERY_TRAIT, *odp.presets(), *map(default_subscription, ACTIONS)],
    "response": {"status": 202, "body": {"status": "queued"}},
}  # fmt: skip


def of_node(trace: Trace) -> dict[str, Any]:
    """What the package did, as far as both can be compared: the order of concurrent requests is not fixed."""
    error = trace.error
    return {
        "sent": sorted((request.url.rpartition("/")[2], request.body) for request in trace.requests),
        "results": None if error else trace.results,
        "error": None if error is None else (error.name, error.message),
    }


def of_engine(kind: str, **members: Any) -> dict[str, Any]:
    case = parse(json.dumps({"id": "", "kind": kind, **CASE, **members}))
    said = json.loads(stringify(answer(case)) or "")  # as JSON, which knows no Infinity
    requests = said["result"]["requests"] if said["ok"] else said["requests"]
    return {
        "sent": sorted((request["url"].rpartition("/")[2], request["body"]) for request in requests),
        "results": said["result"]["results"] if said["ok"] else None,
        "error": None if said["ok"] else (said["error"]["name"], said["error"]["message"]),
    }


@pytest.fixture
def answering(runner: NodeRunner, upstream: Upstream) -> NodeRunner:
    upstream.reply = lambda _: Reply(202, b'{"status":"queued"}')
    return runner


def comparable(said: dict[str, Any]) -> dict[str, Any]:
    """Of several failures the package reports the first to happen, which is a matter of its scheduling."""
    return {**said, "error": said["error"] is not None}


def test_one_event_has_the_same_outcome(answering: NodeRunner) -> None:
    sent = 0

    @BOUNDED
    @given(event=EVENTS)
    def holds(event: dict[str, Any]) -> None:
        nonlocal sent
        expected = of_node(answering.event(event, **INSTANCE))
        sent += len(expected["sent"])
        assert comparable(of_engine("event", event=event)) == comparable(expected)

    holds()
    assert sent >= CASES // 2, "too few of the events were sent for this to prove anything"


def test_a_batch_has_the_same_outcome(answering: NodeRunner) -> None:
    @BOUNDED
    @given(events=st.lists(EVENTS, min_size=1, max_size=5))
    def holds(events: list[dict[str, Any]]) -> None:
        expected = of_node(answering.batch(events, **INSTANCE))
        assert of_engine("batch", events=events) == expected

    holds()


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_birthday_is_read_in_the_zone_of_the_process(packages: Path, upstream: Upstream, zone: str) -> None:
    event = {"type": "identify", "userId": "u-ada", "traits": {"birthday": "1990-01-01"}}
    with NodeRunner(
        hosts={"US": f"{upstream.url}/twilio_segment"}, folder=packages, env={**os.environ, "TZ": zone}
    ) as runner:
        expected = of_node(runner.event(event, settings=SETTINGS, defaults=["upsertContact"]))
    wanted = {"subscriptions": [default_subscription("upsertContact")], "tz": zone, "event": event}
    assert of_engine("event", **wanted)["sent"] == expected["sent"]
