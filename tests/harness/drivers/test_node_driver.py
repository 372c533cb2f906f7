"""The driver `node`: how far each event got in each subscription of a call to the published destination."""

from __future__ import annotations

import copy
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.destinations.optimizely_data_platform import default_subscription
from mockodp_harness.drivers import Driver, EventTrace, Instance, Outcome, SubscriptionTrace, Trace, driver
from mockodp_harness.node import NodeRunner

from tests.harness.node_upstream import Reply, Upstream, serving
from tests.harness.test_contracts_hold import EVENTS, EVERY_TRAIT

pytestmark = pytest.mark.node

CASES: Final = int(os.environ.get("CASES", "40"))
BOUNDED = settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
KEY: Final = "odp_test_secret"
SETTINGS: Final = {"apiKey": KEY, "region": "US"}
TRACK: Final = 'type = "track"'
IDS: Final = {"userId": "u1", "timestamp": "2026-01-02T03:04:05.000Z"}
LAMP: Final = {"type": "track", "event": "Lamp Lit", **IDS, "properties": {"color": "red"}}
PAGE: Final = {"type": "page", **IDS}
NO_TIME: Final = {"type": "track", "event": "Lamp Lit", "userId": "u2"}

CUSTOM: Final = default_subscription("nonEcommCustomEvent")
CONTACT: Final = default_subscription("upsertContact")
ORDER: Final = default_subscription("customEvent")  # lacks the action, which is required
NO_ACTION: Final = "The root value is missing the required field 'event_action'."
WITHOUT_TIME: Final = "The root value is missing the required field 'timestamp'."
UNFIT_REGION: Final = 'Region must be one of: "US", "EU", or "AU".'

MAPPED: Final = {
    "user_identifiers": {"userId": "u1", "fs_user_id": "u1", "web_user_id": "u1"},
    "event_type": "Lamp Lit",
    "data": {"color": "red"},
    "timestamp": "2026-01-02T03:04:05.000Z",
    "enable_batching": True,
    "batch_size": 100,
}


@pytest.fixture(scope="module")
def serving_upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def started(packages: Path, serving_upstream: Upstream) -> Iterator[Driver]:
    with driver("node", base_urls={"us": f"{serving_upstream.url}/twilio_segment"}) as node:
        yield node


@pytest.fixture
def upstream(serving_upstream: Upstream) -> Upstream:
    serving_upstream.seen.clear()
    serving_upstream.reply = lambda _: Reply()
    return serving_upstream


@pytest.fixture
def node(started: Driver, upstream: Upstream) -> Driver:
    return started


def instance(*subscriptions: dict[str, Any], **own: Any) -> Instance:
    return Instance({**SETTINGS, **own}, subscriptions)


def custom(subscribe: Any = TRACK, **mapping: Any) -> dict[str, Any]:
    return {**CUSTOM, "subscribe": subscribe, "mapping": {**CUSTOM["mapping"], **mapping}}


def only(trace: Trace) -> SubscriptionTrace:
    (subscription,) = trace.subscriptions
    return subscription


def came_to(subscription: SubscriptionTrace) -> list[tuple[Outcome, str | None]]:
    return [(event.outcome, event.reason) for event in subscription.events]


def sent(trace: Trace) -> list[tuple[str, str]]:
    """What went out, in no order: subscriptions are at work at once."""
    return sorted((request.url.rpartition("/")[2], request.body or "") for request in trace.requests)


def test_an_event_that_was_sent_shows_what_was_made_of_it(node: Driver, upstream: Upstream) -> None:
    trace = node.event(LAMP, instance({**CUSTOM, "name": "Lamps"}))

    assert (trace.ok, node.name) == (True, "node")
    subscription = only(trace)
    assert (subscription.action, subscription.trigger, subscription.name) == ("nonEcommCustomEvent", TRACK, "Lamps")
    assert subscription.events == (EventTrace(Outcome.SENT, mapped=MAPPED, payload=MAPPED),)
    assert subscription.requests == trace.requests
    assert subscription.results == trace.results
    assert [seen.body.decode() for seen in upstream.seen] == [trace.requests[0].body]


