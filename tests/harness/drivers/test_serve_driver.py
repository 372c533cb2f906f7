"""The driver `serve`: a destination under development, behind Segment's local server or what stands in for it."""

from __future__ import annotations

import contextlib
import copy
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from mockodp_harness.destinations.optimizely_data_platform import default_subscription
from mockodp_harness.drivers import (
    Driver,
    EventTrace,
    Instance,
    Outcome,
    ServerMissing,
    ServerRefused,
    SubscriptionTrace,
    Trace,
    driver,
)

from tests.harness.drivers.local_server import SERVICE, LocalServer, exchange, serving_locally, thrown

SERVER: Final = Path(__file__).with_name("local_server.mjs")
KEY: Final = "odp_test_secret"
SETTINGS: Final = {"apiKey": KEY, "region": "US"}
TRACK: Final = 'type = "track"'
IDS: Final = {"userId": "u1", "timestamp": "2026-01-02T03:04:05.000Z"}
LAMP: Final = {"type": "track", "event": "Lamp Lit", **IDS, "properties": {"color": "red"}}
PAGE: Final = {"type": "page", **IDS}
NO_TIME: Final = {"type": "track", "event": "Lamp Lit", "userId": "u2"}
CUSTOM: Final = default_subscription("nonEcommCustomEvent")
WITHOUT_TIME: Final = "The root value is missing the required field 'timestamp'."
MAPPED: Final = {
    "user_identifiers": {"userId": "u1", "fs_user_id": "u1", "web_user_id": "u1"},
    "event_type": "Lamp Lit",
    "data": {"color": "red"},
    "timestamp": "2026-01-02T03:04:05.000Z",
    "enable_batching": True,
    "batch_size": 100,
}


@pytest.fixture
def local() -> Iterator[LocalServer]:
    with serving_locally() as local:
        yield local


@pytest.fixture
def serve(local: LocalServer) -> Iterator[Driver]:
    with driver("serve", server=local.url) as serve:
        yield serve


def instance(*subscriptions: dict[str, Any], **own: Any) -> Instance:
    return Instance({**SETTINGS, **own}, subscriptions)


def custom(subscribe: Any = TRACK, **mapping: Any) -> dict[str, Any]:
    return {**CUSTOM, "subscribe": subscribe, "mapping": {**CUSTOM["mapping"], **mapping}}


def only(trace: Trace) -> SubscriptionTrace:
    (subscription,) = trace.subscriptions
    return subscription


def came_to(trace: Trace) -> list[tuple[Outcome, str | None]]:
    return [(event.outcome, event.reason) for each in trace.subscriptions for event in each.events]


# -- what is asked ------------------------------------------------------------------------------------------------


def test_an_event_is_posted_to_its_action_and_shows_what_was_made_of_it(local: LocalServer, serve: Driver) -> None:
    trace = serve.event(LAMP, instance({**CUSTOM, "name": "Lamps"}))

    assert local.asked == [
        ("/nonEcommCustomEvent", {"payload": LAMP, "mapping": CUSTOM["mapping"], "settings": SETTINGS})
    ]
    assert (trace.ok, serve.name) == (True, "serve")
    subscription = only(trace)
    assert (subscription.action, subscription.trigger, subscription.name) == ("nonEcommCustomEvent", TRACK, "Lamps")
    assert subscription.events == (EventTrace(Outcome.SENT, mapped=MAPPED, payload=MAPPED),)
    assert subscription.requests == trace.requests
    assert (
        subscription.results
        == trace.results
        == [
            {"output": "Mappings resolved"},
            {"output": "Payload validated"},
            {"data": {"status": "queued"}, "output": "Action Executed"},
        ]
    )


def test_a_request_shows_its_exact_body_and_no_key(local: LocalServer, serve: Driver) -> None:
    body = '[{"type":"x","n":1e21,"é":""}]'
    local.reply = lambda _: [exchange(body, headers={"content-type": "text/plain", "via": ["a", "b"]}, body="thanks")]
    (request,) = serve.event(LAMP, instance(CUSTOM)).requests

    assert (request.method, request.url, request.body) == ("POST", SERVICE, body)
    assert request.headers["authorization"] == "Bearer ****"
    assert request.headers["content-type"] == "application/json"
    assert request.answer is not None
    assert (request.answer.status, request.answer.body) == (202, "thanks")
    assert request.answer.headers == {"content-type": "text/plain", "via": "a, b"}


