"""Whatever comes in, the engine answers: with a result, the package's own refusal, or a clear error of ours."""

from __future__ import annotations

import os
from typing import Any, Final

import pytest
from mockodp_harness.conformance import KINDS, answer
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment import payload, triggers
from mockodp_harness.segment.dates import ZoneError, date
from mockodp_harness.segment.destination import Instance
from mockodp_harness.segment.exchange import CallError, Response
from mockodp_harness.segment.values import stringify

from tests.harness.fuzz import SEED, line_of, outcome_of
from tests.harness.fuzz_seeds import seeds

CASES: Final = int(os.environ.get("CASES", "3000"))
DEPTH: Final = 10_000
SUBSCRIPTION: Final[dict[str, Any]] = {
    "subscribe": 'event != "none"', "partnerAction": "customEvent",
    "mapping": {"user_identifiers": {}, "event_action": "a", "timestamp": "t"},
}  # fmt: skip
CYCLE: Final = "Maximum call stack size exceeded"
UNPRINTABLE: Final = "Cannot convert object to primitive value"


def nested(depth: int, name: str | None = None) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if name is None else {name: value}
    return value


def error(**case: Any) -> tuple[str, str]:
    said = answer(case)
    assert not said["ok"], said
    return said["error"]["name"], said["error"]["message"]


def test_no_damaged_case_ends_in_anything_but_an_answer() -> None:
    for index in range(CASES):
        outcome_of(line_of(SEED, index))


def test_undamaged_cases_are_sound() -> None:
    kinds = {case["kind"] for case in seeds()}
    assert kinds == set(KINDS)
    for case in seeds():
        said = answer(case)
        assert said["ok"] or said["error"]["name"] not in ("CaseError", "MappingError"), said


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (5, "The case is the number 5, expected an object."),
        ([], "The case is an array, expected an object."),
        ({}, "/kind is null, expected one of: action, auth, "),
        ({"kind": "moon"}, "/kind is the string 'moon', expected one of: action, auth, "),
        ({"kind": ["fql"]}, "/kind is an array, expected one of: "),
        ({"kind": "fql"}, "/fql is missing, which a case of the kind 'fql' needs."),
        ({"kind": "event", "event": {}, "use_default": 1}, "/use_default is no member of a case, expected one of: act"),
        ({"kind": "fql", "fql": 5}, "/fql is the number 5, expected a text."),
        ({"kind": "fql", "fql": "", "id": {}}, "/id is an object, expected a text, a number or null."),
        ({"kind": "action", "action": "buy", "event": {}}, "/action is the string 'buy', expected the slug of an"),
        ({"kind": "event", "event": {}, "subscriptions": {}}, "/subscriptions is an object, expected an array."),
        ({"kind": "event", "event": {}, "presets": [5]}, "/presets is an array, expected true, or an array of names"),
        ({"kind": "date", "value": 1, "tz": "Mars"}, "/tz is the string 'Mars', expected the name of a time zone"),
        ({"kind": "date", "value": 1, "tz": "America"}, "/tz is the string 'America', expected the name of a"),
        ({"kind": "date", "value": 1, "tz": "../UTC"}, "/tz is the string '../UTC', expected the name of a time zone"),
        ({"kind": "auth", "response": 5}, "/response is the number 5, expected an object."),
        ({"kind": "auth", "response": {"status": 99}}, "/response/status is the number 99, expected a number from 200"),
        ({"kind": "auth", "responses": [{}, {"headers": []}]}, "/responses/1/headers is an array, expected"),
        ({"kind": "auth", "raw_settings": "x" * 99}, f"/raw_settings is the string '{'x' * 39}…, expected an object."),
    ],
)  # fmt: skip
def test_a_malformed_case_is_told_what_came_what_was_expected_and_where(case: Any, message: str) -> None:
    said = answer(case)
    assert said["error"]["name"] == "CaseError"
    assert said["error"]["message"].startswith(message)
    assert said["requests"] == []


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (None, "Cannot read properties of null (reading 'partnerAction')"),
        (5, [{"output": "Failed to validate subscription"}]),
        ("x", [{"output": "Failed to validate subscription"}]),
        ([], [{"output": "Failed to validate subscription"}]),
        ({**SUBSCRIPTION, "subscribe": ["x"]}, [{"output": "Failed to validate subscription"}]),
        ({**SUBSCRIPTION, "partnerAction": None}, []),
        ({**SUBSCRIPTION, "partnerAction": "toString"}, "action.execute is not a function"),
        ({**SUBSCRIPTION, "partnerAction": {"toString": 1}}, UNPRINTABLE),
    ],
)
def test_odd_subscriptions_have_the_outcome_that_they_have_in_the_package(said: Any, outcome: Any) -> None:
    instance = Instance(odp.destination(), {"apiKey": "k", "region": "US"}, [said])
    if isinstance(outcome, list):
        assert instance.event({}, lambda _: Response(200)) == outcome
        return
    with pytest.raises(CallError) as refused:
        instance.event({}, lambda _: Response(200))
    assert (refused.value.name, refused.value.message) == ("TypeError", outcome)


