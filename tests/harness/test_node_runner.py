"""The published destination, asked by NodeRunner: what it sends, what it refuses, and whose is what."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mockodp_harness.node import NodeRunner, RequestNotUnderstood, RunnerDied, RunnerSilent, Trace
from mockodp_harness.node.programs import node

from tests.harness.node_upstream import Reply, Seen, Upstream

pytestmark = pytest.mark.node

KEY = "odp_test_secret"
SETTINGS = {"apiKey": KEY, "region": "US"}
IDS = {"userId": "u1", "anonymousId": "a1", "timestamp": "2026-01-02T03:04:05.000Z"}
CONTEXT = {"traits": {"email": "ctx@x.y", "optimizely_vuid": "v"}}

USER = '"user_identifiers":{"anonymousId":"a1","userId":"u1","fs_user_id":"u1","web_user_id":"u1"}'
MAIL_USER = (
    '"user_identifiers":{"anonymousId":"a1","userId":"u1","email":"ctx@x.y","optimizely_vuid":"v",'
    '"fs_user_id":"u1","web_user_id":"u1"}'
)
TIME = '"timestamp":"2026-01-02T03:04:05.000Z"'


def track(name: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, **IDS, "context": CONTEXT, "properties": properties}


def product(action: str) -> str:
    return f'[{{{USER},"action":"{action}","type":"product",{TIME},"products":[{{"product_id":"p1","qty":2}}]}}]'


def mail(action: str, link: str = "null") -> str:
    return f'[{{"type":"email","action":"{action}","campaign":"New",{MAIL_USER},"campaign_event_value":{link},{TIME}}}]'


PRODUCT = {"product_id": "p1", "quantity": "2", "price": 9.99}
PRESETS: dict[str, tuple[dict[str, Any], str, str]] = {
    "Product Viewed": (PRODUCT, "batch_custom_event", product("detail")),
    "Product Added": (PRODUCT, "batch_custom_event", product("add_to_cart")),
    "Product Removed": (PRODUCT, "batch_custom_event", product("remove_from_cart")),
    "Order Completed": (
        {"order_id": "o1", "total": 27.50, "products": [PRODUCT, {"sku": "x"}]},
        "batch_custom_event",
        f'[{{{USER},"action":"purchase","type":"order",{TIME},"order_id":"o1","total":"27.5",'
        f'"products":[{{"product_id":"p1","qty":2}},{{}}]}}]',
    ),
    "Email Sent": ({"campaign_name": "New"}, "batch_email_event", mail("sent")),
    "Email Link Clicked": (
        {"campaign_name": "New", "link_url": "https://x"},
        "batch_email_event",
        mail("click", '"https://x"'),
    ),
    "Email Opened": ({"campaign_name": "New"}, "batch_email_event", mail("open")),
    "Unsubscribed": ({"campaign_name": "New"}, "batch_email_event", mail("unsubscribe")),
    "Email Marked as Spam": ({"campaign_name": "New"}, "batch_email_event", mail("spam_report")),
}


def paths(trace: Trace) -> list[str]:
    return [request.url.partition("/twilio_segment/")[2] for request in trace.requests]


def bodies(trace: Trace) -> list[str | None]:
    return [request.body for request in trace.requests]


def test_it_describes_the_destination_and_what_it_runs_on(runner: NodeRunner, upstream: Upstream) -> None:
    described = runner.describe()

    assert described.versions["@segment/action-destinations"] == "3.497.0"
    assert described.versions["@segment/actions-core"] == "3.170.0"
    assert described.versions["fast-uri"] == "3.1.0"
    assert "kafkajs" not in described.versions, "a stand-in is no version of what it stands in for"
    assert int(described.versions["node"].partition(".")[0]) >= 20
    assert described.hosts["US"] == f"{upstream.url}/twilio_segment"
    assert described.hosts["EU"] == "https://function.eu1.ocp.optimizely.com/twilio_segment"
    assert [setting["key"] for setting in described.settings] == ["apiKey", "region"]
    assert [preset["name"] for preset in described.presets] == list(PRESETS)
    assert {action["slug"]: (action["title"], action["defaultTrigger"]) for action in described.actions} == {
        "customEvent": ("Ecommerce Event", None),
        "nonEcommCustomEvent": ("Custom Event", None),
        "upsertContact": ("Upsert Contact", 'type = "identify"'),
        "emailEvent": ("Email Event", None),
    }
    total = next(field for field in described.actions[0]["fields"] if field["key"] == "total")
    assert (total["label"], total["type"], total["default"]) == (
        "Order Total",
        "string",
        {"@path": "$.properties.total"},
    )


def test_a_good_key_passes_and_never_shows(runner: NodeRunner, upstream: Upstream) -> None:
    trace = runner.test_authentication(SETTINGS)

    assert trace.ok
    assert [(seen.method, seen.path, seen.body) for seen in upstream.seen] == [("POST", "/twilio_segment/auth", b"")]
    assert upstream.seen[0].header("authorization") == f"Bearer {KEY}"
    (request,) = trace.requests
    assert request.body is None
    assert request.headers["authorization"] == "Bearer ****"
    assert request.answer is not None
    assert request.answer.body == '{"status":"queued"}'
    assert KEY not in repr(trace)


def test_a_bad_key_is_told_as_the_destination_tells_it(runner: NodeRunner, upstream: Upstream) -> None:
    upstream.reply = lambda _: Reply(401, b"{}")
    trace = runner.test_authentication(SETTINGS)

    assert trace.error is not None
    assert str(trace.error) == "Error: Credentials are invalid: 401 Unauthorized"
    assert trace.requests[0].answer is not None
    assert trace.requests[0].answer.status == 401


def test_a_key_no_header_can_carry_is_masked_where_it_is_refused(runner: NodeRunner, upstream: Upstream) -> None:
    trace = runner.test_authentication({**SETTINGS, "apiKey": f"{KEY}\n"})

    assert trace.error is not None
    assert trace.error.message == "Bearer **** is not a legal HTTP header value"
    assert upstream.seen == []


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_sends_its_event(runner: NodeRunner, upstream: Upstream, name: str) -> None:
    properties, path, body = PRESETS[name]
    trace = runner.event(track(name, **properties), settings=SETTINGS, presets=True)

    assert trace.ok
    assert (paths(trace), bodies(trace)) == ([path], [body])
    assert [seen.body.decode() for seen in upstream.seen] == [body]


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_sends_its_batch(runner: NodeRunner, upstream: Upstream, name: str) -> None:
    properties, path, body = PRESETS[name]
    trace = runner.batch([track(name, **properties)] * 2, settings=SETTINGS, presets=[name])

    twice = f"{body[:-1]},{body[1:]}"
    assert (paths(trace), bodies(trace)) == ([path], [twice])
    assert [seen.body.decode() for seen in upstream.seen] == [twice]
    assert [node["status"] for node in trace.results[0]["multistatus"]] == [202, 202]


def test_identify_reaches_the_contact_action_by_its_defaults(runner: NodeRunner) -> None:
    event = {"type": "identify", **IDS, "traits": {"email": "e@x.y", "name": "Jo", "birthday": "1990-01-01"}}
    trace = runner.event(event, settings=SETTINGS, defaults=["upsertContact", "customEvent"])

    assert paths(trace) == ["batch_upsert_contact"]
    assert bodies(trace) == [
        '[{"user_identifiers":{"anonymousId":"a1","userId":"u1","email":"e@x.y","fs_user_id":"u1",'
        '"web_user_id":"u1"},"name":"Jo","dob_year":1990,"dob_month":1,"dob_day":1,"address":{}}]'
    ]


def test_a_custom_event_takes_its_defaults_on_track(runner: NodeRunner) -> None:
    trace = runner.event(track("Lamp Lit", color="red"), settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    assert bodies(trace) == [f'[{{{USER},"type":"Lamp Lit",{TIME},"data":{{"color":"red"}}}}]']


def test_a_subscription_of_ones_own_comes_first(runner: NodeRunner) -> None:
    mapping = {
        "user_identifiers": {"userId": {"@path": "$.userId"}},
        "event_type": "own",
        "event_action": "made",
        "timestamp": {"@path": "$.timestamp"},
    }
    own = {"subscribe": 'type = "track"', "partnerAction": "customEvent", "mapping": mapping}
    trace = runner.event(track("Product Viewed", **PRODUCT), settings=SETTINGS, subscriptions=[own], presets=True)

    assert [request.items()[0]["type"] for request in trace.requests] == ["own", "product"]


def test_nothing_sent_says_not_subscribed(runner: NodeRunner, upstream: Upstream) -> None:
    trace = runner.event({"type": "page", **IDS}, settings=SETTINGS, presets=True)

    assert trace.ok
    assert not trace.subscribed
    assert trace.results == [{"output": "not subscribed"}] * 9
    assert (trace.requests, upstream.seen) == ((), [])


def test_an_invalid_payload_is_refused_with_its_reasons(runner: NodeRunner, upstream: Upstream) -> None:
    trace = runner.event(track("Email Opened"), settings=SETTINGS, presets=["Email Opened"])

    assert trace.error is not None
    assert (trace.error.name, trace.error.status) == ("AggregateAjvError", 400)
    assert [reason["message"] for reason in trace.error.errors] == [
        "The root value is missing the required field 'campaign'."
    ]
    assert upstream.seen == []


def test_a_batch_sends_what_is_valid_and_says_what_is_not(runner: NodeRunner, upstream: Upstream) -> None:
    events = [
        track("Email Opened", campaign_name="New"),
        {"type": "page", **IDS},
        track("Email Opened"),
    ]
    trace = runner.batch(events, settings=SETTINGS, presets=["Email Opened"])

    statuses = trace.results[0]["multistatus"]
    assert [node["status"] for node in statuses] == [202, 400, 400]
    assert "campaign" in statuses[2]["errormessage"]
    assert [json.loads(seen.body) for seen in upstream.seen] == [json.loads(mail("open"))]


def test_settings_that_do_not_fit_send_nothing(runner: NodeRunner, upstream: Upstream) -> None:
    trace = runner.event(track("x"), settings={**SETTINGS, "region": "eu"}, defaults=["nonEcommCustomEvent"])

    assert trace.error is not None
    assert trace.error.message == 'Region must be one of: "US", "EU", or "AU".'
    assert upstream.seen == []


def test_what_the_others_sent_is_there_when_one_subscription_fails(runner: NodeRunner, upstream: Upstream) -> None:
    trace = runner.event(track("Lamp Lit"), settings=SETTINGS, defaults=["customEvent", "nonEcommCustomEvent"])

    assert trace.error is not None
    assert "event_action" in trace.error.message
    assert bodies(trace) == [seen.body.decode() for seen in upstream.seen]
    assert len(trace.requests) == 1
    assert trace.requests[0].answer is not None


def test_a_refusal_of_the_server_is_told_with_its_body(runner: NodeRunner, upstream: Upstream) -> None:
    upstream.reply = lambda _: Reply(503, b"try later", {"content-type": "text/plain"})
    trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    assert trace.error is not None
    assert (trace.error.name, trace.error.response_status, trace.error.response_body) == (
        "HTTPError",
        503,
        "try later",
    )
    assert len(upstream.seen) == 1, "the destination itself does not retry"


def test_a_closed_port_is_a_network_error(packages: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/twilio_segment"
        with NodeRunner(hosts={"US": url}, folder=packages) as runner:
            trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    assert trace.error is not None
    assert (trace.error.name, trace.error.code) == ("FetchError", "ECONNREFUSED")
    (request,) = trace.requests
    assert request.answer is None
    assert request.error is not None
    assert request.error.code == "ECONNREFUSED"


def test_a_connection_dropped_before_the_answer_is_a_network_error(runner: NodeRunner, upstream: Upstream) -> None:
    upstream.reply = lambda _: Reply(0)
    trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    assert trace.error is not None
    assert trace.error.code == "ECONNRESET"
    assert trace.requests[0].error is not None
    assert trace.requests[0].error.code == "ECONNRESET"


def test_an_answer_cut_off_leaves_the_destination_waiting(runner: NodeRunner, upstream: Upstream) -> None:
    upstream.reply = lambda _: Reply(200, b"{", length=100)
    trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"], limit=1)

    assert trace.error is not None
    assert trace.error.name == "CallTimeout"
    (request,) = trace.requests
    assert request.answer is not None
    assert (request.answer.status, request.answer.body) == (200, "{")
    assert request.error is not None
    assert request.error.name == "CutOff"


def test_a_call_that_hangs_ends_with_what_was_seen_so_far(runner: NodeRunner, upstream: Upstream) -> None:
    def never(_: Seen) -> Reply:
        upstream.ended.wait()
        return Reply(0)

    upstream.reply = never
    trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"], limit=1)
    upstream.ended.set()

    assert trace.error is not None
    assert trace.error.name == "CallTimeout"
    assert trace.requests[0].body is not None
    assert trace.requests[0].error is not None
    assert trace.requests[0].error.name == "Unfinished"


def test_a_redirect_shows_as_the_two_requests_it_is(runner: NodeRunner, upstream: Upstream) -> None:
    upstream.reply = lambda seen: (
        Reply(301, headers={"location": "/elsewhere"}) if seen.method == "POST" else Reply(200)
    )
    trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    assert trace.ok, "a POST that became a GET counts as success"
    assert [(request.method, request.body is None) for request in trace.requests] == [
        ("POST", False),
        ("GET", True),
    ]


def test_a_redirect_never_leads_to_the_vendor(runner: NodeRunner, upstream: Upstream) -> None:
    upstream.reply = lambda _: Reply(307, headers={"location": "https://function.zaius.app/twilio_segment/auth"})
    trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    assert trace.error is not None
    assert trace.error.code == "EMOCKODP"
    assert [request.url.startswith(upstream.url) for request in trace.requests] == [True]


def test_the_trace_holds_what_went_over_the_wire(runner: NodeRunner, upstream: Upstream) -> None:
    event = track("Ünïcode \u2028 😀", text='a"b\\c\n\u0001', deep={"10": 1, "2": [None, 1e21]})
    trace = runner.event(event, settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    (request,), (seen,) = trace.requests, upstream.seen
    assert request.body is not None
    assert request.body.encode() == seen.body
    assert [(name, "Bearer ****" if name == "authorization" else value) for name, value in seen.headers] == [
        *request.headers.items()
    ]
    assert list(request.headers) == [
        "authorization",
        "user-agent",
        "content-type",
        "Accept",
        "Content-Length",
        "Accept-Encoding",
        "Connection",
        "Host",
    ]


def test_fifty_calls_in_flight_get_each_their_own(runner: NodeRunner, upstream: Upstream) -> None:
    together = threading.Barrier(50)

    def when_all_are_here(seen: Seen) -> Reply:
        together.wait(timeout=60)
        return Reply(200, seen.body, {"content-type": "text/plain"})

    upstream.reply = when_all_are_here
    futures = [
        runner.submit(
            "event",
            settings={"apiKey": f"{KEY}_{number}", "region": "US"},
            defaults=["nonEcommCustomEvent"],
            event={**track("Lamp Lit"), "userId": f"user-{number}"},
        )
        for number in range(50)
    ]

    for number, future in enumerate(futures):
        (request,) = future.result(60).requests
        assert request.items()[0]["user_identifiers"]["userId"] == f"user-{number}"
        assert request.answer is not None
        assert request.answer.body == request.body
    assert {seen.header("authorization") for seen in upstream.seen} == {
        f"Bearer {KEY}_{number}" for number in range(50)
    }


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (
            lambda runner: runner.submit("sing").result(60),
            'There is no operation "sing". Known: describe, event',
        ),
        (
            lambda runner: runner.event({}, settings=SETTINGS, presets=["Nope"]),
            'no preset "Nope". Known: Product',
        ),
        (
            lambda runner: runner.event({}, settings=SETTINGS, defaults=["x"]),
            'no action "x". Known: customEvent',
        ),
        (lambda runner: runner.event([], settings=SETTINGS), "'event' is an array, expected an object."),
        (
            lambda runner: runner.batch({}, settings=SETTINGS),
            "'events' is of type object, expected an array.",
        ),
        (
            lambda runner: runner.submit("event", event={}).result(60),
            "'settings' is absent, expected an object.",
        ),
    ],
)
def test_what_nobody_can_mean_is_wrong_use(runner: NodeRunner, ask: Callable[[NodeRunner], Trace], words: str) -> None:
    with pytest.raises(RequestNotUnderstood) as refused:
        ask(runner)
    assert words in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_malformed_line_is_answered_and_the_end_of_input_ends_it(packages: Path, upstream: Upstream) -> None:
    ask = {"id": "last", "op": "testAuthentication", "settings": SETTINGS}
    done = subprocess.run(
        [node(), str(packages / "runner.mjs")],
        env={**os.environ, "MOCKODP_HOSTS": json.dumps({"US": upstream.url})},
        input="{nonsense\n[1]\n\n" + json.dumps(ask),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    first, second, last = (json.loads(line) for line in done.stdout.splitlines())

    assert (first["id"], first["ok"], first["error"]["name"]) == (None, False, "ProtocolError")
    assert second["error"]["message"] == "A line is [1], expected a JSON object with 'id' and 'op'."
    assert (last["id"], last["ok"]) == ("last", True)
    assert done.stderr == ""


def test_stdout_is_the_protocol_alone(packages: Path, upstream: Upstream, tmp_path: Path) -> None:
    noisy = tmp_path / "noisy.cjs"
    noisy.write_text(
        "const http = require('node:http'); const { request } = http;\n"
        "console.log('a greeting before the runner');\n"
        "http.request = (...args) => {\n"
        "  console.log('noise'); process.stdout.write('more'); return request(...args)\n"
        "}"
    )
    env = {**os.environ, "NODE_OPTIONS": f"--require {json.dumps(str(noisy))}"}
    with NodeRunner(hosts={"US": upstream.url}, folder=packages, env=env) as runner:
        assert runner.test_authentication(SETTINGS).ok


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_process_is_told_to_all_who_wait(runner: NodeRunner, upstream: Upstream) -> None:
    arrived = threading.Event()

    def never(_: Seen) -> Reply:
        arrived.set()
        upstream.ended.wait()
        return Reply(0)

    upstream.reply = never
    waiting = runner.submit("testAuthentication", settings=SETTINGS)
    assert arrived.wait(60)
    os.kill(runner.pid, signal.SIGKILL)

    with pytest.raises(RunnerDied, match=r"exit code -9.*1 calls were in flight \(testAuthentication\)") as died:
        waiting.result(60)
    assert died.value.exit_code == 3
    with pytest.raises(RunnerDied):
        runner.describe()
    upstream.ended.set()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system has no SIGSTOP")
def test_a_process_that_says_nothing_is_given_up(runner: NodeRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockodp_harness.node.runner.GRACE", 0.1)
    os.kill(runner.pid, signal.SIGSTOP)
    try:
        with pytest.raises(RunnerSilent, match=r"no answer within 0\.2 s, expected one within 0\.1 s"):
            runner.test_authentication(SETTINGS, limit=0.1)
    finally:
        os.kill(runner.pid, signal.SIGCONT)


def test_closing_does_not_wait_for_ever(
    runner: NodeRunner, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockodp_harness.node.runner.CLOSING", 0.1)
    upstream.reply = lambda _: Reply(0) if upstream.ended.wait() else Reply()
    waiting = runner.submit("testAuthentication", settings=SETTINGS)
    runner.close()

    with pytest.raises(RunnerDied):
        waiting.result(60)


def test_last_words_are_told(packages: Path) -> None:
    with (
        NodeRunner(hosts={"MARS": "http://127.0.0.1:1"}, folder=packages) as runner,
        pytest.raises(RunnerDied, match=r"MOCKODP_HOSTS has region 'MARS'. Known: US, EU, AU."),
    ):
        runner.describe()


def test_a_closed_runner_says_so(packages: Path) -> None:
    runner = NodeRunner(folder=packages)
    runner.close()
    runner.close()
    with pytest.raises(RunnerDied, match="closed"):
        runner.describe()


def test_without_a_mock_nothing_leaves_the_process(packages: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MOCKODP_", "NODE_"))}
    with NodeRunner(folder=packages, env=env) as runner:
        trace = runner.event(track("x"), settings=SETTINGS, defaults=["nonEcommCustomEvent"])

    assert trace.error is not None
    assert trace.error.code == "EMOCKODP"
    assert "'function.zaius.app' was stopped before it left" in trace.error.message
    assert trace.requests == ()


@pytest.mark.parametrize(
    ("zone", "day"),
    [(None, (1990, 1, 1)), ("America/New_York", (1989, 12, 31))],
    ids=["UTC when unset", "as set"],
)
def test_birth_dates_are_read_in_the_zone_of_the_process(
    packages: Path, upstream: Upstream, zone: str | None, day: tuple[int, int, int]
) -> None:
    env = {name: value for name, value in os.environ.items() if name != "TZ"}
    if zone:
        env["TZ"] = zone
    event = {"type": "identify", **IDS, "traits": {"birthday": "1990-01-01"}}
    with NodeRunner(hosts={"US": upstream.url}, folder=packages, env=env) as runner:
        assert runner.describe().tz == (zone or "UTC")
        trace = runner.event(event, settings=SETTINGS, defaults=["upsertContact"])

    contact = trace.requests[0].items()[0]
    assert (contact["dob_year"], contact["dob_month"], contact["dob_day"]) == day
