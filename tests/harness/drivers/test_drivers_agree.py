"""
The drivers `python` and `node` on the same calls: the same traces, and the same bytes at the server.

What may differ is in `ALLOWED`, each with its reason.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.destinations.optimizely_data_platform import default_subscription
from mockodp_harness.drivers import LIMIT, Driver, Instance, Outcome, Trace, driver

from tests.harness.node_upstream import Reply, Seen, Upstream, serving
from tests.harness.test_contracts_hold import EVENTS, EVERY_TRAIT

pytestmark = pytest.mark.node

CASES: Final = int(os.environ.get("CASES", "40"))
BOUNDED = settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
KEY: Final = "odp_test_secret"
SETTINGS: Final = {"apiKey": KEY, "region": "US"}
TRACK: Final = 'type = "track"'

Json = dict[str, Any]
Ask = Callable[[Driver], Trace]
Answers = Callable[[Seen], Reply]


# -- what may differ ----------------------------------------------------------------------------------------------


def _in_one_order(said: Json) -> Json:
    return {**said, "requests": sorted(said.get("requests", []), key=json.dumps)}


def _any_of_its_failures(said: Json) -> Json:
    failures = [each["error"] for each in said.get("subscriptions", []) if "error" in each]
    if len(failures) < 2:
        return said
    assert said["error"] in failures
    return {**said, "error": "one of them"}


def _undated(said: Json) -> Json:
    for each in (said, *said.get("subscriptions", [])):
        for request in each.get("requests", []):
            request.get("answer", {}).get("headers", {}).pop("date", None)
    return said


ALLOWED: Final[Mapping[str, Callable[[Json], Json]]] = {
    "When an answer is dated is a matter of when it was asked for.": _undated,
    "Subscriptions are at work at once: the order in which their requests leave is not fixed.": _in_one_order,
    "Of several failures the package reports the first to happen, which is a matter of its scheduling.": (
        _any_of_its_failures
    ),
}


def comparable(trace: Trace) -> Json:
    said: Json = json.loads(json.dumps(trace.to_json()))
    for leveled in ALLOWED.values():
        said = leveled(said)
    return said


# -- both on one server -------------------------------------------------------------------------------------------


@dataclass
class Both:
    """Both drivers, and the server they meet; region EU is a closed port, AU has no base URL."""

    python: Driver
    node: Driver
    upstream: Upstream

    def agreed(self, ask: Ask, answers: Answers) -> Trace:
        """The trace of both, after they left the same one and the server saw the same of each."""
        self.upstream.reply = answers
        (theirs, seen), (ours, seen_of_ours) = self._asked(ask, self.node), self._asked(ask, self.python)
        expected, said = comparable(theirs), comparable(ours)
        assert said == expected
        assert json.dumps(said) == json.dumps(expected), "the same in the same order"
        assert seen_of_ours == seen
        return theirs

    def _asked(self, ask: Ask, asked: Driver) -> tuple[Trace, list[Seen]]:
        self.upstream.seen.clear()
        trace = ask(asked)
        return trace, sorted(self.upstream.seen, key=lambda seen: (seen.path, seen.method, seen.body))


@pytest.fixture(scope="module")
def both(packages: Path) -> Iterator[Both]:
    with serving() as upstream, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        base_urls = {
            "US": f"{upstream.url}/twilio_segment",
            "EU": f"http://127.0.0.1:{taken.getsockname()[1]}/twilio_segment",
        }
        with driver("python", base_urls=base_urls) as python, driver("node", base_urls=base_urls) as node:
            yield Both(python, node, upstream)


def instance(*subscriptions: Json, **own: Any) -> Instance:
    merged = {**SETTINGS, **own}
    return Instance({name: value for name, value in merged.items() if value is not ABSENT}, subscriptions)


def one(event: Json, of_call: Instance, limit: float = LIMIT) -> Ask:
    return lambda asked: asked.event(event, of_call, limit=limit)


def together(events: Sequence[Json], of_call: Instance) -> Ask:
    return lambda asked: asked.batch(events, of_call)


def tried(own: Json) -> Ask:
    return lambda asked: asked.test_authentication(own)


def queued(_: Seen) -> Reply:
    return Reply(202, b'{"status":"queued"}')


# -- the events and subscriptions of the table --------------------------------------------------------------------

ABSENT: Final = object()
IDS: Final = {"userId": "u1", "anonymousId": "a1", "timestamp": "2026-01-02T03:04:05.000Z"}
CONTEXT: Final = {"traits": {"email": "ctx@x.y", "optimizely_vuid": "v"}}
PROPERTIES: Final = {
    "order_id": "o1", "total": 27.50, "campaign_name": "New", "campaign_id": 7, "link_url": "https://x",
    "email": "é😀@x.y", "products": [{"product_id": "p1", "quantity": "2"}, {"sku": "x"}, None],
}  # fmt: skip
LAMP: Final = {"type": "track", "event": "Lamp Lit", **IDS, "context": CONTEXT, "properties": PROPERTIES}
BARE: Final = {"type": "track", "event": "Lamp Lit", "userId": "u2"}
PAGE: Final = {"type": "page", **IDS}
PERSON: Final = {
    "type": "identify", **IDS,
    "traits": {"email": "e@x.y", "name": "Jo", "birthday": "1990-01-01", "age": "30", "phone": "",
               "address": {"street": None, "city": "Köln", "postalCode": 50667}},
}  # fmt: skip
ACTIONS: Final = tuple(odp.destination().actions)
PRESETS: Final = {preset["name"]: preset for preset in odp.presets()}


def stored(action: str, subscribe: Any = TRACK, **mapping: Any) -> Json:
    return {
        "name": f"My {action}", "subscribe": subscribe, "partnerAction": action,
        "mapping": {**odp.default_mapping(action), **mapping},
    }  # fmt: skip


CUSTOM: Final = stored("nonEcommCustomEvent")
ORDER: Final = stored("customEvent", event_action="purchase")
MAIL: Final = stored("emailEvent", event_action="sent")
CONTACT: Final = default_subscription("upsertContact")
UNFIT: Final = stored("customEvent")  # lacks the action, which is required
OF_ACTION: Final = {"customEvent": ORDER, "nonEcommCustomEvent": CUSTOM, "emailEvent": MAIL, "upsertContact": CONTACT}
TEXT_OF_THE_EVENT: Final = {"@template": {"@path": "$.properties.color"}}


def colored(color: Any) -> Json:
    return {**LAMP, "properties": {"color": color}}


NONE: Final[Sequence[Any]] = (None, "x", 5, [], CUSTOM)
CALLS: Final[dict[str, tuple[Instance, Sequence[Json]]]] = {
    **{f"action {slug}": (instance(one), [LAMP, PERSON, PAGE, BARE]) for slug, one in OF_ACTION.items()},
    **{f"preset {name}": (instance(preset), [{**LAMP, "event": name}]) for name, preset in PRESETS.items()},
    "all presets": (instance(*PRESETS.values()), [{**LAMP, "event": name} for name in PRESETS]),
    "no subscriptions": (instance(), [LAMP]),
    "nothing is subscribed": (instance(CONTACT, *PRESETS.values()), [LAMP, PAGE]),
    "nothing fits": (instance(UNFIT), [LAMP, BARE]),
    "some fit": (instance(CUSTOM), [BARE, LAMP, PAGE, LAMP]),
    "several, all sent": (instance(CUSTOM, CONTACT, ORDER, MAIL), [LAMP, PERSON]),
    "several, one refused": (instance(CUSTOM, UNFIT, MAIL), [LAMP]),
    "several, all refused": (instance(UNFIT, stored("emailEvent"), stored("customEvent")), [BARE, BARE]),
    "several, refused for several reasons": (
        instance(UNFIT, stored("emailEvent", event_type={"@nope": 1}), stored("customEvent", timestamp={"@path": 1})),
        [LAMP],
    ),
    "the same twice": (instance(CUSTOM, CUSTOM), [LAMP, LAMP]),
    "region that does not exist": (instance(CUSTOM, CONTACT, region="eu"), [LAMP, PAGE]),
    "settings without region": (instance(CUSTOM, UNFIT, region=ABSENT), [LAMP]),
    "settings without key": (instance(CUSTOM, apiKey=ABSENT), [LAMP]),
    "no settings at all": (instance(CUSTOM, apiKey=ABSENT, region=ABSENT), [LAMP]),
    "settings of other types": (instance(CUSTOM, apiKey=["x"], region={"a": 1}), [LAMP]),
    "settings with more than is known": (instance(CUSTOM, color="red"), [LAMP]),
    "key that is null": (instance(CUSTOM, apiKey=None), [LAMP]),
    "key that is a number": (instance(CUSTOM, apiKey=5), [LAMP]),
    "key that is short": (instance(CUSTOM, apiKey="abc"), [LAMP]),
    "key that no header can carry": (instance(CUSTOM, apiKey=f"{KEY}\n"), [LAMP]),
    "key that no header can carry, in several subscriptions": (instance(CUSTOM, ORDER, apiKey="kéy😀key"), [LAMP]),
    "key in the data": (instance(stored("nonEcommCustomEvent", event_type=KEY)), [LAMP]),
    "connection refused": (instance(CUSTOM, region="EU"), [LAMP]),
    "connection refused, several": (instance(CUSTOM, ORDER, UNFIT, region="EU"), [LAMP]),
    "host that may not be reached": (instance(CUSTOM, region="AU"), [LAMP]),
    "trigger that cannot be read": (instance(stored("customEvent", "type"), CUSTOM), [LAMP, PAGE]),
    "trigger that the lexer refuses": (instance(stored("customEvent", "type #")), [LAMP]),
    "trigger that is empty": (instance(stored("customEvent", "")), [LAMP]),
    "trigger that is no text": (instance(stored("customEvent", None), stored("customEvent", 7)), [LAMP]),
    "trigger that stumbles": (instance(stored("customEvent", 'properties.\\[ = "x"'), CUSTOM), [PAGE, LAMP]),
    "trigger that stumbles over a group": (instance(stored("customEvent", "(anonymousId)")), [LAMP]),
    "subscription that is empty": (instance({}), [LAMP]),
    "subscriptions that are none": (Instance(SETTINGS, NONE), [LAMP]),
    "subscription in the settings": (instance(CUSTOM, CONTACT, subscription=MAIL), [LAMP, PERSON]),
    "subscription in the settings that is none": (instance(CUSTOM, subscription=0), [LAMP]),
    "subscription in the settings that is empty": (instance(CUSTOM, subscription={}), [LAMP]),
    "action that does not exist": (instance({**CUSTOM, "partnerAction": "nope"}), [LAMP]),
    "action that does not exist, beside others": (instance(CUSTOM, {**CUSTOM, "partnerAction": "nope"}), [LAMP, PAGE]),
    "action that nobody asks for": (instance({**CUSTOM, "partnerAction": "nope"}), [PAGE]),
    "action that every object has": (instance({**CUSTOM, "partnerAction": "toString"}), [LAMP, PAGE]),
    "action in a list": (instance({**CUSTOM, "partnerAction": ["nonEcommCustomEvent"]}), [LAMP]),
    "action whose name is no text": (
        instance({**CUSTOM, "partnerAction": {"toString": 1}}, {"partnerAction": {"toString": 1}, "subscribe": ""}),
        [LAMP, PAGE],
    ),
    "action that is not named": (instance({"subscribe": TRACK, "mapping": {}}), [PAGE]),
    "no mapping": (instance({"subscribe": TRACK, "partnerAction": "customEvent"}), [LAMP]),
    "mapping that is null": (instance({**CUSTOM, "mapping": None}), [LAMP]),
    "mapping that is a text": (instance({**CUSTOM, "mapping": "text"}), [LAMP]),
    "mapping that is a list": (instance({**CUSTOM, "mapping": [1]}), [LAMP]),
    "context that is null": (instance(CUSTOM, UNFIT), [{**LAMP, "context": None}, LAMP]),
    "context with personas that are null": (instance(CUSTOM), [{**LAMP, "context": {"personas": None}}, LAMP]),
    "event that is empty": (instance(CUSTOM, stored("nonEcommCustomEvent", 'type != "x"')), [{}]),
    "mapping with several faults": (
        instance(stored("customEvent", event_type={"@nope": 1}, total={"@if": {}, "@path": ""}, order_id={"@path": 1})),
        [LAMP, PAGE],
    ),
    "mapping with a fault at its root": (instance({**CUSTOM, "mapping": {"@nope": 1}}), [LAMP]),
    "mapping with two directives at its root": (instance({**CUSTOM, "mapping": {"@path": "$.", "@case": 1}}), [LAMP]),
    "mapping that gives a text": (instance({**CUSTOM, "mapping": {"@path": "$.event"}}), [LAMP]),
    "mapping that gives nothing": (instance({**CUSTOM, "mapping": {"@path": "$.missing"}}), [LAMP]),
    "mapping that fails for one event": (
        instance(stored("nonEcommCustomEvent", event_type=TEXT_OF_THE_EVENT), CUSTOM),
        [colored("red"), colored(5), colored("blue"), PAGE],
    ),
    "template of liquid that fails": (
        instance(stored("nonEcommCustomEvent", event_type={"@liquid": "{{ event | sort }}"})), [LAMP]
    ),
    "mapping that is written into": (
        instance(stored("nonEcommCustomEvent", event_type={"@replace": {"pattern": "L", "value": "Lamp"}})),
        [LAMP, LAMP],
    ),
    "values that are coerced": (
        instance(stored("customEvent", event_action=7, batch_size="5", enable_batching=1, products={"qty": "1e3"})),
        [LAMP],
    ),
    "values that are empty": (
        instance(stored("customEvent", event_action="", order_id="", total=None, products=[])), [LAMP]
    ),
    "values that are empty, where they may be": (instance(stored("nonEcommCustomEvent", event_action="")), [LAMP]),
    "values that JSON does not know": (
        instance(stored("nonEcommCustomEvent", data={"none": {"@path": "$.none"}, "list": [{"@path": "$.none"}]})),
        [LAMP],
    ),
    "names that are numbers": (instance(CUSTOM), [{**LAMP, "properties": {"b": 1, "10": 2, "9": 3, "01": 4}}]),
    "numbers at their edges": (
        instance(CUSTOM), [{**LAMP, "properties": {"n": [1e21, 1e-7, -0.0, 1.0, 2**53 + 1, 12345678901234567890]}}]
    ),
    "texts at their edges": (instance(CUSTOM), [{**LAMP, "properties": {"t": "\u2028\x7f\ud800\"\\/\b"}}]),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_one_event_at_a_time(both: Both, name: str) -> None:
    of_call, events = CALLS[name]
    for event in events:
        both.agreed(one(event, of_call), queued)


@pytest.mark.parametrize("name", CALLS)
def test_all_events_of_a_call_together(both: Both, name: str) -> None:
    of_call, events = CALLS[name]
    both.agreed(together(events, of_call), queued)


def test_a_batch_without_events(both: Both) -> None:
    both.agreed(together([], instance(CUSTOM, stored("customEvent", "type"))), queued)


def test_the_table_comes_to_every_outcome(both: Both) -> None:
    outcomes = set()
    for name in ("some fit", "nothing fits", "nothing is subscribed", "connection refused"):
        of_call, events = CALLS[name]
        trace = both.agreed(together(events, of_call), queued)
        outcomes |= {event.outcome for each in trace.subscriptions for event in each.events}
    assert outcomes == set(Outcome)


# -- what the server answers --------------------------------------------------------------------------------------

TEXT: Final = {"content-type": "text/plain"}


def led(status: int, to: str | None = "/elsewhere") -> Answers:
    """Away from where the destination asks, to where it is answered."""
    headers = {} if to is None else {"location": to}
    return lambda seen: Reply(status, b"", headers) if seen.path.startswith("/twilio_segment") else queued(seen)


def always(*arguments: Any) -> Answers:
    return lambda _: Reply(*arguments)


ANSWERS: Final[dict[str, Answers]] = {
    "200": always(200),
    "200 with text": always(200, b"fine", TEXT),
    "200 without body": always(200, b"", TEXT),
    "200 with JSON that is empty": always(200, b""),
    "200 with JSON that is none": always(200, b'{"status":'),
    "200 with bytes that are no UTF-8": always(200, b"\xff\xfe\x00", TEXT),
    "200 with a JSON number": always(200, b"1.0"),
    "200 with a charset": always(200, '{"a":"é"}'.encode(), {"content-type": "application/json; charset=utf-8"}),
    "202 with the key": always(202, json.dumps({"you": f"Bearer {KEY}"}).encode(), {"x-echo": KEY}),
    "204": always(204, b""),
    "207 with its nodes": always(207, b'{"results":[{"status":400,"error":"no"}]}'),
    "301": led(301),
    "302 to nowhere": led(302, None),
    "303": led(303),
    "307": led(307),
    "308": led(308),
    "304": always(304, b""),
    "400": always(400, b'{"error":"no"}'),
    "400 with the key": always(400, f"Bearer {KEY}".encode(), TEXT),
    "401": always(401, b"{}"),
    "404 with text": always(404, b"nothing here", TEXT),
    "429": always(429, b'{"message":"slow down"}', {"retry-after": "1"}),
    "500 without body": always(500, b"", TEXT),
    "500 with JSON that is none": always(500, b"<html>"),
    "503 with text": always(503, b"try later", TEXT),
    "529": always(529, b"{}"),
    "no answer": always(0),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_the_server_answers(both: Both, name: str) -> None:
    for of_call in (instance(CUSTOM), instance(CUSTOM, ORDER, UNFIT)):
        both.agreed(one(LAMP, of_call), ANSWERS[name])
        both.agreed(together([LAMP, BARE, LAMP], of_call), ANSWERS[name])


def test_one_of_several_that_the_server_refuses(both: Both) -> None:
    def no_orders(seen: Seen) -> Reply:
        return Reply(400, b'{"error":"no"}') if b'"purchase"' in seen.body else queued(seen)

    trace = both.agreed(one(LAMP, instance(CUSTOM, ORDER, MAIL)), no_orders)
    assert [each.events[0].outcome for each in trace.subscriptions] == [Outcome.SENT, Outcome.FAILED, Outcome.SENT]


def test_an_answer_that_never_ends(both: Both) -> None:
    def half_of_the_orders(seen: Seen) -> Reply:
        return Reply(200, b"{", length=100) if b'"purchase"' in seen.body else queued(seen)

    subscriptions = instance(CUSTOM, ORDER, UNFIT)
    trace = both.agreed(one(LAMP, subscriptions, limit=1), half_of_the_orders)
    assert trace.error is not None
    assert trace.error.name == "CallTimeout"


@pytest.mark.parametrize("name", ANSWERS)
def test_a_try_of_the_key(both: Both, name: str) -> None:
    both.agreed(tried(SETTINGS), ANSWERS[name])


@pytest.mark.parametrize(
    "own",
    [
        {"region": "EU"}, {"region": "AU"}, {"region": "eu"}, {"region": None}, {"apiKey": None}, {"apiKey": 5}, {},
        {"apiKey": [1, 2], "region": 7}, {"apiKey": f"{KEY}\n"}, {"apiKey": ""},
    ],
    ids=str,
)  # fmt: skip
def test_a_try_of_a_key_with_settings_that_may_not_fit(both: Both, own: Json) -> None:
    both.agreed(tried({**SETTINGS, **own}), queued)


# -- odd events ---------------------------------------------------------------------------------------------------

EVERYTHING: Final = instance(EVERY_TRAIT, *PRESETS.values(), *map(default_subscription, ACTIONS))


def test_odd_events(both: Both) -> None:
    sent = 0

    @BOUNDED
    @given(events=st.lists(EVENTS, min_size=1, max_size=4), status=st.sampled_from([202, 202, 207, 400, 500]))
    def holds(events: list[Json], status: int) -> None:
        nonlocal sent
        for ask in (one(events[0], EVERYTHING), together(events, EVERYTHING)):
            sent += len(both.agreed(ask, always(status)).requests)

    holds()
    assert sent >= CASES, "too few of the events were sent for this to prove anything"