def test_payload_is_what_validation_left_and_mapped_is_what_it_got(node: Driver) -> None:
    subscription = only(node.event(LAMP, instance(custom(event_type=7, event_action="", batch_size="5", more=None))))

    (event,) = subscription.events
    assert event.mapped == {**MAPPED, "event_type": 7, "event_action": "", "batch_size": "5", "more": None}
    assert event.payload == {**MAPPED, "event_type": "7", "batch_size": 5}


def test_a_batch_keeps_the_empty_text_that_a_single_event_loses(node: Driver) -> None:
    subscription = only(node.batch([LAMP], instance(custom(event_action=""))))

    assert subscription.events[0].payload == {**MAPPED, "event_action": ""}
    assert subscription.results[0]["multistatus"][0]["sent"] == {**MAPPED, "event_action": ""}


def test_an_event_that_the_server_refused_has_failed(node: Driver, upstream: Upstream) -> None:
    upstream.reply = lambda _: Reply(401, b"{}")
    subscription = only(node.event(LAMP, instance(CUSTOM)))

    assert came_to(subscription) == [(Outcome.FAILED, "Unauthorized")]
    assert subscription.events[0].payload == MAPPED
    assert subscription.error is not None
    assert (subscription.error.name, subscription.error.response_status) == ("HTTPError", 401)