def test_a_name_that_is_no_text_fails_only_for_what_the_trigger_takes() -> None:
    def came_to(subscribe: Any) -> tuple[Any, Any]:
        stored = {**SUBSCRIPTION, "partnerAction": {"toString": 1}, "subscribe": subscribe}
        instance = Instance(odp.destination(), {"apiKey": "k", "region": "US"}, [stored])
        return instance.event({"event": "none"}, lambda _: Response(200)), instance.batch([], lambda _: Response(200))

    nothing = [{"output": "not subscribed"}]
    assert came_to(SUBSCRIPTION["subscribe"]) == (nothing, nothing)
    assert came_to("") == ([{"output": "Failed to validate subscription"}], [{"multistatus": []}])


@pytest.mark.parametrize(
    ("lone", "output"),
    [({}, "Failed to validate subscription"), (SUBSCRIPTION, "not subscribed"), (0, None), (None, None), ("", None)],
)
def test_a_subscription_in_the_settings_outweighs_the_others(lone: Any, output: str | None) -> None:
    settings = {"apiKey": "k", "region": "US", "subscription": lone}
    results = Instance(odp.destination(), settings, []).event({"event": "none"}, lambda _: Response(200))
    assert results == ([] if output is None else [{"output": output}])


def test_odd_subscriptions_of_a_batch_crash_as_in_the_package() -> None:
    odd: list[tuple[Any, str]] = [
        (None, "reading 'partnerAction'"),
        ({**SUBSCRIPTION, "partnerAction": "__proto__"}, "executeBatch"),
    ]
    for said, message in odd:
        instance = Instance(odp.destination(), {"apiKey": "k", "region": "US"}, [said])
        with pytest.raises(CallError, match=message):
            instance.batch([{}], lambda _: Response(200))


def test_an_action_may_be_named_by_a_list_and_a_lone_subscription_may_stand_in_the_settings() -> None:
    lone = {**SUBSCRIPTION, "partnerAction": ["customEvent"]}
    instance = Instance(odp.destination(), {"apiKey": "k", "region": "US", "subscription": lone}, [])
    (*_, sent) = instance.event({}, lambda _: Response(202, "ok"))
    assert sent == {"data": "ok", "output": "Action Executed"}


def test_a_list_of_events_is_a_batch() -> None:
    instance = Instance(odp.destination(), {"apiKey": "k", "region": "US"}, [SUBSCRIPTION])
    (result,) = instance.event([{}, {}], lambda _: Response(202, "ok"))
    assert [node["status"] for node in result["multistatus"]] == [202, 202]


@pytest.mark.parametrize("event", [5, "text", True])
def test_an_event_that_is_no_object_is_refused(event: Any) -> None:
    kind = {"int": "number", "str": "string", "bool": "boolean"}[type(event).__name__]
    assert error(kind="event", event=event, subscriptions=[SUBSCRIPTION]) == (
        "Error", f"data must be an object, got {kind}",
    )  # fmt: skip


