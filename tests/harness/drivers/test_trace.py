"""What a trace says of a call, as far as it follows from what the driver tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mockodp_harness.drivers import Instance, Outcome, Trace, UnknownDriver, driver

TRACK = 'type = "track"'
EVENT = {"type": "track", "event": "Order Completed"}
INSTANCE = Instance({"apiKey": "odp_test_shop", "region": "US"}, [{"subscribe": TRACK, "partnerAction": "customEvent"}])
REQUEST = {
    "method": "POST", "url": "http://127.0.0.1:1/batch_custom_event", "headers": {}, "body": "[]",
    "answer": {"status": 202, "headers": {}, "body": ""},
}  # fmt: skip
REFUSED = {"name": "HTTPError", "message": "Unauthorized", "response_status": 401}
UNFIT = {
    "name": "AggregateAjvError", "message": "Timestamp is missing. Campaign is missing.", "status": 400,
    "errors": [{"message": "Timestamp is missing."}, {"message": "Campaign is missing."}],
}  # fmt: skip


def trace(events: list[dict[str, Any]], **subscription: Any) -> Trace:
    call: dict[str, Any] = {name: subscription[name] for name in ("results", "error") if name in subscription}
    own = {"events": events, "requests": [], **subscription}
    said = {"requests": [REQUEST] if own["requests"] else [], "subscriptions": [own], **call}
    return Trace.from_json(said, INSTANCE.subscriptions, [EVENT for _ in events])


@pytest.mark.parametrize(
    ("told", "subscription", "outcome", "reason"),
    [
        ({"matched": True}, {"requests": [0], "results": []}, Outcome.SENT, None),
        ({"matched": True}, {"requests": [0], "error": REFUSED}, Outcome.FAILED, "Unauthorized"),
        ({"matched": False}, {"results": []}, Outcome.NOT_SUBSCRIBED, "not subscribed"),
        ({"matched": True, "refusal": UNFIT}, {"error": UNFIT}, Outcome.REFUSED, UNFIT["message"]),
        ({"matched": True, "refusal": UNFIT}, {"requests": [0], "results": []}, Outcome.REFUSED, UNFIT["message"]),
        ({"matched": True}, {"results": []}, Outcome.REFUSED, "There is no action 'customEvent'."),
        ({"matched": True}, {"error": REFUSED}, Outcome.REFUSED, "Unauthorized"),
    ],
)
def test_the_outcome_of_an_event_follows_from_how_far_it_got(
    told: dict[str, Any], subscription: dict[str, Any], outcome: Outcome, reason: str | None
) -> None:
    ((event,),) = (each.events for each in trace([told], **subscription).subscriptions)
    assert (event.outcome, event.reason) == (outcome, reason)


def test_settings_that_do_not_fit_end_every_subscription() -> None:
    error = {"name": "AggregateAjvError", "message": "Region must be one of …", "status": 400}
    said = {"error": error, "requests": [], "subscriptions": [{"events": [{"matched": True}], "requests": []}]}
    made = Trace.from_json(said, INSTANCE.subscriptions, [EVENT])
    assert not made.ok
    assert made.subscriptions[0].events[0].outcome is Outcome.REFUSED
    assert made.subscriptions[0].events[0].reason == error["message"]


def test_a_call_is_sent_if_any_event_was_taken_by_the_service() -> None:
    assert trace([{"matched": True}, {"matched": False}], requests=[0], results=[]).sent
    for each in (
        trace([{"matched": True}], requests=[0], error=REFUSED),
        trace([{"matched": True, "refusal": UNFIT}], results=[]),
        trace([{"matched": False}], results=[]),
    ):
        assert not each.sent
    assert trace([{"matched": True, "refusal": UNFIT}], results=[]).ok, "the framework raised nothing"


@pytest.mark.parametrize("stored", [{"subscribe": TRACK}, {"subscribe": TRACK, "partnerAction": None}, None])
def test_a_subscription_without_an_action_is_told_so(stored: Any) -> None:
    said = {"results": [], "requests": [], "subscriptions": [{"events": [{"matched": True}], "requests": []}]}
    (subscription,) = Trace.from_json(said, [stored], [EVENT]).subscriptions
    assert subscription.action is None
    assert subscription.events[0].reason == "The subscription names no action (partnerAction)."


def test_messages_of_validation_stand_apart() -> None:
    (event,) = trace([{"matched": True, "refusal": UNFIT}], error=UNFIT).subscriptions[0].events
    assert event.messages == ("Timestamp is missing.", "Campaign is missing.")


def test_a_trigger_that_did_not_take_the_event_says_why() -> None:
    instance = Instance({}, [{"subscribe": 'event = "Product Added"', "partnerAction": "customEvent"}])
    said = {
        "results": [{"output": "not subscribed"}],
        "requests": [],
        "subscriptions": [{"events": [{"matched": False}], "requests": [], "results": [{"output": "not subscribed"}]}],
    }
    made = Trace.from_json(said, instance.subscriptions, [EVENT])
    assert made.subscriptions[0].events[0].unmet == ('event = "Product Added", but event is "Order Completed"',)
    assert not made.subscribed


def test_a_trace_is_json_without_members_that_say_nothing() -> None:
    made = trace([{"matched": True, "mapped": {"total": None}}], requests=[0], results=[{"output": "sent"}]).to_json()
    assert json.loads(json.dumps(made)) == {
        "results": [{"output": "sent"}],
        "requests": [REQUEST],
        "subscriptions": [
            {
                "action": "customEvent",
                "trigger": TRACK,
                "events": [{"outcome": "sent", "mapped": {"total": None}}],
                "requests": [REQUEST],
                "results": [{"output": "sent"}],
            }
        ],
    }


def test_an_unknown_driver_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownDriver, match=r"'ruby' is no driver\. Known: python, node, serve\."):
        driver("ruby")
