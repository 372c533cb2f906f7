"""
The published destination under each fault: what it takes for success, what it raises, and that it never tries twice.

A call is one request, whatever comes of it; only redirects lead to another. Trying again is up to whoever called.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from mockodp_harness.drivers.trace import Trace
from mockodp_harness.node import NodeRunner, tls_environment

import mockodp
from mockodp.client import Client

pytestmark = pytest.mark.node

EVENTS = "/twilio_segment/batch_custom_event"
ORDER = {
    "type": "track",
    "event": "Order Completed",
    "userId": "user-ada",
    "anonymousId": "anon-ada",
    "timestamp": "2026-01-02T03:04:05.000Z",
    "properties": {"order_id": "O-1", "total": 27.5},
}
OUT_OF_PATIENCE = "CallTimeout"
"""What the runner says when the destination itself would wait for ever."""


@pytest.fixture(scope="module")
def odp() -> Iterator[Client]:
    with mockodp.running() as client:
        yield client


@pytest.fixture(scope="module")
def over_tls(packages: Path, odp: Client) -> Iterator[NodeRunner]:
    assert odp.tls_url
    assert odp.ca
    with NodeRunner(folder=packages, tls=tls_environment(odp.tls_url, odp.ca)) as runner:
        yield runner


@pytest.fixture(scope="module")
def over_http(packages: Path, odp: Client) -> Iterator[NodeRunner]:
    with NodeRunner(folder=packages, hosts={"US": f"{odp.url}/twilio_segment"}) as runner:
        yield runner


@pytest.fixture(params=["over_tls", "over_http"])
def destination(request: pytest.FixtureRequest) -> NodeRunner:
    runner: NodeRunner = request.getfixturevalue(request.param)
    return runner


class Felt:
    """One call of the destination under a fault, and what the mock kept of it."""

    def __init__(
        self, odp: Client, destination: NodeRunner, *, events: int = 0, limit: float = 30, **told: Any
    ) -> None:
        account = odp.open_account()
        instance: dict[str, Any] = {
            "settings": {"apiKey": account.key, "region": "US"},
            "presets": ["Order Completed"],
            "limit": limit,
        }
        with odp.fault(account.name, **told):
            self.trace: Trace = (
                destination.batch([ORDER] * events, **instance) if events else destination.event(ORDER, **instance)
            )
        self.records: list[dict[str, Any]] = odp.records(account=account.name)["records"]

    @property
    def raised(self) -> tuple[str, str]:
        assert self.trace.error is not None, self.trace.results
        return self.trace.error.name, self.trace.error.message

    @property
    def sent(self) -> list[str]:
        """The methods of all requests that the destination made."""
        return [request.method for request in self.trace.requests]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 423, 429, 500, 501, 502, 503, 504, 529])
def test_a_status_that_is_no_success_is_raised_at_once(odp: Client, destination: NodeRunner, status: int) -> None:
    felt = Felt(odp, destination, effect={"status": status, "retry_after": 1})
    assert felt.raised == ("HTTPError", "529" if status == 529 else HTTPStatus(status).phrase)
    assert felt.trace.error is not None
    assert felt.trace.error.response_status == status
    assert felt.sent == ["POST"]
    assert [(record["status"], record["faults"][0]["answered"]) for record in felt.records] == [(201, status)]


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_batch_fails_as_a_whole(odp: Client, over_tls: NodeRunner, status: int) -> None:
    felt = Felt(odp, over_tls, events=3, effect={"status": status})
    assert felt.raised == ("HTTPError", HTTPStatus(status).phrase)
    assert (felt.sent, [record["item_count"] for record in felt.records]) == (["POST"], [3])


def test_a_batch_of_which_half_failed_is_taken_for_delivered(odp: Client, over_tls: NodeRunner) -> None:
    felt = Felt(odp, over_tls, events=4, preset="half-batch")
    assert felt.trace.ok
    ((nodes,),) = [list(result.values()) for result in felt.trace.results]
    assert [node["status"] for node in nodes] == [207, 207, 207, 207]
    assert [result["status"] for result in nodes[0]["body"]["results"]] == [201, 400, 201, 400]
    assert felt.sent == ["POST"]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_becomes_a_get_without_body_and_counts_for_what_that_is_answered(
    odp: Client, destination: NodeRunner, status: int
) -> None:
    redirect = {"effect": {"status": status, "location": EVENTS}}
    felt = Felt(odp, destination, sequence=[redirect])
    assert felt.raised == ("HTTPError", "Method Not Allowed")
    assert felt.sent == ["POST", "GET"]
    assert [(record["method"], record["size"] > 0) for record in felt.records] == [("POST", True), ("GET", False)]

    felt = Felt(odp, destination, sequence=[redirect, {"effect": {"status": 200}}])
    assert felt.trace.ok, "though the event never reached the place it was led to"
    assert felt.sent == ["POST", "GET"]


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_method_repeats_the_event(odp: Client, destination: NodeRunner, status: int) -> None:
    felt = Felt(odp, destination, sequence=[{"effect": {"status": status, "location": EVENTS}}])
    assert felt.trace.ok
    assert felt.sent == ["POST", "POST"]
    assert felt.records[0]["items"] == felt.records[1]["items"]


@pytest.mark.parametrize(("wire", "recorded"), [("reset", 0), ("lost_answer", 1)])
def test_a_connection_that_is_reset_is_raised_whether_the_event_is_in_or_not(
    odp: Client, destination: NodeRunner, wire: str, recorded: int
) -> None:
    felt = Felt(odp, destination, effect={"wire": wire})
    name, message = felt.raised
    assert name == "FetchError"
    assert message.endswith(("reason: read ECONNRESET", "reason: socket hang up"))
    assert felt.trace.error is not None
    assert felt.trace.error.code == "ECONNRESET"
    assert (felt.sent, len(felt.records)) == (["POST"], recorded)


def test_what_is_no_http_is_raised(odp: Client, destination: NodeRunner) -> None:
    felt = Felt(odp, destination, effect={"wire": "garbage"})
    name, message = felt.raised
    assert name == "FetchError"
    assert "reason: Parse Error: Expected HTTP/" in message
    assert (felt.sent, len(felt.records)) == (["POST"], 1)


@pytest.mark.parametrize("effect", [{"wire": "short_length"}, {"wire": "drip", "wire_for": "5ms"}, {"delay": "50ms"},
                                    {"wire": "stall_after_headers", "wire_for": "50ms"}])  # fmt: skip
def test_what_comes_in_the_end_is_a_success(odp: Client, destination: NodeRunner, effect: dict[str, Any]) -> None:
    felt = Felt(odp, destination, effect=effect)
    assert felt.trace.ok
    assert (felt.sent, len(felt.records)) == (["POST"], 1)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [{"wire": "half_body"}, {"wire": "long_length"},
                                    {"wire": "stall_after_headers", "wire_for": "1h"}])  # fmt: skip
def test_a_body_that_does_not_come_is_waited_for_without_end(
    odp: Client, destination: NodeRunner, effect: dict[str, Any]
) -> None:
    felt = Felt(odp, destination, effect=effect, limit=2)
    assert felt.raised[0] == OUT_OF_PATIENCE
    (request,) = felt.trace.requests
    assert request.answer is not None
    assert request.answer.status == 201, "its headers were there"
    assert len(felt.records) == 1


@pytest.mark.slow
def test_headers_that_do_not_come_within_ten_seconds_are_given_up_though_the_event_is_in(
    odp: Client, over_tls: NodeRunner
) -> None:
    felt = Felt(odp, over_tls, preset="slow-11s")
    assert felt.raised == ("TimeoutError", "Request timed out after 10000ms")
    assert felt.trace.error is not None
    assert felt.trace.error.code == "ETIMEDOUT"
    assert (felt.sent, [record["faults"][0]["effect"] for record in felt.records]) == (["POST"], ["stall 11 s"])


def test_a_handshake_that_fails_is_raised_and_nothing_arrives(odp: Client, over_tls: NodeRunner) -> None:
    account = odp.open_account()
    settings = {"apiKey": account.key, "region": "EU"}
    with odp.fault("*", effect={"wire": "tls_failure"}, match={"region": "eu"}):
        trace = over_tls.event(ORDER, settings=settings, presets=["Order Completed"])
    assert trace.error is not None
    assert (trace.error.name, trace.error.code) == ("FetchError", "EPROTO")
    assert "SSL alert number 40" in trace.error.message
    assert odp.records(account=account.name)["records"] == []
    assert over_tls.event(ORDER, settings=settings, presets=["Order Completed"]).ok


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"preset": "auth-rotated"}, "Credentials are invalid: 401 Unauthorized"),
        ({"effect": {"status": 503}}, "Credentials are invalid: 503 Service Unavailable"),
        ({"preset": "region-down"}, "Credentials are invalid:  request to https://function.zaius.app/"),
    ],
)
def test_an_authentication_test_tells_what_it_met(
    odp: Client, over_tls: NodeRunner, told: dict[str, Any], words: str
) -> None:
    account = odp.open_account()
    with odp.fault(account.name, **told):
        trace = over_tls.test_authentication({"apiKey": account.key, "region": "US"})
    assert trace.error is not None
    assert trace.error.message.startswith(words)
    assert len(trace.requests) == 1


def test_whoever_tries_again_gets_through_a_storm_and_leaves_one_record_for_each_try(
    odp: Client, over_tls: NodeRunner
) -> None:
    account = odp.open_account()
    with odp.fault(account.name, preset="429-storm"):
        traces = [
            over_tls.event(ORDER, settings={"apiKey": account.key, "region": "US"}, presets=["Order Completed"])
            for _ in range(10)
        ]
    assert [trace.ok for trace in traces] == [False] * 9 + [True]
    records = odp.records(account=account.name)["records"]
    assert [bool(record["faults"]) for record in records] == [True] * 9 + [False]