def test_a_null_event_crashes() -> None:
    assert error(kind="event", event=None, subscriptions=[SUBSCRIPTION]) == (
        "TypeError", "Cannot read properties of null (reading 'event')",
    )  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [
        {"kind": "mapping", "mapping": {"a": {"@path": "$.a"}}, "payload": {"a": nested(DEPTH, "a")}},
        {"kind": "mapping", "mapping": nested(DEPTH, "@literal"), "payload": {}},
        {"kind": "mapping", "mapping": {"a": {"@template": "{{a}}"}}, "payload": {"a": nested(DEPTH)}},
        {"kind": "mapping_validate", "mapping": nested(DEPTH, "a")},
        {"kind": "keys", "mapping": nested(DEPTH)},
        {"kind": "flatten", "value": nested(DEPTH, "a")},
        {"kind": "render", "template": "{{a}}", "data": {"a": nested(DEPTH)}},
        {"kind": "fql_generate", "ast": {"operator": "and", "children": nested(DEPTH)}},
        {"kind": "schema", "fields": nested(DEPTH, "properties")},
        {"kind": "remove_empty", "payload": nested(DEPTH, "a"), "schema": {"type": "object"}},
        {"kind": "date", "value": nested(DEPTH)},
        {"kind": "event", "event": {"properties": nested(DEPTH, "a")}, "subscriptions": [
            {"subscribe": 'event != "x"', "partnerAction": "nonEcommCustomEvent",
             "mapping": {**SUBSCRIPTION["mapping"], "data": {"@path": "$.properties"}}}]},
    ],
)  # fmt: skip
def test_what_is_nested_too_deep_is_told_so(case: dict[str, Any]) -> None:
    said = answer(case)
    if not said["ok"]:
        assert said["error"]["message"] in (CYCLE, "Unknown condition type")
        assert said["error"]["name"] in ("RangeError", "Error")
    assert stringify(said) is not None


def test_a_template_may_be_nested_and_long() -> None:
    deep = "{% if a %}" * 99
    name, message = error(kind="mapping", mapping={"a": {"@liquid": deep}}, payload={"a": 1})
    assert name in ("ParseError", "TokenizationError")
    assert "line:1, col:" in message


@pytest.mark.parametrize(
    "template",
    [
        "{% assign a = a | push: a %}" * 33 + "{{ a }}",
        "{% capture a %}{{ a }}{{ a }}x{% endcapture %}" * 21 + "{{ a }}",
        "{{ (1..1000000000) | join: 'x' }}",
        "{% assign a = 'xxxxxxxxxx' | replace: '', 'xxxxxxxxxx' %}" + "{% assign a = a | replace: 'x', a %}" * 9,
        "{{ 'a' | append: '\ud800' | url_encode }}",
        "{{ '%ff' | url_decode }}",
        "{{ a | upcase }}",
    ],
)
def test_templates_that_make_too_much_or_fail_are_refused(template: str) -> None:
    unprintable = {"a": {"toString": 1}}
    name, message = error(kind="mapping", mapping={"a": {"@liquid": template}}, payload=unprintable)
    assert name == "RenderError"
    assert message.endswith(", line:1, col:1")


@pytest.mark.parametrize(
    "mapping",
    [
        {"@template": "{{a}}" * 40_000},
        {"@replace": {"pattern": "a", "replacement": "$`$`$`$'$'", "value": {"@path": "$.a"}}},
    ],
)
def test_texts_longer_than_v8_makes_are_refused(mapping: Any) -> None:
    event = {"a": "a" * 20_000}
    told = error(kind="mapping", mapping={"b": mapping}, payload=event)
    assert told == ("RangeError", "Invalid string length")


@pytest.mark.parametrize(
    "text", ["{{{" * 20_000, "{{{a}" * 20_000, "{{ a | " * 20_000, "}}" * 20_000, "{{" * 9 + "a}}" * 9]
)
def test_braces_without_end_are_read_in_one_go(text: str) -> None:
    assert isinstance(kit.render(text, {}), str)
    assert isinstance(kit.keys([{"@template": text}, {"@liquid": text}]), list)


def test_an_object_that_hides_how_it_is_written_cannot_be_written() -> None:
    event = {"a": [{"toString": 1}]}
    assert error(kind="render", template="{{a}}", data=event) == ("TypeError", UNPRINTABLE)
    assert error(kind="mapping", mapping={"b": {"@template": "{{a}}"}}, payload=event) == ("TypeError", UNPRINTABLE)
    assert error(kind="date", value=event["a"]) == ("TypeError", UNPRINTABLE)
    with pytest.raises(triggers.TriggerError, match=UNPRINTABLE):
        triggers.evaluate(
            {"operator": "and", "children": [{"type": "event", "operator": "=", "value": event["a"]}]}, {"event": "x"}
        )