def test_a_key_that_the_server_shows_is_masked(local: LocalServer, serve: Driver) -> None:
    shown = exchange()
    shown["request"]["headers"] = {"Authorization": f"Bearer {KEY}", "x-api-key": KEY, "cookie": "<redacted>"}
    local.reply = lambda _: [shown]
    (request,) = serve.event(LAMP, instance(CUSTOM)).requests

    assert request.headers == {"Authorization": "Bearer ****", "x-api-key": "****", "cookie": "****"}


def test_a_text_that_is_json_by_its_type_is_decoded_in_the_results(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda _: [exchange(body='{"n":1}')]
    trace = serve.event(LAMP, instance(CUSTOM))

    assert trace.results[-1]["data"] == {"n": 1}
    assert trace.requests[0].answer is not None
    assert trace.requests[0].answer.body == '{"n":1}'


def test_a_batch_is_one_list_of_the_events_that_are_subscribed(local: LocalServer, serve: Driver) -> None:
    trace = serve.batch([LAMP, PAGE, NO_TIME], instance(custom()))

    assert [body["payload"] for _, body in local.asked] == [[LAMP, NO_TIME]]
    assert came_to(trace) == [
        (Outcome.SENT, None),
        (Outcome.NOT_SUBSCRIBED, "not subscribed"),
        (Outcome.REFUSED, WITHOUT_TIME),
    ]
    (result,) = trace.results
    assert [node["status"] for node in result["multistatus"]] == [202, 400, 400]
    assert result["multistatus"][0] == {"status": 202, "body": {"status": "queued"}, "sent": MAPPED}
    assert result["multistatus"][2]["errormessage"] == WITHOUT_TIME


@pytest.mark.parametrize(
    ("subscribe", "reason"),
    [
        ('type = "page"', "not subscribed"),
        ("type", "Invalid subscription : Value token is missing"),
        ("", "Failed to validate subscription"),
        (None, "Failed to validate subscription"),
    ],
)
def test_nobody_is_asked_about_an_event_that_no_trigger_takes(
    local: LocalServer, serve: Driver, subscribe: Any, reason: str
) -> None:
    one = serve.event(LAMP, instance(custom(subscribe)))
    two = serve.batch([LAMP, LAMP], instance(custom(subscribe)))

    assert one.results == [{"output": reason}]
    assert [reason for _, reason in came_to(one) + came_to(two)] == [reason] * 3
    assert (local.asked, local.probes) == ([], 0)


def test_a_trigger_that_stumbles_ends_the_call(local: LocalServer, serve: Driver) -> None:
    trace = serve.batch([LAMP], instance(custom('properties.\\[ = "x"')))

    assert trace.error is not None
    assert trace.error.name == "TypeError"
    assert came_to(trace) == [(Outcome.REFUSED, trace.error.message)]
    assert local.asked == []


def test_an_action_that_the_destination_does_not_have_gets_nothing(local: LocalServer, serve: Driver) -> None:
    unknown = {**CUSTOM, "partnerAction": "teleport"}

    one = serve.event(LAMP, instance(unknown))
    assert (one.results, came_to(one)) == ([], [(Outcome.REFUSED, "There is no action 'teleport'.")])
    two = serve.batch([LAMP], instance(unknown))
    assert two.error is not None
    assert two.error.message == "Cannot read properties of undefined (reading 'status')"
    assert local.asked == []


def test_several_subscriptions_have_their_own_requests(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda body: [exchange(json.dumps(body["mapping"]["event_type"]))]
    trace = serve.event(LAMP, instance(custom(event_type="a"), custom('type = "page"'), custom(event_type="b")))

    assert [[request.body for request in each.requests] for each in trace.subscriptions] == [['"a"'], [], ['"b"']]
    assert [request.body for request in trace.requests] == ['"a"', '"b"']
    assert len(trace.results) == 7


def test_after_an_error_the_other_subscriptions_have_their_turn(local: LocalServer, serve: Driver) -> None:
    replies = iter([thrown("Boom", "TypeError"), [exchange()]])
    local.reply = lambda _: next(replies)
    trace = serve.event(LAMP, instance(custom(), custom()))

    assert came_to(trace) == [(Outcome.REFUSED, "Boom"), (Outcome.SENT, None)]
    assert (str(trace.error), trace.results) == ("TypeError: Boom", None)


# -- settings -----------------------------------------------------------------------------------------------------


def test_settings_that_do_not_fit_go_nowhere(local: LocalServer, serve: Driver) -> None:
    trace = serve.event(LAMP, instance(custom(), region="us"))

    assert trace.error is not None
    assert trace.error.status == 400
    assert came_to(trace) == [(Outcome.REFUSED, 'Region must be one of: "US", "EU", or "AU".')]
    assert local.asked == []


def test_settings_are_coerced_and_unknown_ones_stay_behind(local: LocalServer, serve: Driver) -> None:
    serve.event(LAMP, Instance({"apiKey": 5, "region": "EU", "more": 1, "subscriptions": []}, [CUSTOM]))
    assert local.asked[0][1]["settings"] == {"apiKey": "5", "region": "EU"}


# -- what the server says wins ------------------------------------------------------------------------------------


def test_the_servers_refusal_is_the_refusal(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda _: thrown("Data must have a colour.", "AggregateAjvError")
    trace = serve.event(LAMP, instance(CUSTOM))

    assert came_to(trace) == [(Outcome.REFUSED, "Data must have a colour.")]
    (event,) = only(trace).events
    assert (event.mapped, event.payload, event.messages) == (MAPPED, None, ("Data must have a colour.",))
    assert trace.error is not None
    assert trace.error.status == 400


def test_single_faults_are_told_where_the_server_says_the_same(local: LocalServer, serve: Driver) -> None:
    message = f"{WITHOUT_TIME} Enable Batching must be a boolean but it was a string."
    local.reply = lambda _: thrown(message, "AggregateAjvError")
    (event,) = only(serve.event(NO_TIME, instance(custom(enable_batching="yes")))).events

    assert (event.outcome, event.reason) == (Outcome.REFUSED, message)
    assert len(event.messages) == 2


def test_an_event_that_the_server_took_was_not_refused(local: LocalServer, serve: Driver) -> None:
    assert came_to(serve.event(NO_TIME, instance(CUSTOM))) == [(Outcome.SENT, None)]


def test_faults_of_a_mapping_are_told_without_stack_traces(local: LocalServer, serve: Driver) -> None:
    parts = ["/a has an invalid directive: @new.", "/b should be a string but it is a number."]
    rendering = "".join(f"\n    ValidationError: {part}\n        at /home/me/x.js:1:2" for part in parts)
    local.reply = lambda _: thrown(rendering, "AggregateError")
    (event,) = only(serve.event(LAMP, instance(CUSTOM))).events

    assert (event.reason, event.messages) == ("\n".join(parts), tuple(parts))


def test_an_action_that_sends_nothing_is_no_success(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda _: []
    assert came_to(serve.event(LAMP, instance(CUSTOM))) == [(Outcome.REFUSED, "The action made no request.")]
    assert came_to(serve.batch([LAMP, PAGE], instance(custom())))[0] == (
        Outcome.REFUSED,
        "The action made no request.",
    )


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (thrown("Unauthorized", "HTTPError", statusCode=401), Outcome.FAILED),
        (thrown("request to http://x failed, reason: connect ECONNREFUSED", "FetchError"), Outcome.FAILED),
        (thrown("Request timed out after 10000ms", "TimeoutError"), Outcome.FAILED),
        (thrown("Bearer x\n is not a legal HTTP header value", "TypeError"), Outcome.REFUSED),
        ({"message": "Who knows", "requestError": True}, Outcome.REFUSED),
    ],
)
def test_an_error_under_way_is_a_failure_and_another_a_refusal(
    local: LocalServer, serve: Driver, said: dict[str, Any], outcome: Outcome
) -> None:
    local.reply = lambda _: said
    one, two = serve.event(LAMP, instance(CUSTOM)), serve.batch([LAMP], instance(CUSTOM))

    assert came_to(one) == came_to(two) == [(outcome, said["message"])]
    assert one.error == two.error == only(one).error
    assert one.requests == two.requests == (), "the server tells none beside an error"


def test_the_status_is_of_the_service_only_if_it_refused(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda _: thrown("Unauthorized", "HTTPError", statusCode=401)
    refused = serve.event(LAMP, instance(CUSTOM)).error
    local.reply = lambda _: thrown("This action does not support batched requests.", "IntegrationError", statusCode=501)
    unable = serve.event(LAMP, instance(CUSTOM)).error

    assert refused is not None
    assert (refused.status, refused.response_status) == (None, 401)
    assert unable is not None
    assert (unable.status, unable.response_status) == (501, None)


def test_the_key_is_in_no_error(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda _: thrown(f"Bearer {KEY} is not for {KEY}", "TypeError")
    trace = serve.event(LAMP, instance(CUSTOM))

    assert KEY not in json.dumps(trace.to_json())
    assert str(trace.error) == "TypeError: Bearer **** is not for ****"


# -- the tree under development -----------------------------------------------------------------------------------


def test_a_field_without_a_mapping_does_not_get_its_default(local: LocalServer, serve: Driver) -> None:
    serve.event(LAMP, instance({**CUSTOM, "mapping": {"timestamp": "now", "more": 1}}))
    (mapping,) = [body["mapping"] for _, body in local.asked]

    assert (mapping.pop("timestamp"), mapping.pop("more")) == ("now", 1)
    assert mapping == {name: {"@path": "$.mockodp_unmapped"} for name in CUSTOM["mapping"] if name != "timestamp"}


def test_a_new_field_shows_in_what_is_mapped_and_validated(local: LocalServer) -> None:
    local.manifest = copy.deepcopy(local.manifest)
    coupon = {"label": "Coupon", "type": "number", "required": True, "default": 1}
    local.manifest["actions"]["nonEcommCustomEvent"]["fields"]["coupon"] = coupon
    with driver("serve", server=local.url) as serve:
        fit = serve.batch([LAMP], instance(custom(coupon="12")))
        unfit = serve.batch([LAMP], instance(custom()))

    assert fit.subscriptions[0].events[0].payload == {**MAPPED, "coupon": 12}
    assert came_to(unfit) == [(Outcome.REFUSED, "The root value is missing the required field 'coupon'.")]


def test_a_new_action_is_run(local: LocalServer) -> None:
    local.manifest = {"name": "x", "actions": {"teleport": {"title": "Teleport"}}}
    with driver("serve", server=local.url) as serve:
        trace = serve.event(LAMP, instance({"subscribe": TRACK, "partnerAction": "teleport"}))

    assert came_to(trace) == [(Outcome.SENT, None)]
    assert [path for path, _ in local.asked] == ["/teleport"]


def test_a_mapping_that_is_one_directive_is_not_run(local: LocalServer, serve: Driver) -> None:
    whole = {**CUSTOM, "mapping": {"@path": "$.properties"}}
    for trace in (
        serve.event({**LAMP, "properties": MAPPED}, instance(whole)),
        serve.batch([{**LAMP, "properties": MAPPED}, LAMP], instance(whole)),
    ):
        assert trace.error is not None
        assert trace.error.name == "NotServed"
        assert came_to(trace)[0] == (Outcome.REFUSED, trace.error.message)
    assert local.asked == []


# -- exchanges of earlier runs ------------------------------------------------------------------------------------


def test_exchanges_of_earlier_runs_are_not_counted_again(local: LocalServer, serve: Driver) -> None:
    local.remembers = [exchange("[0]")]

    def reply(body: dict[str, Any]) -> Any:
        local.remembers = [*local.remembers, exchange(f"[{len(local.asked)}]")]
        return local.remembers

    local.reply = reply
    bodies = [[request.body for request in serve.event(LAMP, instance(CUSTOM)).requests] for _ in range(3)]
    assert bodies == [["[1]"], ["[2]"], ["[3]"]]


def test_requests_before_an_error_are_known_where_the_server_lists_them_later(
    local: LocalServer, serve: Driver
) -> None:
    def reply(_: dict[str, Any]) -> Any:
        refusal = exchange("[1]", statusCode=401, body={"message": "no"})
        local.remembers = [*local.remembers, refusal]
        return thrown("Unauthorized", "HTTPError", statusCode=401)

    local.remembers, local.reply = [exchange("[0]")], reply
    trace = serve.event(LAMP, instance(CUSTOM))

    assert [request.body for request in trace.requests] == ["[1]"]
    assert trace.error is not None
    assert (trace.error.response_status, trace.error.response_body) == (401, '{"message":"no"}')


def test_a_server_that_forgets_is_not_asked_what_it_remembers_again(local: LocalServer, serve: Driver) -> None:
    for _ in range(3):
        assert len(serve.event(LAMP, instance(CUSTOM)).requests) == 1
    assert local.probes == 2


# -- the key ------------------------------------------------------------------------------------------------------


def test_a_key_that_is_good_leaves_nothing_to_say(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda _: {"ok": True}
    assert serve.test_authentication(SETTINGS) == Trace(None, ())
    assert local.asked == [("/authenticate", SETTINGS)]


def test_a_key_that_is_no_good_is_told_in_the_servers_words(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda _: {"ok": False, "error": f"Credentials are invalid: 401 Unauthorized {KEY}"}
    trace = serve.test_authentication(SETTINGS)
    assert str(trace.error) == "Error: Credentials are invalid: 401 Unauthorized ****"


def test_a_key_is_not_tried_in_a_region_that_is_none(local: LocalServer, serve: Driver) -> None:
    trace = serve.test_authentication({**SETTINGS, "region": "us"})
    assert trace.error is not None
    assert (trace.error.name, trace.error.status) == ("AggregateAjvError", 400)
    assert local.asked == []


# -- the driver itself --------------------------------------------------------------------------------------------


def test_without_a_server_the_driver_says_what_to_start() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ServerMissing) as missing:
            driver("serve", server=url)
    assert f"No local server of Segment answers at {url}" in str(missing.value)
    assert "./bin/run serve" in str(missing.value)


@pytest.mark.parametrize(
    ("manifest", "shown"), [(None, "404 Not Found"), ([], "[]"), ({"name": "x"}, '{"name": "x"}'), ("<p>", "<p>")]
)
def test_a_server_that_is_another_is_told_by_what_it_says(local: LocalServer, manifest: Any, shown: str) -> None:
    local.manifest = manifest
    with pytest.raises(ServerMissing) as missing:
        driver("serve", server=local.url)
    assert shown in str(missing.value)
    assert "expected the definition of a destination" in str(missing.value)


def test_a_server_that_is_gone_is_told(serve: Driver, local: LocalServer) -> None:
    with serving_locally() as another:
        gone = driver("serve", server=another.url)
    with gone, pytest.raises(ServerMissing, match="No local server of Segment answers"):
        gone.event(LAMP, instance(CUSTOM))


def test_a_call_that_the_server_does_not_take_is_told_with_its_size(local: LocalServer, serve: Driver) -> None:
    local.status, local.reply, local.remembers = 413, lambda _: "too large", ["too large"]
    with pytest.raises(ServerRefused, match=r"bytes was answered by 413 .*too large.*expected 200.*give fewer events"):
        serve.event(LAMP, instance(CUSTOM))


@pytest.mark.parametrize("said", ["ok", "7"])
def test_an_answer_that_segments_server_never_gives_is_told(local: LocalServer, serve: Driver, said: str) -> None:
    local.reply = lambda _: said
    with pytest.raises(ServerRefused, match="expected a list of exchanges"):
        serve.event(LAMP, instance(CUSTOM))
    with pytest.raises(ServerRefused, match="expected"):
        serve.test_authentication(SETTINGS)


def test_a_call_that_takes_too_long_is_given_up(local: LocalServer, serve: Driver) -> None:
    def reply(_: dict[str, Any]) -> Any:
        local.ended.wait(30)
        return []

    local.reply = reply
    with contextlib.closing(serve):
        trace = serve.event(LAMP, instance(custom(), custom('type = "page"')), limit=0.05)
        tried = serve.test_authentication(SETTINGS, limit=0.05)
        local.ended.set()

    message = "The destination did not come back within 50 ms."
    assert str(trace.error) == str(tried.error) == f"CallTimeout: {message}"
    assert came_to(trace) == [(Outcome.FAILED, message), (Outcome.NOT_SUBSCRIBED, "not subscribed")]


def test_calls_from_many_threads_keep_their_requests(local: LocalServer, serve: Driver) -> None:
    local.reply = lambda body: [exchange(json.dumps(body["payload"]["event"]))]
    names = [f"Lamp {number}" for number in range(20)]
    with ThreadPoolExecutor(5) as threads:
        traces = list(threads.map(lambda name: serve.event({**LAMP, "event": name}, instance(custom())), names))
    assert [json.loads(trace.requests[0].body or "") for trace in traces] == names
