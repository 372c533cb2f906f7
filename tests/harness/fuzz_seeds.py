"""Sound cases of every kind of the engine: what the fuzzer damages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.destinations.optimizely_data_platform import default_subscription

Case = dict[str, Any]

IDENTIFY: Final = {
    "type": "identify", "userId": "u1", "anonymousId": "a1", "timestamp": "2024-03-01T18:11:27.649Z",
    "traits": {
        "email": "ada@example.org", "name": "Ada", "first_name": "Ada", "age": "36", "birthday": "1990-01-01",
        "phone": 1234567890123456789, "address": {"street": "s", "postalCode": "12345"}, "company": "Analytical",
    },
}  # fmt: skip
ORDER: Final = {
    "type": "track", "event": "Order Completed", "userId": "u1", "timestamp": "2024-03-01T18:11:27.649Z",
    "properties": {
        "order_id": "o-1", "total": 27.5, "email": "ada@example.org", "2": "two", "10": [1, None, "x"],
        "products": [{"product_id": "507f", "quantity": 1}, {"product_id": 7, "quantity": "2"}],
    },
    "context": {"traits": {"email": "ada@example.org"}},
}  # fmt: skip
TRIGGERS: Final = (
    'type = "track" and event = "Order Completed"',
    'type = "identify" or (userId = null and properties.total > 5)',
    'contains(event, "Order") and !match(properties.order_id, "o*")',
    "properties.total <= 27.5 and properties.flag != true or traits.age = 36",
    'context.traits.email != null and properties.items\\[0\\].name = "x"',
)
MAPPINGS: Final[tuple[Any, ...]] = (
    {"a": {"@path": "$.properties.products[0].product_id"}, "b": [{"@path": "$.missing"}], "10": 1, "2": None},
    {"a": {"@template": "{{userId}}-{{{properties.total}}}"}, "b": {"@literal": {"c": {"@path": "type"}}}},
    {"a": {"@if": {"exists": {"@path": "$.userId"}, "then": 1, "else": {"@path": "$.anonymousId"}}}},
    {"a": {"@if": {"blank": {"@path": "$.userId"}, "then": "t", "else": "e"}}},
    {"a": {"@case": {"operator": "upper", "value": {"@path": "$.event"}}}},
    {"a": {"@replace": {"pattern": "o", "replacement": "$&$`", "ignorecase": True, "value": {"@path": "$.event"},
                        "pattern2": "-", "replacement2": "$'", "global": False}}},
    {"a": {"@arrayPath": ["$.properties.products", {"id": {"@path": "$.product_id"}, "q": {"@path": "quantity"}}]}},
    {"a": {"@json": {"mode": "encode", "value": {"@path": "$.properties"}}},
     "b": {"@json": {"mode": "decode", "value": "{\"a\": [1, 2]}"}}},
    {"a": {"@flatten": {"separator": ".", "value": {"@path": "$.properties"}, "omitArrays": False}}},
    {"a": {"@merge": {"direction": "left", "objects": [{"@path": "$.properties"}, {"b": 1}]}}},
    {"a": {"@transform": {"apply": {"v": {"@path": "$.userId"}}, "mapping": {"w": {"@path": "$.v"}}}}},
    {"a": {"@excludeWhenNull": {"b": {"@path": "$.nothing"}, "c": None}}, "d": {"@path": "$.userId", "_metadata": 1}},
    {"__segment_internal_directive": {"@transform": {"apply": {"v": {"@path": "$.userId"}}}},
     "w": {"@path": "$.v"}},
)  # fmt: skip
LIQUIDS: Final = (
    "{{ properties.total | plus: 1 | times: '2' | divided_by: 3 | round: 2 }}",
    "{% if properties.total > 5 and event contains 'Order' %}{{ event | upcase }}{% else %}no{% endif %}",
    "{% assign a = properties.products | where: 'product_id', 7 | first %}{{ a.quantity | default: 'none' }}",
    "{% capture c %}{{ userId | append: '-' | prepend: type }}{% endcapture %}{{ c | split: '-' | join: ', ' }}",
    "{{ timestamp | date: '%Y-%m-%d %H:%M:%S' }}{{ (1..5) | join: '' }}{% unless userId %}x{% endunless %}",
    "{{ event | replace: 'r', 'l' | truncate: 9, '.' | slice: -3, 2 | strip_html | escape | url_encode }}",
    "{% increment n %}{% cycle 'a', 'b' %}{% raw %}{{ x }}{% endraw %}{{ properties | json }}{{ 'x' | nosuch: 1 }}",
    "{{ properties.products | push: 1 | unshift: 2 | compact | size }}{{ 4.6 | floor }}{{ '5' | at_least: 7 }}",
    "{% comment %}c{% endcomment %}{{- type -}}{% liquid\nassign q = 1\necho q\n%}{% case x %}{% for y in z %}",
)
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "a": {"label": "A", "type": "string", "required": True, "minimum": 2, "maximum": 4},
    "b": {"label": "B", "type": "number", "minimum": 1, "maximum": 9, "allowNull": True},
    "c": {"label": "C", "type": "object", "properties": {"d": {"label": "D", "type": "integer", "required": True}}},
    "e": {"label": "E", "type": "string", "multiple": True, "choices": ["x", {"label": "Y", "value": "y"}]},
    "f": {"label": "F", "type": "datetime"},
    "g": {"label": "G", "type": "string", "format": "email",
          "required": {"conditions": [{"fieldKey": "a", "operator": "is", "value": "xy"}]}},
    "h": {"label": "H", "type": "object", "multiple": True, "additionalProperties": True,
          "properties": {"i": {"label": "I", "type": "boolean"}},
          "required": {"match": "any", "conditions": [{"fieldKey": "b", "operator": "is_not", "value": 2},
                                                      {"fieldKey": "c.d", "operator": "is"}]}},
}  # fmt: skip
FORMATS: Final = (
    *("date", "date-like", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "json-pointer"),
    *("relative-json-pointer", "time", "uri", "uri-reference", "uuid"),
)
DATES: Final = (
    *("1990-01-01", "1990-01-01T00:00:00+05:00", "Mon Jan 01 1990 00:00:00 GMT-0500 (EST)", "1 Jan 1990 5:00 PM"),
    *("12/25", "19:90", "+275760-09-13T00:00:00Z", 631152000000, -0.5, 8640000000000001, None, True, [1990, 1]),
)
AST: Final = {
    "type": "group", "operator": "and", "children": [
        {"type": "event", "operator": "contains", "value": "Order"},
        {"type": "group", "operator": "or", "children": [
            {"type": "event-property", "name": "total", "operator": "number_equals", "value": 27.5},
            {"type": "event-trait", "name": "a b", "operator": "not_starts_with", "value": "x"},
            {"type": "userId", "operator": "exists"},
        ]},
    ],
}  # fmt: skip
RESPONSES: Final = (
    {"status": 200, "body": {"a": 1}}, {"status": 429, "body": "slow down", "status_text": "Later"},
    {"status": 202, "body": "{", "headers": {"Content-Type": "application/json"}}, {"network_error": "refused"},
)  # fmt: skip


def seeds() -> list[Case]:
    """The cases, each a JSON object with all that its kind can have."""
    made = [*_of_triggers(), *_of_mappings(), *_of_payloads(), *_of_destination()]
    return [{"id": f"{case['kind']}-{number}", **case} for number, case in enumerate(made)]


def _of_triggers() -> Iterator[Case]:
    for fql in TRIGGERS:
        yield {"kind": "fql", "fql": fql, "event": ORDER}
    yield {"kind": "fql_generate", "ast": AST}
    yield {"kind": "fql_validate", "ast": AST, "event": ORDER}


def _of_mappings() -> Iterator[Case]:
    for mapping in (*MAPPINGS, *({"a": {"@liquid": text}} for text in LIQUIDS)):
        yield {"kind": "mapping", "mapping": mapping, "payload": ORDER}
    for mapping in MAPPINGS:
        yield {"kind": "mapping_validate", "mapping": mapping}
        yield {"kind": "keys", "mapping": mapping}
    yield {"kind": "get", "payload": ORDER, "path": "properties.products[0]['product_id']"}
    yield {"kind": "get", "payload": ORDER, "path": ["properties", "products", 0]}
    yield {"kind": "render", "template": "{{ userId }} {{{properties.total}}}", "data": ORDER}
    yield {"kind": "flatten", "value": ORDER, "prefix": "p", "separator": ".", "omit_arrays": False}


def _of_payloads() -> Iterator[Case]:
    from mockodp_harness.segment.payload import schema_of

    schema = schema_of(FIELDS)
    payload = {"a": "xy", "b": "7", "c": {"d": 1, "z": 2}, "e": "x", "f": "1990-01-01", "h": [{"i": "true"}]}
    yield {"kind": "schema", "fields": FIELDS}
    yield {"kind": "remove_empty", "schema": schema, "payload": payload, "root": True}
    yield {"kind": "validate_schema", "schema": schema, "payload": payload, "throw": False, "exempt": ["z"]}
    for form in FORMATS:
        one = {"type": "object", "properties": {"a": {"type": "string", "format": form}}}
        yield {"kind": "validate_schema", "schema": one, "payload": {"a": "2024-03-01T18:11:27Z"}, "throw": True}
    for value in DATES:
        yield {"kind": "date", "value": value, "tz": "America/New_York"}


def _of_destination() -> Iterator[Case]:
    settings = {"apiKey": "odp_test_shop", "region": "EU"}
    order: Case = {
        "subscribe": TRIGGERS[0],
        "partnerAction": "customEvent",
        "mapping": odp.default_mapping("customEvent"),
    }
    subscriptions = [default_subscription("upsertContact"), order]
    for slug in odp.destination().actions:
        mapping = {**odp.default_mapping(slug), "event_action": "purchase", "campaign": "c"}
        for event in (IDENTIFY, ORDER):
            common: Case = {"action": slug, "mapping": mapping, "settings": settings, "tz": "Asia/Tokyo"}
            yield {"kind": "action", **common, "event": event, "response": RESPONSES[0]}
            yield {"kind": "batch_action", **common, "events": [event, IDENTIFY], "responses": list(RESPONSES)}
    for response in RESPONSES:
        yield {"kind": "auth", "settings": settings, "response": response}
        for event in (IDENTIFY, ORDER):
            common = {"settings": settings, "subscriptions": subscriptions, "tz": "UTC", "response": response}
            yield {"kind": "event", **common, "event": event, "presets": ["Order Completed", "Email Sent"]}
            yield {"kind": "preset", "settings": settings, "event": event}
            yield {"kind": "batch", **common, "events": [event, ORDER], "default_actions": ["nonEcommCustomEvent"]}