def test_an_event_that_nobody_heard_has_failed(packages: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with driver("node", base_urls={"US": url}) as node:
            trace = node.event(LAMP, instance(CUSTOM))

    assert trace.error is not None
    assert came_to(only(trace)) == [(Outcome.FAILED, trace.error.message)]
    assert "ECONNREFUSED" in trace.error.message


@pytest.mark.parametrize(
    ("subscribe", "reason"),
    [
        ("type", "Invalid subscription : Value token is missing"),
        ("((", "Invalid subscription : Cannot read properties of undefined (reading 'type')"),
        ("", "Failed to validate subscription"),
        (None, "Failed to validate subscription"),
        (["type"], "Failed to validate subscription"),
    ],
)
def test_a_trigger_that_cannot_be_read_refuses_every_event(
    node: Driver, upstream: Upstream, subscribe: Any, reason: str
) -> None:
    one = only(node.event(LAMP, instance(custom(subscribe))))
    two = only(node.batch([LAMP, PAGE], instance(custom(subscribe))))

    assert one.results == [{"output": reason}]
    assert [said["errormessage"] for said in two.results[0]["multistatus"]] == [reason] * 2
    assert came_to(one) + came_to(two) == [(Outcome.REFUSED, reason)] * 3
    assert [event.mapped for event in (*one.events, *two.events)] == [None] * 3
    assert upstream.seen == []


def test_a_trigger_that_stumbles_refuses_the_event(node: Driver) -> None:
    trace = node.event(LAMP, instance(custom('properties.\\[ = "x"')))

    assert trace.error is not None
    assert trace.error.name == "TypeError"
    assert came_to(only(trace)) == [(Outcome.REFUSED, trace.error.message)]


def test_a_mapping_that_cannot_be_read_refuses_the_event(node: Driver) -> None:
    trace = node.event(LAMP, instance(custom(event_type={"@nope": 1}, event_action={"@path": 1})))

    messages = (
        "/event_action/@path should be a string or a mapping directive but it is a number.",
        "/event_type has an invalid directive: @nope.",
    )
    (event,) = only(trace).events
    assert sorted(event.messages) == sorted(messages)
    assert event.reason == "\n".join(event.messages), "and no stack traces"
    assert (event.outcome, event.matched, event.mapped, event.payload) == (Outcome.REFUSED, True, None, None)
    assert trace.error is not None
    assert (trace.error.name, trace.error.message) == ("AggregateError", event.reason)


def test_one_event_whose_mapping_fails_ends_the_batch(node: Driver, upstream: Upstream) -> None:
    of_the_event = {"@template": {"@path": "$.properties.color"}}  # which has to be a text
    trace = node.batch([LAMP, {**LAMP, "properties": {"color": 5}}, PAGE], instance(custom(event_type=of_the_event)))

    assert trace.error is not None
    subscription = only(trace)
    assert subscription.error == trace.error
    assert [event.outcome for event in subscription.events] == [
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.NOT_SUBSCRIBED,
    ]
    assert [event.reason for event in subscription.events[:2]] == [trace.error.message] * 2
    assert [event.messages for event in subscription.events[:2]] == [(), (trace.error.message,)]
    assert [event.mapped and event.mapped["event_type"] for event in subscription.events] == ["red", None, None]
    assert upstream.seen == []


def test_a_payload_that_does_not_fit_is_refused_with_each_reason(node: Driver, upstream: Upstream) -> None:
    subscription = only(node.event(NO_TIME, instance(ORDER)))

    (event,) = subscription.events
    assert (event.outcome, event.reason) == (Outcome.REFUSED, f"{NO_ACTION} {WITHOUT_TIME}")
    assert event.messages == (NO_ACTION, WITHOUT_TIME)
    assert event.mapped["user_identifiers"]["userId"] == "u2"
    assert event.payload is None
    assert upstream.seen == []


def test_of_a_batch_each_event_has_its_own_outcome(node: Driver) -> None:
    subscription = only(node.batch([LAMP, NO_TIME, PAGE], instance(CUSTOM)))

    assert came_to(subscription) == [
        (Outcome.SENT, None),
        (Outcome.REFUSED, WITHOUT_TIME),
        (Outcome.NOT_SUBSCRIBED, "not subscribed"),
    ]
    assert subscription.events[2].unmet == ('type = "track", but type is "page"',)
    assert [len(request.items()) for request in subscription.requests] == [1]


def test_settings_that_do_not_fit_refuse_what_would_have_been_sent(node: Driver, upstream: Upstream) -> None:
    trace = node.batch([LAMP, PAGE], instance(CUSTOM, CONTACT, region="eu"))

    assert trace.error is not None
    assert (trace.error.message, trace.error.status) == (UNFIT_REGION, 400)
    first, second = trace.subscriptions
    assert came_to(first) == [(Outcome.REFUSED, UNFIT_REGION), (Outcome.NOT_SUBSCRIBED, "not subscribed")]
    assert first.events[0].payload == MAPPED
    assert came_to(second) == [(Outcome.NOT_SUBSCRIBED, "not subscribed")] * 2
    assert [(each.results, each.error, each.requests) for each in trace.subscriptions] == [(None, None, ())] * 2
    assert upstream.seen == []


def test_an_action_that_does_not_exist_is_told(node: Driver) -> None:
    unknown = {"subscribe": TRACK, "partnerAction": "nope", "mapping": {}}
    alone = node.event(LAMP, instance(unknown))
    together = node.batch([LAMP, PAGE], instance(unknown))

    assert (alone.results, together.error and together.error.name) == ([], "TypeError")
    assert came_to(only(alone)) == [(Outcome.REFUSED, "There is no action 'nope'.")]
    assert [event.outcome for event in only(together).events] == [Outcome.REFUSED, Outcome.NOT_SUBSCRIBED]


@pytest.mark.parametrize("action", ["toString", ["nope"], {"toString": 1}, None])
def test_an_action_that_nobody_can_mean_ends_no_process(node: Driver, action: Any) -> None:
    odd = instance({"subscribe": TRACK, "partnerAction": action, "mapping": {}}, {})

    for trace in (node.event(LAMP, odd), node.batch([LAMP], odd)):
        assert [each.events[0].outcome for each in trace.subscriptions] == [Outcome.REFUSED] * 2
        assert trace.requests == ()


def test_each_request_belongs_to_its_subscription(node: Driver, upstream: Upstream) -> None:
    """The first answers last, so that the requests of all are on the way at once."""
    others = threading.Event()

    def slow_first(seen: Any) -> Reply:
        if b'"first"' in seen.body:
            others.wait(30)
        if b'"third"' in seen.body:
            others.set()
            return Reply(500, b"{}")
        return Reply(202, b'{"status":"queued"}')

    upstream.reply = slow_first
    named = [custom(event_type=name) for name in ("first", "second", "third")]
    trace = node.event(LAMP, instance(named[0], CONTACT, named[1], ORDER, named[2]))

    types = [[item["type"] for request in each.requests for item in request.items()] for each in trace.subscriptions]
    assert types == [["first"], [], ["second"], [], ["third"]]
    assert [each.events[0].outcome for each in trace.subscriptions] == [
        Outcome.SENT, Outcome.NOT_SUBSCRIBED, Outcome.SENT, Outcome.REFUSED, Outcome.FAILED,
    ]  # fmt: skip
    assert [each.error and each.error.name for each in trace.subscriptions] == [
        None, None, None, "AggregateAjvError", "HTTPError",
    ]  # fmt: skip
    assert trace.error in [each.error for each in trace.subscriptions]


def test_a_redirect_belongs_to_the_subscription_that_was_led_away(node: Driver, upstream: Upstream) -> None:
    upstream.reply = lambda seen: Reply(301, headers={"location": "/away"}) if seen.method == "POST" else Reply(200)
    first, second = node.batch([LAMP], instance(CUSTOM, custom(event_type="second"))).subscriptions

    assert [request.method for request in first.requests] == ["POST", "GET"]
    assert [request.method for request in second.requests] == ["POST", "GET"]
    assert second.requests[0].items()[0]["type"] == "second"


def test_a_subscription_that_is_not_done_in_time_has_failed(node: Driver, upstream: Upstream) -> None:
    def half_of_them(seen: Any) -> Reply:
        return Reply(200, b"{", length=100) if b"second" in seen.body else Reply()

    upstream.reply = half_of_them
    trace = node.event(LAMP, instance(CUSTOM, custom(event_type="second"), ORDER), limit=1)

    assert trace.error is not None
    assert trace.error.name == "CallTimeout"
    first, second, third = trace.subscriptions
    assert came_to(first) == [(Outcome.SENT, None)]
    assert came_to(second) == [(Outcome.FAILED, trace.error.message)]
    assert (second.results, second.error) == (None, None)
    assert came_to(third) == [(Outcome.REFUSED, NO_ACTION)]


def test_a_try_of_the_key_has_no_subscriptions(node: Driver, upstream: Upstream) -> None:
    trace = node.test_authentication(SETTINGS)

    assert (trace.ok, trace.subscriptions) == (True, ())
    assert [seen.path for seen in upstream.seen] == ["/twilio_segment/auth"]


REPLACED: Final = {"@replace": {"pattern": "e", "value": {"@path": "$.event"}}}
BANANA: Final = {**LAMP, "event": "Eel"}


def test_a_directive_that_writes_into_its_mapping_says_the_same_each_time(node: Driver) -> None:
    """The package writes the defaults of ``@replace`` into the mapping it was given."""
    subscription = custom(event_type=REPLACED)
    before = copy.deepcopy(subscription)
    alone = only(node.event(BANANA, instance(subscription)))
    again, twin = node.batch([BANANA, LAMP, BANANA], instance(subscription, subscription)).subscriptions

    assert [alone.events[0].payload["event_type"]] == ["El"]
    for each in (again, twin):
        assert [event.payload["event_type"] for event in each.events] == ["El", "Lamp Lit", "El"]
        assert [item["type"] for item in each.requests[0].items()] == ["El", "Lamp Lit", "El"]
    assert subscription == before


@pytest.mark.parametrize("op", ["event", "batch"])
def test_tracing_changes_nothing_of_the_call(packages: Path, upstream: Upstream, op: str) -> None:
    subscriptions = [custom(event_type=REPLACED, batch_size="5"), CONTACT, ORDER, custom("type")]
    asked: dict[str, Any] = {"event": LAMP} if op == "event" else {"events": [LAMP, NO_TIME, PAGE]}
    with NodeRunner(hosts={"US": upstream.url}, folder=packages) as runner:
        traces = [
            runner.submit(op, settings=SETTINGS, subscriptions=subscriptions, presets=True, trace=trace, **asked)
            for trace in (False, True, False)
        ]
        plain, traced, again = (trace.result(60) for trace in traces)

    assert len(traced.subscriptions) == len(subscriptions) + len(odp.presets())
    assert plain.subscriptions == again.subscriptions == ()
    assert (plain.results, plain.error) == (traced.results, traced.error) == (again.results, again.error)
    assert sent(plain) == sent(traced) == sent(again) != []
    assert sorted(seen.body.decode() for seen in upstream.seen) == sorted([body for _, body in sent(plain)] * 3)


def test_presets_and_defaults_are_traced_with_their_names(packages: Path, upstream: Upstream) -> None:
    opened = {**LAMP, "event": "Email Opened"}
    with NodeRunner(hosts={"US": upstream.url}, folder=packages) as runner:
        trace = runner.event(opened, settings=SETTINGS, presets=["Email Opened"], defaults=["customEvent"], trace=True)

    assert [(each.name, each.action) for each in trace.subscriptions] == [
        ("Email Opened", "emailEvent"),
        ("Ecommerce Event", "customEvent"),
    ]


def holds_the_key(value: Any) -> bool:
    return KEY in json.dumps(value)


def test_the_key_shows_in_no_text_that_the_user_did_not_write(node: Driver, upstream: Upstream) -> None:
    echo = json.dumps({"you sent": f"Bearer {KEY}", "and": [KEY]}).encode()
    upstream.reply = lambda _: Reply(202, echo, {"x-echo": KEY})
    subscription = instance(custom(event_type=KEY))
    single, together = node.event(LAMP, subscription), node.batch([LAMP], subscription)
    upstream.reply = lambda _: Reply(400, echo)
    refused, tried = node.event(LAMP, subscription), node.test_authentication(SETTINGS)
    unsendable = node.event(LAMP, instance(custom(event_type=KEY), apiKey=f"{KEY}\n"))

    for trace in (single, together, refused, unsendable):
        assert trace.subscriptions[0].events[0].payload["event_type"] == KEY
        assert not holds_the_key(_not_the_users(trace.to_json()))
    assert not holds_the_key(tried.to_json())
    assert single.results[2]["data"] == {"you sent": "Bearer ****", "and": ["****"]}
    assert together.results[0]["multistatus"][0]["sent"]["event_type"] == KEY
    assert refused.error is not None
    assert refused.error.response_body == '{"you sent": "Bearer ****", "and": ["****"]}'
    assert unsendable.error is not None
    assert unsendable.error.message == "Bearer **** is not a legal HTTP header value"


def _not_the_users(said: Any) -> Any:
    """*said* without what the user's mapping made."""
    if isinstance(said, dict):
        own = ("mapped", "payload", "sent") + (("body",) if "method" in said else ())
        return {name: _not_the_users(member) for name, member in said.items() if name not in own}
    return [_not_the_users(item) for item in said] if isinstance(said, list) else said


def test_many_threads_get_each_their_own(node: Driver, upstream: Upstream) -> None:
    together = threading.Barrier(8)

    def when_all_are_here(_: Any) -> Reply:
        together.wait(60)
        return Reply()

    upstream.reply = when_all_are_here

    def user_of(number: int) -> str:
        trace = node.event({**LAMP, "userId": f"u{number}"}, instance(CUSTOM))
        (request,) = only(trace).requests
        assert only(trace).events[0].payload["user_identifiers"]["userId"] == f"u{number}"
        return str(request.items()[0]["user_identifiers"]["userId"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(user_of, range(8))) == [f"u{number}" for number in range(8)]


def test_what_is_told_beside_the_call_is_what_the_call_did(node: Driver) -> None:
    """For odd events too: the payloads are those sent, the refusals are the messages of the call."""
    subscriptions = [EVERY_TRAIT, *odp.presets(), *map(default_subscription, odp.destination().actions)]
    seen = dict.fromkeys(Outcome, 0)

    @BOUNDED
    @given(events=st.lists(EVENTS, min_size=1, max_size=4))
    def holds(events: list[dict[str, Any]]) -> None:
        for each in node.batch(events, Instance(SETTINGS, subscriptions)).subscriptions:
            for event, said in zip(each.events, _said_by_the_batch(each, len(events)), strict=True):
                seen[event.outcome] += 1
                assert said == {
                    Outcome.SENT: (202, event.payload),
                    Outcome.REFUSED: (400, event.reason),
                    Outcome.NOT_SUBSCRIBED: (400, "Payload is either invalid or does not match the subscription"),
                }.get(event.outcome)
        for each in node.event(events[0], Instance(SETTINGS, subscriptions)).subscriptions:
            (event,) = each.events
            assert (each.error and each.error.message) == (event.reason if event.outcome is Outcome.REFUSED else None)
            assert len(each.requests) == (event.outcome is Outcome.SENT)

    holds()
    assert all(seen[outcome] > CASES // 4 for outcome in Outcome if outcome is not Outcome.FAILED), seen


def _said_by_the_batch(subscription: SubscriptionTrace, count: int) -> list[tuple[int, Any]]:
    if subscription.results == [{"output": "not subscribed"}]:
        return [(400, "Payload is either invalid or does not match the subscription")] * count
    nodes = subscription.results[0]["multistatus"]
    return [(node["status"], node.get("sent", node.get("errormessage"))) for node in nodes]


@pytest.mark.parametrize(("zone", "day"), [("UTC", 1), ("America/New_York", 31)])
def test_birthdays_are_read_in_the_zone_it_was_given(
    packages: Path, upstream: Upstream, zone: str, day: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    event = {"type": "identify", **IDS, "traits": {"birthday": "1990-01-01"}}
    with driver("node", base_urls={"US": upstream.url}, zone=zone) as node:
        assert node.event(event, instance(CONTACT)).requests[0].items()[0]["dob_day"] == day


@pytest.fixture
def over_tls(tmp_path: Path) -> Iterator[tuple[Upstream, Path]]:
    """An upstream with a certificate for its address; and its authority's PEM file."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(context) as upstream:
        yield upstream, tmp_path / "ca.pem"


def test_an_authority_of_ones_own_is_believed(packages: Path, over_tls: tuple[Upstream, Path]) -> None:
    upstream, ca = over_tls
    traces = []
    for authority in (ca, None):
        with driver("node", base_urls={"eu": upstream.url}, ca=authority) as node:
            traces.append(node.test_authentication({**SETTINGS, "region": "EU"}))

    believed, not_believed = traces
    assert believed.ok, believed.error
    assert not_believed.error is not None
    assert "certificate" in not_believed.error.message
    assert len(upstream.seen) == 1


def test_what_has_no_base_url_is_not_reached(node: Driver) -> None:
    trace = node.event(LAMP, instance(CUSTOM, region="AU"))

    assert trace.error is not None
    assert trace.error.code == "EMOCKODP"
    assert came_to(only(trace)) == [(Outcome.REFUSED, trace.error.message)]
