"""The engine and the published package once more, now over real HTTP: the same leaves as nothing in between shows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from mockodp_harness.conformance import answer
from mockodp_harness.destinations.optimizely_data_platform import default_subscription
from mockodp_harness.node import NodeRunner, Trace
from mockodp_harness.parity import events
from mockodp_harness.parity.trees import written
from mockodp_harness.segment.values import parse, stringify

from tests.harness.node_upstream import Reply, Upstream

pytestmark = pytest.mark.node

MANY: Final = 60
ACTIONS: Final = ["customEvent", "nonEcommCustomEvent", "upsertContact", "emailEvent"]
SETTINGS: Final = {"apiKey": "odp_test_shop", "region": "US"}
INSTANCE: Final[Any] = {"settings": SETTINGS, "presets": True, "defaults": ACTIONS}
CASE: Final = {
    "settings": SETTINGS, "presets": True, "default_actions": ACTIONS,
    "response": {"status": 202, "body": {"status": "queued"}},
}  # fmt: skip


def _events(seed: int) -> Iterator[Any]:
    """Events that fit into the JSON of a call, which knows no Infinity."""
    texts = (written(events.source(Random(f"{seed}/{index}"))) for index in range(MANY))
    yield from (json.loads(text) for text in texts if "e400" not in text)


def of_node(trace: Trace) -> dict[str, Any]:
    """What the package did, as far as both can be compared: the order of concurrent requests is not fixed."""
    error = trace.error
    return {
        "sent": sorted((request.url.rpartition("/")[2], request.body) for request in trace.requests),
        "results": None if error else trace.results,
        "error": None if error is None else error.name,
    }


def of_engine(kind: str, **members: Any) -> dict[str, Any]:
    said = parse(stringify(answer(parse(json.dumps({"id": "", "kind": kind, **CASE, **members})))) or "")
    requests = said["result"]["requests"] if said["ok"] else said["requests"]
    return {
        "sent": sorted((request["url"].rpartition("/")[2], request["body"]) for request in requests),
        "results": said["result"]["results"] if said["ok"] else None,
        "error": None if said["ok"] else said["error"]["name"],
    }


@pytest.fixture
def answering(runner: NodeRunner, upstream: Upstream) -> NodeRunner:
    upstream.reply = lambda _: Reply(202, b'{"status":"queued"}')
    return runner


def test_one_event_has_the_same_outcome(answering: NodeRunner) -> None:
    sent = 0
    for event in _events(1):
        expected = of_node(answering.event(event, **INSTANCE))
        sent += len(expected["sent"])
        assert of_engine("event", event=event) == expected
    assert sent >= MANY // 3, "too few of the events were sent for this to prove anything"


def test_a_batch_has_the_same_outcome(answering: NodeRunner) -> None:
    taken = list(_events(2))
    for first in range(0, len(taken), 4):
        batch = taken[first : first + 4]
        assert of_engine("batch", events=batch) == of_node(answering.batch(batch, **INSTANCE))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_birthday_is_read_in_the_zone_of_the_process(packages: Path, upstream: Upstream, zone: str) -> None:
    event = {"type": "identify", "userId": "u-ada", "traits": {"birthday": "1990-01-01"}}
    with NodeRunner(
        hosts={"US": f"{upstream.url}/twilio_segment"}, folder=packages, env={**os.environ, "TZ": zone}
    ) as runner:
        expected = of_node(runner.event(event, settings=SETTINGS, defaults=["upsertContact"]))
    subscriptions = [default_subscription("upsertContact")]
    wanted = {"presets": False, "default_actions": [], "subscriptions": subscriptions, "tz": zone, "event": event}
    assert of_engine("event", **wanted)["sent"] == expected["sent"]
    assert len(expected["sent"]) == 1