def test_json_deeper_than_python_reads_is_not_decoded() -> None:
    deep = "[" * DEPTH + "]" * DEPTH
    told = error(kind="mapping", mapping={"a": {"@json": {"mode": "decode", "value": deep}}}, payload={})
    assert told == ("Error", "@json cannot decode its value: it is nested too deep")


@pytest.mark.parametrize("name", ["Mars", "America", "", "../UTC", "a/" * 999, "\ud800", "Europe/" + "x" * 99])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ZoneError, match="is no time zone known here, expected a name such as 'Europe/Berlin'"):
        date(0.0, name)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (5, "schema is invalid: data must be object,boolean"),
        ({"type": "banana"}, "schema is invalid: data/type must be equal to one of the allowed values"),
        ({"type": ["string", "string"]}, "schema is invalid: data/type must NOT have duplicate items"),
        ({"properties": []}, "schema is invalid: data/properties must be object"),
        ({"properties": {"a/b": 5}}, "schema is invalid: data/properties/a~1b must be object,boolean"),
        ({"required": 5}, "schema is invalid: data/required must be array"),
        ({"required": [5]}, "schema is invalid: data/required/0 must be string"),
        ({"required": ["a", "a"]}, "schema is invalid: data/required must NOT have duplicate items"),
        ({"enum": []}, "schema is invalid: data/enum must NOT have fewer than 1 items"),
        ({"enum": [1, {"a": []}, {"a": []}]}, "schema is invalid: data/enum must NOT have duplicate items"),
        ({"minLength": -1}, "schema is invalid: data/minLength must be >= 0"),
        ({"minLength": 1.5}, "schema is invalid: data/minLength must be integer"),
        ({"minimum": "1"}, "schema is invalid: data/minimum must be number"),
        ({"title": 5}, "schema is invalid: data/title must be string"),
        ({"allOf": []}, "schema is invalid: data/allOf must NOT have fewer than 1 items"),
        ({"items": {"format": "iri"}}, 'unknown format "iri" ignored in schema at path "#/items"'),
        ({"moon": 1}, 'strict mode: unknown keyword: "moon"'),
        ({"pattern": "x"}, 'The schema at (document) has "pattern", which is not judged there.'),
        ({"allOf": [{"if": {}}]}, 'The schema at /allOf/0 has "if", expected "if" and "then".'),
        ({"allOf": [{}]}, 'The schema at /allOf/0 has nothing, expected "if" and "then".'),
        ({"allOf": [{"if": {"type": ["null"]}, "then": {}}]}, "schema is invalid: data/allOf/0/if/type must be"),
        (nested(DEPTH, "items"), CYCLE),
    ],
)  # fmt: skip
def test_a_schema_that_the_package_does_not_compile_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(payload.SchemaError) as refused:
        payload.compiled(schema)
    assert refused.value.message.startswith(message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "The field definition at (document) is an array, expected an object of fields."),
        ({"a": 5}, "The field definition at /a is 5, expected an object."),
        ({"a": {"type": 5}}, "The field definition at /a/type is 5, expected a text."),
        ({"a": {"choices": {}}}, "The field definition at /a/choices is an object, expected an array."),
        ({"a": {"choices": [{}]}}, "The field at /a/choices/0 has no value, expected one."),
        ({"a": {"properties": {"b": None}}}, "The field definition at /a/properties/b is None, expected an object."),
        ({"a": {"required": {"conditions": 5}}}, "The field definition at /a/required/conditions is 5, expected an"),
        ({"a": {"required": {"conditions": [{"fieldKey": 5}]}}}, "The field definition at /a/required/conditions/0/"),
    ],
)  # fmt: skip
def test_fields_that_are_none_are_refused(fields: Any, message: str) -> None:
    with pytest.raises(payload.SchemaError) as refused:
        payload.schema_of(fields)
    assert refused.value.message.startswith(message)
