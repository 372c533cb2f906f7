"""Requests from JSON texts, by plans, against the entry points for events: the same bytes, reasons and errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.destinations.optimizely_data_platform import default_subscription
from mockodp_harness.segment import outbound as module
from mockodp_harness.segment import plans, triggers
from mockodp_harness.segment.destination import Instance
from mockodp_harness.segment.exchange import CallError, Request, Response
from mockodp_harness.segment.outbound import Outbound, Outgoing
from mockodp_harness.segment.values import parse

from bench import sources

CASES: Final = int(os.environ.get("CASES", "25"))
BOUNDED: Final = settings(
    max_examples=CASES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
SETTINGS: Final = {"apiKey": "odp_test_shop", "region": "US"}


class Raw(str):
    """A JSON text that stands in a document as it is."""


class Pairs(NamedTuple):
    """An object as its members are written, the same name more than once if need be."""

    members: list[tuple[str, Any]]


def text_of(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(name)}:{text_of(member)}" for name, member in value.members) + "}"
    if isinstance(value, dict):
        return text_of(Pairs(list(value.items())))
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return json.dumps(value)


# -- what is compared ---------------------------------------------------------------------------------------------


def expected(subscription: Any, text: str, *, batch: bool, given: Any = SETTINGS, zone: Any = "UTC") -> Any:
    """What the entry points say of the parsed text: the request, reasons for what is not in it, or the error."""
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return Response(202)

    events = parse(text)
    batch = batch or isinstance(events, list)
    instance = Instance(odp.destination(), given, [subscription])
    try:
        results = instance.batch(events, send, zone) if batch else instance.event(events, send, zone)
    except CallError as error:
        return error.name, error.message, error.status
    if not results:  # the package says nothing of an action that it does not have
        return None, {0: f"There is no action {subscription['partnerAction']!r}."}
    return (sent[0] if sent else None), _reasons(results, len(events) if batch else 1)


def _reasons(results: Any, count: int) -> dict[int, str]:
    if len(results) != 1:
        return {}
    if "output" in results[0]:
        return dict.fromkeys(range(count), results[0]["output"])
    nodes = enumerate(results[0]["multistatus"])
    return {index: node["errormessage"] for index, node in nodes if "errormessage" in node}


def told(outgoing: Outgoing) -> Any:
    if outgoing.error:
        return outgoing.error.name, outgoing.error.message, outgoing.error.status
    return outgoing.request, dict(outgoing.unsent)


def assert_same(subscription: Any, *events: Any, zone: Any = "UTC") -> None:
    outbound = Outbound(odp.destination(), SETTINGS, [subscription], zone)
    for text in map(text_of, events):
        (outgoing,) = outbound.event(text.encode())
        assert told(outgoing) == expected(subscription, text, batch=False, zone=zone), text
    text = text_of(list(events))
    (outgoing,) = outbound.batch(text.encode())
    assert told(outgoing) == expected(subscription, text, batch=True, zone=zone), text


def has_plan(subscription: Any) -> bool:
    action = odp.destination().actions[subscription["partnerAction"]]
    trigger = triggers.compiled(subscription["subscribe"])
    made = [
        plans.planned(trigger, subscription["mapping"], action.schema, action.layout, single=single) is not None
        for single in (True, False)
    ]
    assert made[0] == made[1]
    return made[0]


# -- subscriptions ------------------------------------------------------------------------------------------------


def path(text: str) -> Any:
    return {"@path": text}


def with_action(slug: str) -> Any:
    defaults = default_subscription(slug)
    return {**defaults, "mapping": {**defaults["mapping"], "event_action": path("$.properties.x")}}


TRACK: Final = 'type = "track"'
IDENTITY: Final = {"userId": path("$.userId")}
FREE: Final = {
    "type": path("$.type"), "p": path("$.properties.total"), "10": path("$.properties.x"), "2": 7, "n": None,
    "if": {"@if": {"exists": path("$.properties.x"), "then": path("$.properties.y"), "else": path("$.traits.vip")}},
    "in": {"deep": [1, {"a": "b"}]},
}  # fmt: skip


def custom(subscribe: str = TRACK, **fields: Any) -> Any:
    """A subscription to custom events with some fields of its own."""
    mapping = {"user_identifiers": IDENTITY, "event_type": path("$.event"), "timestamp": path("$.timestamp"), **fields}
    return {"subscribe": subscribe, "partnerAction": "nonEcommCustomEvent", "mapping": mapping}


def contact(**fields: Any) -> Any:
    mapping = {"user_identifiers": IDENTITY, **fields}
    return {"subscribe": 'type = "identify" or type = "track"', "partnerAction": "upsertContact", "mapping": mapping}


PLANNED: Final = {
    **{preset["name"]: preset for preset in odp.presets()},
    **{slug: default_subscription(slug) for slug in ("nonEcommCustomEvent", "upsertContact")},
    **{f"{slug} with an action": with_action(slug) for slug in ("customEvent", "emailEvent")},
    "all properties": custom(data=path("$.properties")),
    "key and value": custom(data=FREE),
    "every trait": contact(additional_traits=path("$.traits"), DOB=path("$.traits.birthday"), age=path("$.traits.age")),
    "traits by name": contact(additional_traits=FREE, title=path("$.properties.title")),
    "constants": custom(event_action="read", data={"a": 1, "b": [None, {"c": "é"}]}, event_type=7, batch_size=5),
    "batching by path": custom(enable_batching=path("$.properties.x"), batch_size=path("$.properties.y")),
    "a number in the trigger": custom("properties.total >= 9007199254740992 or properties.x != null"),
    "contains": custom('contains(event, "e") and userId != null', data=path("$.traits")),
    "a group": custom('type = "track" and (event = "a" or properties.total = 1)'),
    "chosen constants": custom(event_action={"@if": {"exists": path("$.userId"), "then": "known", "else": "unknown"}}),
    "names on the way": custom(data=path("$.context.traits.name"), event_type=path("$.properties['length']")),
    "indexes": custom(event_type=path("$.properties[0]"), event_action=path("$.properties.products[0].x")),
    "internal": custom(__segment_internal_sync_mode="upsert"),
    "template": custom(event_type={"@template": "{{event}}-{{properties.total}}"}),
    "template inside": custom(data={"t": {"@template": "{{userId}}"}, "u": path("$.userId")}),
    "case": custom(event_action={"@case": {"operator": "upper", "value": path("$.event")}}),
    "replace": custom(event_type={"@replace": {"pattern": "e", "replacement": "$&-", "value": path("$.properties.x")}}),
    "flatten": custom(data={"@flatten": {"separator": ".", "value": path("$.properties")}}),
    "json": custom(event_type={"@json": {"mode": "encode", "value": path("$.properties")}}),
    "decoded": custom(data={"@json": {"mode": "decode", "value": path("$.properties.x")}}),
    "merge": contact(additional_traits={"@merge": {"direction": "right", "objects": [path("$.traits"), {"a": 1}]}}),
    "without null": custom(data={"@excludeWhenNull": path("$.properties")}),
    "literal": custom(data={"@literal": {"a": path("$.properties.total"), "2": [path("$.traits")]}}),
    "transformed": custom(event_type={"@transform": {"apply": {"x": path("$.event")}, "mapping": path("$.x")}}),
    "error": custom(event_action={"@json": {"mode": "encode", "value": ""}}),
    "odd name": custom(event_action=path("$.properties.toString")),
    "whole event": custom(data=path("$.")),
    "items": custom(data={"a": [path("$.userId")]}),
    "products one by one": {**with_action("customEvent"), "mapping": {
        **with_action("customEvent")["mapping"], "products": [{"product_id": path("$.userId"), "qty": path("$.x")}]}},
    "blank": custom(event_action={"@if": {"blank": path("$.userId"), "then": "a", "else": "b"}}),
    "a number made of text": contact(age={"@template": "{{traits.age}}"}, address={"@path": "$.traits.address"}),
    "products by template": {**with_action("customEvent"), "mapping": {
        **with_action("customEvent")["mapping"], "user_identifiers": {"userId": {"@template": "u-{{userId}}"}},
        "products": {"@arrayPath": ["$.properties.products", {
            "product_id": {"@template": "{{product_id}}!"}, "qty": path("$.quantity")}]}}},
}  # fmt: skip
UNPLANNED: Final = {
    **{slug: default_subscription(slug) for slug in ("customEvent", "emailEvent")},
    "fault": custom(event_action={"@path": 1, "@if": 2}),
    "liquid": custom(event_type={"@liquid": "{{ 1 | divided_by: properties.total }}"}),
    "no timestamp": {"subscribe": TRACK, "partnerAction": "nonEcommCustomEvent", "mapping": {"user_identifiers": {}}},
    "dynamic settings": custom(dynamicAuthSettings={"a": path("$.userId")}),
    "root": custom(__segment_internal_directive={"@transform": {"apply": {"userId": "u"}}}),
}  # fmt: skip
BROKEN: Final = {
    "nothing": None,
    "a text": "customEvent",
    "an inherited action": {"subscribe": TRACK, "partnerAction": "toString", "mapping": {}},
    "an action without a name": {"subscribe": TRACK, "partnerAction": {"toString": 1}, "mapping": {}},
    "no action": {"subscribe": TRACK, "partnerAction": "nothing", "mapping": {}},
    "no mapping": {"subscribe": TRACK, "partnerAction": "customEvent"},
    "no trigger": {"partnerAction": "customEvent", "mapping": {}},
    "wrong trigger": {"subscribe": "type", "partnerAction": "customEvent", "mapping": {}},
    "a trigger that throws": custom('() or type = "track"'),
}  # fmt: skip
SUBSCRIPTIONS: Final = PLANNED | UNPLANNED | BROKEN

# -- events -------------------------------------------------------------------------------------------------------

NUMBERS: Final = [
    "0", "-0", "-0.0", "1", "-1", "1.0", "27.50", "0.1", "1e2", "1E+2", "1e21", "1e-7", "0.00001", "0.0001",
    "123456789.5", "1073741824", "9007199254740992", "9007199254740993", "-9007199254740993",
    "18446744073709551615", "18446744073709551616", "123456789012345678901234567890", "1e400",
    "-1e400", "1e-400", "1e16", "1e15", "-1.5",
]  # fmt: skip
TEXTS: Final = [
    r'"\ud800"', r'"\ude00\ud83d"', r'"\ud83d\ude00"', '"é😀"', r'"\u0000\u001f\u007f\u2028/"', r'"a\"b\\"', '""',
    '" "', '"27.5"', '"true"', '"1990-01-01"', '"1990-02-30"', '"0000-01-01"', '"1990-1-1"', '"12:30"', '"631152000"',
    '"1.2e-7"', '"2026-01-02T03:04:05.678Z"', '"Order Completed"',
]  # fmt: skip
WORDS: Final = ["true", "false", "null", "[]", "{}", "[1]", "[null]", '["a","b"]', '[{"product_id":null}]', "[[1]]"]
RAWS: Final = st.sampled_from([*NUMBERS, *TEXTS, *TEXTS, *WORDS]).map(Raw)
NAMES: Final = st.sampled_from(
    ["a", "x", "y", "10", "2", "01", "4294967295", "vip", "__proto__", "toString", "length", "title", "", "é", "\ud800"]
)
VALUES: Final = st.recursive(
    RAWS,
    lambda each: st.one_of(
        st.lists(each, max_size=3), st.lists(st.tuples(NAMES, each), max_size=4).map(Pairs)
    ),
    max_leaves=6,
)  # fmt: skip
USUAL: Final = st.one_of(st.sampled_from(["ada@example.test", "P-1", "x", "1990-01-01"]), st.integers(0, 99), RAWS)


def members(*names: str, more: Any = VALUES) -> Any:
    """Objects with some of these members, mostly of usual values, and sometimes with odd ones."""
    known = st.fixed_dictionaries({}, optional=dict.fromkeys(names, st.one_of(USUAL, USUAL, USUAL, VALUES)))
    odd = st.lists(st.tuples(NAMES, more), max_size=2)
    return st.builds(lambda known, odd: Pairs([*known.items(), *odd]), known, st.one_of(st.just([]), odd))


PRODUCTS: Final = st.one_of(st.lists(st.one_of(members("product_id", "quantity", "sku"), VALUES), max_size=3), VALUES)
PROPERTIES: Final = st.builds(
    lambda known, products: Pairs([*known.members, *products]),
    members("product_id", "quantity", "order_id", "total", "email", "optimizely_vuid", "campaign_name", "campaign_id",
            "link_url", "x", "y", "title"),
    st.lists(PRODUCTS.map(lambda each: ("products", each)), max_size=1),
)  # fmt: skip
TRAITS: Final = st.builds(
    lambda known, address: Pairs([*known.members, *address]),
    members("email", "company", "title", "name", "first_name", "last_name", "gender", "birthday", "phone", "age",
            "avatar", "vip", "dob_year", "dob_month", "user_identifiers", "image_url"),
    st.lists(st.one_of(members("street", "city", "state", "postalCode", "country"), VALUES)
             .map(lambda each: ("address", each)), max_size=1),
)  # fmt: skip
CONTEXTS: Final = st.one_of(
    st.builds(lambda traits: Pairs([("traits", traits)]), TRAITS),
    st.builds(lambda value: Pairs([("personas", value)]), st.one_of(members("computation_key"), VALUES)),
    VALUES,
)


def event(kind: Any, name: Any, *parts: tuple[str, Any]) -> Pairs:
    return Pairs([("type", kind), ("event", name), *parts])


def _sometimes(name: str, value: Any) -> Any:
    return st.lists(value.map(lambda each: (name, each)), max_size=1)


PARTS: Final = (
    st.just([("timestamp", "2026-01-02T03:04:05.678Z")]) | _sometimes("timestamp", VALUES),
    _sometimes("userId", USUAL), _sometimes("anonymousId", USUAL),
    _sometimes("properties", st.one_of(PROPERTIES, PROPERTIES, PROPERTIES, VALUES)),
    _sometimes("traits", st.one_of(TRAITS, TRAITS, TRAITS, VALUES)),
    st.just([]) | _sometimes("context", CONTEXTS),
)  # fmt: skip


def events(*names: str) -> Any:
    """Events that often have one of these names."""
    return st.builds(
        lambda kind, name, *parts: event(kind, name, *(pair for part in parts for pair in part)),
        st.sampled_from(["track", "track", "track", "identify", Raw("5")]),
        st.one_of(st.sampled_from(names), st.sampled_from(names), RAWS),
        *PARTS,
    )


# -- both ways ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
def test_texts_have_the_same_outcome_as_events(name: str) -> None:
    of = events(name, "a", "e")

    @BOUNDED
    @given(st.lists(st.one_of(of, of, of, of, VALUES), min_size=1, max_size=4))
    def holds(events: list[Any]) -> None:
        assert_same(SUBSCRIPTIONS[name], *events)

    holds()


@BOUNDED
@given(members("userId", "timestamp", "event"), st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]), TRAITS)
def test_a_birthday_is_read_in_the_given_zone(parts: Pairs, zone: str, traits: Any) -> None:
    assert_same(PLANNED["every trait"], event("identify", "e", *parts.members, ("traits", traits)), zone=zone)


@pytest.mark.parametrize("name", PLANNED)
def test_what_has_a_plan(name: str) -> None:
    assert has_plan(PLANNED[name])


@pytest.mark.parametrize("name", UNPLANNED)
def test_what_has_no_plan(name: str) -> None:
    assert not has_plan(UNPLANNED[name])


@pytest.mark.parametrize("name", ["Order Completed", "Product Added", "upsertContact"])
def test_usual_events_go_by_plan_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def exactly(*_: Any) -> Any:
        raise AssertionError("went the exact way")

    texts = sources.texts("identify" if name == "upsertContact" else name, 20)
    outbound = Outbound(odp.destination(), SETTINGS, [PLANNED[name]])
    monkeypatch.setattr(module, "_recorded", exactly)
    assert all(outbound.event(text)[0].head for text in texts)
    (together,) = outbound.batch(sources.batches(texts)[0])
    assert len(parse(together.body)) == 20


# -- each oddity by itself ----------------------------------------------------------------------------------------


def order(total: Any) -> Pairs:
    properties = {"order_id": total, "total": total, "products": [{"product_id": total, "quantity": total}]}
    return event("track", "Order Completed", ("userId", "u"), ("timestamp", "t"), ("properties", properties))


@pytest.mark.parametrize("text", [*NUMBERS, *TEXTS, *WORDS])
def test_a_value_is_the_same_wherever_it_goes(text: str) -> None:
    value = Raw(text)
    assert_same(PLANNED["Order Completed"], order(value))
    assert_same(PLANNED["Order Completed"], event("track", "Order Completed", ("userId", value), ("timestamp", value)))
    for name in ("all properties", "key and value", "a number in the trigger", "batching by path"):
        inside = {"total": value, "x": [value], "y": {"deep": value}}
        assert_same(PLANNED[name], event("track", "e", ("timestamp", "t"), ("properties", inside)))
    traits = {"age": value, "birthday": value, "vip": value, "title": value, "address": value}
    assert_same(PLANNED["every trait"], event("identify", "e", ("traits", traits)))
    assert_same(PLANNED["upsertContact"], event("identify", "e", ("traits", {**traits, "birthday": "1990-01-01"})))


@pytest.mark.parametrize(
    "name", ["__proto__", "10", "4294967294", "4294967295", "01", "-1", "é", "\ud800", "", "userId"]
)
def test_a_name_is_the_same_wherever_it_stands(name: str) -> None:
    inside = Pairs([("b", 1), (name, 2), ("a", {"c": 3, name: 4}), ("9", 5), (name, 6)])
    assert_same(PLANNED["all properties"], event("track", "e", ("timestamp", "t"), ("properties", inside)))
    assert_same(PLANNED["every trait"], event("identify", "e", ("traits", inside), ("userId", 1), ("userId", 2)))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"[1,]",
        b"01",
        b"1.",
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'{"a":\xa0}',
        b"Infinity",
        b"'a'",
        b"\x0b1",
    ],
)
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    outbound = Outbound(odp.destination(), SETTINGS, [PLANNED["Order Completed"]])
    for call in (outbound.event, outbound.batch):
        with pytest.raises(ValueError):  # noqa: PT011  the words are those of the parser
            call(text)


def test_a_batch_is_an_array() -> None:
    with pytest.raises(ValueError, match="A batch is dict, expected an array of events"):
        Outbound(odp.destination(), SETTINGS, []).batch(b"{}")


@pytest.mark.parametrize("depth", [10, 200, 300, 450, 600, 900])
def test_depth_is_written_as_it_was_read(depth: int) -> None:
    deep = Raw("[" * depth + "1" + "]" * depth)
    assert_same(PLANNED["all properties"], event("track", "e", ("timestamp", "t"), ("properties", {"a": deep})))


# -- batches and calls --------------------------------------------------------------------------------------------


def test_an_odd_event_leaves_the_others_of_a_batch_alone() -> None:
    refused = event("track", "Order Completed")
    other = event("track", "Order Refunded")
    assert_same(PLANNED["Order Completed"], order("1"), refused, other, order(Raw("1e21")), order(Raw(r'"\ud800"')))
    assert_same(PLANNED["Order Completed"], other, other)
    assert_same(PLANNED["Order Completed"], refused, refused)
    assert_same(PLANNED["Order Completed"])


@pytest.mark.parametrize("context", ["null", '{"personas":null}', '{"personas":{}}', "{}", "5", '"x"', "[]"])
def test_a_context_that_fails_the_call_fails_it(context: str) -> None:
    odd = ("context", Raw(context))
    good, refused = Pairs([*order("1").members, odd]), event("track", "Order Completed", odd)
    other = event("track", "e", odd)
    for events in ([good], [order("1"), good], [order("1"), refused], [refused], [order("1"), other], [None, good]):
        assert_same(PLANNED["Order Completed"], *events)


def test_subscriptions_have_an_outcome_each() -> None:
    outbound = Outbound(odp.destination(), SETTINGS, [PLANNED["Order Completed"], PLANNED["all properties"]])
    first, second = outbound.event(text_of(order("1")).encode())
    assert [first.request and first.request.url, second.unsent] == [
        "https://function.zaius.app/twilio_segment/batch_custom_event", {}
    ]  # fmt: skip
    assert second.body.startswith(b'[{"user_identifiers":{"userId":"u"},"type":"Order Completed"')


def test_settings_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(CallError, match="Region must be one of"):
        Outbound(odp.destination(), {"apiKey": "k", "region": "eu"}, [])


def test_a_key_that_no_header_takes_is_an_error_of_the_call() -> None:
    outbound = Outbound(odp.destination(), {"apiKey": "a\nb", "region": "US"}, [PLANNED["Order Completed"]])
    (outgoing,) = outbound.event(text_of(order("1")).encode())
    assert outgoing.error is not None
    assert outgoing.error.message == "Bearer a\nb is not a legal HTTP header value"


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"partnerAction": "nothing"}, "There is no action 'nothing'."),
        ({}, "The subscription names no action (partnerAction)."),
    ],
)
def test_an_action_that_does_not_exist_is_the_reason_why_nothing_is_sent(named: Any, reason: str) -> None:
    outbound = Outbound(odp.destination(), SETTINGS, [{"subscribe": TRACK, "mapping": {}, **named}])
    (alone,) = outbound.event(b'{"type": "track"}')
    (together,) = outbound.batch(b'[{"type": "track"}, {"type": "page"}]')
    assert (alone.head, alone.unsent, alone.error) == (None, {0: reason}, None)
    assert (together.head, together.unsent) == (
        None, {0: reason, 1: "Payload is either invalid or does not match the subscription"},
    )  # fmt: skip
    assert together.error is not None, "as in the package, a batch fails over it"


@pytest.mark.parametrize("text", ["{}", None, {}])
def test_what_is_no_bytes_is_told(text: Any) -> None:
    outbound = Outbound(odp.destination(), SETTINGS, [])
    for call in (outbound.event, outbound.batch):
        with pytest.raises(TypeError, match=rf"is of type {type(text).__name__}, expected bytes: \.encode\(\) makes"):
            call(text)


def test_an_unknown_action_has_no_defaults() -> None:
    for call in (odp.default_subscription, odp.default_mapping):
        with pytest.raises(ValueError, match=r"There is no action 'upsert'\. Known: .*upsertContact"):
            call("upsert")


def test_later_changes_of_a_mapping_do_not_reach_it() -> None:
    subscription = custom(data={"a": {"b": 1}})
    outbound = Outbound(odp.destination(), SETTINGS, [subscription])
    subscription["mapping"]["data"]["a"]["b"] = 2
    text = text_of(event("track", "e", ("timestamp", "t"))).encode()
    assert outbound.event(text)[0].body.endswith(b'"data":{"a":{"b":1}}}]')
    assert outbound.batch(b"[%b]" % text)[0].body == outbound.event(text)[0].body


def test_importing_the_engine_loads_no_library_that_few_mappings_need() -> None:
    def loaded(program: str) -> set[str]:
        command = [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules)"]
        return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    engine = "import mockodp_harness.destinations.optimizely_data_platform, mockodp_harness.segment.outbound"
    late = {
        "http",
        "zoneinfo",
        "mockodp_harness.segment.date_texts",
        "mockodp_harness.segment.mapping.liquid_environment",
    }
    of_contracts = {
        "pathlib",
        "difflib",
        "importlib.resources",
        "mockodp_contracts.catalogue",
        "mockodp_contracts.violation",
    }
    heavy = {"liquid", "dateutil", "hypothesis", "httpx2", "rich", "jsonschema", "jsonschema_rs", "asyncio"}
    assert not (late | of_contracts | heavy) & (loaded(engine) - loaded(""))
