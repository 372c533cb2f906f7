"""The driver ``python``: what becomes of events, batches and keys, and what a trace tells of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from mockodp_harness.drivers import Driver, Instance, Outcome, Trace, driver

from tests.harness.node_upstream import Reply, Seen, Upstream

EVENT: dict[str, Any] = {
    "type": "track",
    "userId": "u-1",
    "event": "Order Completed",
    "timestamp": "2026-01-01T00:00:00Z",
    "properties": {"total": 12.50, "order_id": "o-1"},
}
KEY = "secret-key"
SETTINGS = {"apiKey": KEY, "region": "US"}
IDENTIFIERS = {"userId": {"@path": "$.userId"}}


def subscription(action: str = "customEvent", *, trigger: Any = 'type = "track"', **mapping: Any) -> dict[str, Any]:
    """One that sends an event, unless *mapping* says otherwise; its members lie over the usual ones."""
    usual = {
        "user_identifiers": IDENTIFIERS,
        "event_action": "purchase",
        "total": {"@path": "$.properties.total"},
        "timestamp": {"@path": "$.timestamp"},
    }
    return {
        "subscribe": trigger,
        "partnerAction": action,
        "mapping": {**usual, **mapping},
        "name": f"{action} of a test",
    }


@pytest.fixture
def python(upstream: Upstream) -> Iterator[Driver]:
    with driver("python", base_urls={"us": f"{upstream.url}/us/twilio_segment"}) as python:
        yield python


def instance(*subscriptions: dict[str, Any], **settings: Any) -> Instance:
    return Instance({**SETTINGS, **settings}, subscriptions)


def outcomes(trace: Trace) -> list[list[Outcome]]:
    return [[event.outcome for event in each.events] for each in trace.subscriptions]


def reasons(trace: Trace) -> list[str | None]:
    return [event.reason for each in trace.subscriptions for event in each.events]


def test_an_event_is_mapped_validated_and_sent(python: Driver, upstream: Upstream) -> None:
    trace = python.event(EVENT, instance(subscription(unknown_member=1)))
    assert trace.results == [
        {"output": "Mappings resolved"},
        {"output": "Payload validated"},
        {"data": {"status": "queued"}, "output": "Action Executed"},
    ]
    assert outcomes(trace) == [[Outcome.SENT]]
    event = trace.subscriptions[0].events[0]
    payload = {"user_identifiers": {"userId": "u-1"}, "event_action": "purchase", "timestamp": "2026-01-01T00:00:00Z"}
    assert event.mapped == {**payload, "total": 12.5, "unknown_member": 1}
    assert event.payload == {**payload, "total": "12.5"}
    assert upstream.seen[0].path == "/us/twilio_segment/batch_custom_event"
    assert upstream.seen[0].header("authorization") == f"Bearer {KEY}"
    assert trace.requests[0].body == upstream.seen[0].body.decode()
    assert trace.subscriptions[0].requests == trace.requests


def test_a_batch_shares_one_request_and_tells_of_each_event(python: Driver, upstream: Upstream) -> None:
    events = [EVENT, {**EVENT, "type": "page"}, {**EVENT, "userId": 7, "timestamp": None}, {**EVENT, "userId": "u-2"}]
    trace = python.batch(events, instance(subscription()))
    assert outcomes(trace) == [[Outcome.SENT, Outcome.NOT_SUBSCRIBED, Outcome.REFUSED, Outcome.SENT]]
    assert [item["user_identifiers"]["userId"] for item in json.loads(upstream.seen[0].body)] == ["u-1", "u-2"]
    nodes = trace.results[0]["multistatus"]
    assert [node["status"] for node in nodes] == [202, 400, 400, 202]
    assert nodes[2]["errormessage"] == "The root value is missing the required field 'timestamp'."
    assert trace.subscriptions[0].events[2].messages == ("The root value is missing the required field 'timestamp'.",)
    assert len(trace.requests) == 1


def test_an_event_whose_mapping_fails_ends_the_whole_batch(python: Driver, upstream: Upstream) -> None:
    sound_event = {**EVENT, "properties": {"where": "$.userId"}}
    mine = subscription(order_id={"@path": {"@path": "$.properties.where"}})
    trace = python.batch([sound_event, EVENT], instance(mine))
    assert upstream.seen == []
    assert trace.error is not None
    assert outcomes(trace) == [[Outcome.REFUSED, Outcome.REFUSED]]
    sound, refused = trace.subscriptions[0].events
    assert sound.mapped["order_id"] == "u-1"
    assert sound.messages == ()
    assert refused.mapped is None
    assert refused.messages == (trace.error.message,)
    assert reasons(trace) == [trace.error.message] * 2


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ("type", "Invalid subscription : Value token is missing"),
        ("", "Failed to validate subscription"),
        (None, "Failed to validate subscription"),
        (7, "Failed to validate subscription"),
    ],
)
def test_a_trigger_that_is_none_refuses_every_event(
    python: Driver, upstream: Upstream, trigger: Any, reason: str
) -> None:
    one = python.event(EVENT, instance(subscription(trigger=trigger)))
    many = python.batch([EVENT, EVENT], instance(subscription(trigger=trigger)))
    assert outcomes(one) == [[Outcome.REFUSED]]
    assert outcomes(many) == [[Outcome.REFUSED] * 2]
    assert all(each is not None and each.startswith(reason) for each in reasons(one) + reasons(many))
    assert upstream.seen == []


def test_settings_that_do_not_fit_end_the_call_before_any_subscription(python: Driver, upstream: Upstream) -> None:
    trace = python.event(EVENT, instance(subscription(), subscription(trigger='type = "page"'), region="eu"))
    assert trace.error is not None
    assert (trace.error.name, trace.error.status) == ("AggregateAjvError", 400)
    assert trace.error.message == 'Region must be one of: "US", "EU", or "AU".'
    assert outcomes(trace) == [[Outcome.REFUSED], [Outcome.NOT_SUBSCRIBED]]
    assert reasons(trace)[0] == trace.error.message
    assert trace.subscriptions[0].events[0].payload is not None
    assert (trace.requests, upstream.seen) == ((), [])


def test_an_action_that_does_not_exist_does_nothing_for_an_event_and_fails_a_batch(python: Driver) -> None:
    one = python.event(EVENT, instance(subscription("noSuchAction")))
    assert (one.results, one.requests) == ([], ())
    assert outcomes(one) == [[Outcome.REFUSED]]
    assert "'noSuchAction'" in str(reasons(one)[0])
    many = python.batch([EVENT], instance(subscription("noSuchAction")))
    assert str(many.error) == "TypeError: Cannot read properties of undefined (reading 'status')"


def test_several_subscriptions_keep_their_own_requests_in_their_order(python: Driver, upstream: Upstream) -> None:
    upstream.reply = lambda seen: Reply(
        202 if b'"first"' in seen.body else 503, b"busy", {"content-type": "text/plain"}
    )
    trace = python.event(
        EVENT,
        instance(
            subscription(event_action="first"),
            subscription(trigger='type = "page"'),
            subscription(timestamp=None),
            subscription("nonEcommCustomEvent", event_action="last", total=None),
        ),
    )
    assert outcomes(trace) == [[Outcome.SENT], [Outcome.NOT_SUBSCRIBED], [Outcome.REFUSED], [Outcome.FAILED]]
    assert [json.loads(request.body or "")[0]["action"] for request in trace.requests] == ["first", "last"]
    first, _, refused, last = trace.subscriptions
    assert (first.requests, refused.requests, last.requests) == (trace.requests[:1], (), trace.requests[1:])
    assert first.results[2] == {"data": "busy", "output": "Action Executed"}
    assert last.error is not None
    assert (last.error.name, last.error.message) == ("HTTPError", "Service Unavailable")
    assert (last.error.response_status, last.error.response_body) == (503, "busy")
    assert trace.error == refused.error, "what fails before it sends fails first"


def test_subscriptions_send_at_the_same_time(python: Driver, upstream: Upstream) -> None:
    together = threading.Barrier(3, timeout=20)

    def reply(_: Seen) -> Reply:
        together.wait()
        return Reply()

    upstream.reply = reply
    trace = python.event(EVENT, instance(*[subscription(event_action=name) for name in ("a", "b", "c")]))
    assert outcomes(trace) == [[Outcome.SENT]] * 3
    assert [json.loads(request.body or "")[0]["action"] for request in trace.requests] == ["a", "b", "c"]


def test_a_subscription_that_does_not_come_back_ends_the_call_beside_what_the_others_did(
    python: Driver, upstream: Upstream
) -> None:
    upstream.reply = lambda seen: Reply(length=None if b'"quick"' in seen.body else 99)
    trace = python.event(EVENT, instance(subscription(event_action="cut"), subscription(event_action="quick")))
    assert str(trace.error) == "CallTimeout: The destination did not come back within 60000 ms."
    assert outcomes(trace) == [[Outcome.FAILED], [Outcome.SENT]]
    cut, quick = trace.subscriptions
    assert (cut.results, cut.error) == (None, None)
    assert quick.results is not None
    assert trace.requests[0].error is not None
    assert trace.requests[0].error.name == "CutOff"


@pytest.mark.parametrize("key", ["secret-key\nof two lines", "ke\ny", "secret-€"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(python: Driver, upstream: Upstream, key: str) -> None:
    traces = [
        python.event(EVENT, instance(subscription(), apiKey=key)),
        python.test_authentication({**SETTINGS, "apiKey": key}),
    ]
    for trace in traces:
        assert str(trace.error) == "TypeError: Bearer **** is not a legal HTTP header value"
        assert trace.requests == ()
        assert key not in json.dumps(trace.to_json(), ensure_ascii=False)
        assert json.dumps(key)[1:-1] not in json.dumps(trace.to_json())
    assert upstream.seen == []


def test_the_key_is_masked_in_every_text_but_the_senders_own(python: Driver, upstream: Upstream) -> None:
    said = json.dumps({"message": f"unknown key {KEY}", "seen": [f"Bearer {KEY}"]}).encode()
    upstream.reply = lambda seen: Reply(401 if b'"refused"' in seen.body else 202, said, {"x-echo": f"Bearer {KEY}"})
    own = subscription(event_action="taken", order_id=KEY)
    for trace in (
        python.event(EVENT, instance(own, subscription(event_action="refused"))),
        python.batch([EVENT], instance(own)),
        python.event(EVENT, instance(subscription(event_action="refused"))),
    ):
        shown = json.loads(json.dumps(trace.to_json()))
        for request in shown["requests"]:
            request.pop("body")
        for each in shown["subscriptions"]:
            each.pop("events")
            for request in each["requests"]:
                request.pop("body")
        results = [
            *(shown.get("results") or ()),
            *(r for each in shown["subscriptions"] for r in each.get("results", ())),
        ]
        for node in (node for result in results for node in result.get("multistatus", ())):
            assert node.pop("sent")["order_id"] == KEY
        assert KEY not in json.dumps(shown)
        assert "****" in json.dumps(shown)
    trace = python.event(EVENT, instance(own))
    assert trace.subscriptions[0].events[0].mapped["order_id"] == KEY
    assert KEY in str(trace.requests[0].body)


def test_a_key_is_tried_by_an_empty_post(python: Driver, upstream: Upstream) -> None:
    assert python.test_authentication(SETTINGS).ok
    assert (upstream.seen[0].method, upstream.seen[0].path) == ("POST", "/us/twilio_segment/auth")
    upstream.reply = lambda _: Reply(401)
    trace = python.test_authentication(SETTINGS)
    assert str(trace.error) == "Error: Credentials are invalid: 401 Unauthorized"
    assert trace.subscriptions == ()
    refused = python.test_authentication({"apiKey": KEY})
    assert str(refused.error) == "AggregateAjvError: The root value is missing the required field 'region'."
    assert len(upstream.seen) == 2


def test_a_region_without_base_url_is_not_reached(python: Driver) -> None:
    trace = python.event(EVENT, instance(subscription(), region="EU"))
    assert trace.error is not None
    assert trace.error.code == "EMOCKODP"
    assert "'function.eu1.ocp.optimizely.com' was stopped before it left" in trace.error.message
    assert "Region EU has none: give base_urls to the driver" in trace.error.message
    assert trace.requests == ()


def test_dates_of_birth_are_read_in_the_zone_of_the_driver(upstream: Upstream) -> None:
    contact = {
        "subscribe": 'type = "identify"',
        "partnerAction": "upsertContact",
        "mapping": {"user_identifiers": IDENTIFIERS, "DOB": {"@path": "$.traits.birthday"}},
    }
    event = {"type": "identify", "userId": "u-1", "traits": {"birthday": "1990-01-01"}}
    for zone in ("UTC", "America/New_York"):
        with driver("python", base_urls={"US": upstream.url}, zone=zone) as python:
            assert python.event(event, Instance(SETTINGS, [contact])).ok
    assert [json.loads(seen.body)[0]["dob_year"] for seen in upstream.seen] == [1990, 1989]


def test_numbers_and_members_are_read_as_javascript_reads_them(python: Driver, upstream: Upstream) -> None:
    event = {**EVENT, "properties": {"b": 1.0, "10": 2**53 + 1, "2": -0.0}}
    mine = subscription("nonEcommCustomEvent", data={"@path": "$.properties"}, total=None)
    assert python.event(event, instance(mine)).ok
    assert b'"data":{"2":0,"10":9007199254740992,"b":1}' in upstream.seen[0].body


def test_a_mapping_that_is_changed_after_its_use_is_another_mapping(python: Driver, upstream: Upstream) -> None:
    mine = subscription(event_action="before")
    assert python.event(EVENT, instance(mine)).ok
    mine["mapping"]["event_action"] = "after"
    assert python.event(EVENT, instance(mine)).ok
    assert [json.loads(seen.body)[0]["action"] for seen in upstream.seen] == ["before", "after"]
