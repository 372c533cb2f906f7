"""``mockodp contracts``: list, show, examples, check. Needs no running mock."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from mockodp_contracts import catalog
from mockodp_contracts.recognised import recognised

from mockodp.cli.contract_shape import shape
from tests.mockodp.commands import at, run
from tests.mockodp.control_api import an_api

ADA = {"email": "ada@example.test"}
ORDER = {
    "user_identifiers": ADA, "type": "order", "action": "purchase", "timestamp": "2026-01-02T03:04:05.678Z",
    "order_id": "O-1", "total": "27.5", "products": [{"product_id": "P-1", "qty": 1}],
}  # fmt: skip
SIGN_UP = {"user_identifiers": ADA, "type": "account", "action": "register", "timestamp": "2026-01-02", "data": {}}
OPENED = {
    "user_identifiers": ADA, "type": "email", "action": "open", "campaign": "Spring", "campaign_event_value": None,
    "timestamp": "2026-01-02T03:04:05.678Z",
}  # fmt: skip
CONTACT = {"user_identifiers": ADA, "first_name": "Ada"}
VIEWED = {"type": "track", "event": "Product Viewed", "userId": "u-ada", "properties": {"product_id": "P-1"}}


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    return tmp_path / "orders.json"


def report(file: Path, *documents: Any, options: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON of a check of *documents*, one a line."""
    file.write_text("\n".join(json.dumps(document) for document in documents))
    said = run("contracts", "check", file, "--json", *options)
    return said.exit_code, json.loads(said.stdout)


def checked(file: Path, *documents: Any, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the verdicts of a check of *documents*, one a line."""
    code, said = report(file, *documents, options=options)
    assert said["not_judged"] == []
    return code, said["payloads"]


def test_list_names_every_contract_with_its_direction() -> None:
    listed = json.loads(run("contracts", "list", "--json").stdout)["contracts"]
    assert [each["name"] for each in listed] == list(catalog().names)
    order = next(each for each in listed if each["name"] == "presets/order_completed")
    assert (order["direction"], order["title"], order["uses"]) == (
        "request", "Order Completed", ["items/ecommerce_event"],
    )  # fmt: skip
    table = run("contracts", "list", "--direction", "answer").stdout
    assert "answers/refusal" in table
    assert "items/" not in table


@pytest.mark.parametrize("name", catalog().names)
def test_every_contract_can_be_shown(name: str) -> None:
    said = run("contracts", "show", name)
    assert said.exit_code == 0
    assert catalog()[name].title in said.stdout
    assert json.loads(run("contracts", "show", name, "--schema").stdout) == catalog()[name].schema


@pytest.mark.parametrize("name", ["presets/order_completed", "envelopes/batch_custom_event", "rest/events"])
def test_a_bundle_needs_no_other_file(name: str) -> None:
    bundle = json.loads(run("contracts", "show", name, "--bundle").stdout)
    validator = jsonschema_rs.Draft202012Validator(bundle, offline=True)
    assert bundle["examples"]
    assert all(validator.is_valid(example) for example in bundle["examples"])
    assert not any(validator.is_valid(example.value) for example in catalog()[name].bad)
    assert '"x-' not in json.dumps(bundle)


def test_show_tells_places_rules_and_their_evidence() -> None:
    said = run("contracts", "show", "email_event").stdout
    assert "items/email_event 1.0.0  Email event" in said
    assert "  user_identifiers      required  as shared/email_user_identifiers\n" in said
    rule = catalog().rules["timestamp-malformed"]
    assert f"error   timestamp-malformed: {rule.statement} [{rule.label.grade}]" in said


def shape_of(name: str) -> list[str]:
    """The lines of a contract's shape."""
    said = run("contracts", "show", name).stdout
    return said.partition("\nShape\n")[2].partition("\n\n")[0].splitlines()


def test_a_batch_is_shown_by_the_contracts_of_its_items() -> None:
    assert shape_of("batch_custom_event") == [
        "  an array, at least 1 item, at most 500 items",
        "  each item:",
        "    if it has data: as items/custom_event",
        "    else if it has order_id, total or products: as items/ecommerce_event",
        "    else: as items/custom_event",
    ]


def test_a_shape_is_told_member_by_member() -> None:
    assert shape_of("email_event") == [
        "  an object, no other members",
        '  type                  required  "email"',
        "  action                required  a text",
        "  campaign              required  a text",
        "  campaign_id                     a text",
        "  user_identifiers      required  as shared/email_user_identifiers",
        "  campaign_event_value  required  a text or null",
        "  timestamp             required  a text",
    ]
    assert shape_of("presets/order_completed") == [
        "  as items/ecommerce_event, an object",
        '  type                "order"',
        '  action              "purchase"',
        "  products  required  an array",
        "    at least one item: an object",
        "      product_id  required",
        "  order_id  required",
        "  total     required",
    ]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("rest/events", ["  else: as rest/event"]),
        ("source/event", ["  unless it has anonymousId:", "    userId  required"]),
        ("own/record", ["  if accepted is true:", "    refusal  null", "  else:", "    refusal  an object"]),
        (
            "rest/subscription",
            [
                "  each other member: a text",
                "  if it has opted_in: no other members",
                "    opted_in            anything",
                "    if it has subscribed and list_id: at least 3 members",
                "    else if it has subscribed: at least 2 members",
            ],
        ),
        ("rest/schema_identifier", ["  if name is a text that matches ^.*_id$:"]),
        (
            "source/engage_audience",
            [
                "    if every member is an array, null, a number, an object or a text:",
                "    if it has email: at least 2 members",
            ],
        ),
    ],
)  # fmt: skip
def test_conditions_are_told_in_words(name: str, lines: list[str]) -> None:
    assert set(lines) <= set(shape_of(name))


@pytest.mark.parametrize("name", catalog().names)
def test_a_shape_fits_a_hundred_columns_and_speaks_no_json_schema(name: str) -> None:
    for line in shape_of(name):
        assert len(line) <= 100 or " " not in line.strip()
        assert "{" not in line
        assert not {"additionalProperties", "minItems", "anyOf", "$ref"} & set(line.split())


@pytest.mark.parametrize(
    ("schema", "lines"),
    [
        ({"anyOf": [{"required": ["a"]}, {"type": "null"}]}, ["one of these: it has a or it is null"]),
        ({"not": {"required": ["a", "b"]}}, ["not so that it has a and b"]),
        ({"properties": {"a": False, "b": True}}, ["a  not allowed", "b  anything"]),
        ({"if": {"pattern": "^a"}, "then": {"minLength": 2}}, ['if it fits {"pattern":"^a"}: at least 2 characters']),
        ({"if": {}, "then": {"type": "null"}}, ["if it is anything: null"]),
        (
            {"if": {"anyOf": [{"type": "null"}, {"required": ["a"]}]}, "then": False, "else": {"minItems": 1}},
            ["if it is null or it has a: not allowed", "else: at least 1 item"],
        ),
        (
            {"if": {"properties": {"a": {"const": 1}}, "additionalProperties": {"type": "null"}}, "then": {}},
            ["if a, if there, is 1 and every other member is null:"],
        ),
        ({"propertyNames": {"pattern": "^a"}}, ["names of members that match ^a"]),
        ({"additionalProperties": True, "format": "date"}, []),
    ],
)  # fmt: skip
def test_what_no_contract_says_yet_is_told_too(schema: dict[str, Any], lines: list[str]) -> None:
    assert list(shape(schema)) == lines


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "email_event", "--schema", "--bundle"),
        ("examples", "email_event", "--good", "--bad"),
        ("check", "orders.json", "--quiet", "--json"),
        ("check", "orders.json", "--quiet", "--all"),
        ("check",),
    ],
)
def test_options_that_exclude_each_other_are_wrong_use(arguments: tuple[str, ...]) -> None:
    said = run("contracts", *arguments)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr


def test_examples_say_what_they_break() -> None:
    said = run("contracts", "examples", "order_completed").stdout
    assert "good one product" in said
    assert "bad  no total: missing-member at /total" in said
    bad = json.loads(run("contracts", "examples", "order_completed", "--bad", "--json").stdout)
    assert (bad["contract"], bad["good"]) == ("presets/order_completed", [])
    assert {"/total": "missing-member"} in [example["breaks"] for example in bad["bad"]]


@pytest.mark.parametrize(
    ("document", "contract"),
    [
        ([ORDER], "envelopes/batch_custom_event"),
        ([SIGN_UP, ORDER], "envelopes/batch_custom_event"),
        ([OPENED], "envelopes/batch_email_event"),
        ([CONTACT], "envelopes/batch_upsert_contact"),
        (ORDER, "items/ecommerce_event"),
        (SIGN_UP, "items/custom_event"),
        (OPENED, "items/email_event"),
        (CONTACT, "items/upsert_contact"),
        (VIEWED, "source/product_viewed"),
        ({**VIEWED, "event": "Signed Up", "properties": {}}, "source/track"),
        ({"type": "identify", "userId": "u-ada", "traits": {}}, "source/identify"),
        ({"type": "page", "userId": "u-ada"}, "source/event"),
        ({"type": "order", "action": "purchase", "identifiers": ADA}, "rest/event"),
        ([{"type": "order", "action": "purchase", "identifiers": ADA}], "rest/events"),
    ],
)
def test_a_payload_is_told_by_its_shape_and_passes(orders: Path, document: Any, contract: str) -> None:
    code, (payload,) = checked(orders, document)
    assert (code, payload["contract"], payload["verdict"]) == (0, contract, "pass")


def test_check_names_every_violation_and_fails(orders: Path) -> None:
    orders.write_text(json.dumps([{**ORDER, "total": 27.5}, {**ORDER, "user_identifiers": {}}]))
    said = run("contracts", "check", orders)
    assert said.exit_code == 1
    assert said.stdout.splitlines() == [
        f"{orders}: fail by envelopes/batch_custom_event",
        "  error   /0/total: expected a text, was 27.5 [wrong-type]",
        "          Map the field to a value of that type, or convert it in the mapping.",
        "  error   /1/user_identifiers: expected at least one identifier, was {} [no-identifier]",
        f"          {catalog().rules['no-identifier'].hint}",
        "1 payload: 1 fail. 2 errors.",
    ]


def test_one_payload_a_line_is_judged_line_by_line(orders: Path) -> None:
    code, payloads = checked(orders, ORDER, {**ORDER, "total": 5}, [CONTACT])
    assert code == 1
    assert [(each["place"], each["verdict"]) for each in payloads] == [
        (f"{orders}:1", "pass"), (f"{orders}:2", "fail"), (f"{orders}:3", "pass"),
    ]  # fmt: skip


@pytest.mark.parametrize(("least", "code"), [("error", 0), ("warning", 0), ("info", 1)])
def test_the_least_severity_that_fails_can_be_chosen(orders: Path, least: str, code: int) -> None:
    assert checked(orders, {**ORDER, "type": "Ordered"}, options=("--fail-on", least))[0] == code


def test_the_contract_can_be_named(orders: Path) -> None:
    code, (payload,) = checked(orders, ORDER, options=("--contract", "product_viewed"))
    assert (code, payload["contract"]) == (1, "presets/product_viewed")
    assert {v["pointer"] for v in payload["violations"] if v["severity"] == "error"} == {"/type", "/action"}


def test_the_export_of_a_mock_is_judged_by_the_endpoints_of_its_records(orders: Path) -> None:
    with an_api() as api:
        record = api.send({**ORDER, "total": 5})
        orders.write_bytes(at(api.mock, "records", "--format", "ndjson").stdout_bytes)
    said = run("contracts", "check", orders, "--json")
    (payload,) = json.loads(said.stdout)["payloads"]
    assert said.exit_code == 1
    assert (payload["place"], payload["contract"]) == (f"{orders}, record {record}", "envelopes/batch_custom_event")


def test_standard_input_is_a_file_too() -> None:
    said = run("contracts", "check", "-", stdin=json.dumps([ORDER]))
    assert (said.exit_code, said.stdout.splitlines()) == (
        0, ["standard input: pass by envelopes/batch_custom_event", "1 payload: 1 pass."],
    )  # fmt: skip


def test_refused_records_are_not_judged(orders: Path) -> None:
    with an_api() as api:
        api.send(ORDER)
        refused = api.send(json=[7])
        exported = at(api.mock, "records", "--format", "ndjson").stdout_bytes
        page = at(api.mock, "records", "--json").stdout_bytes
    reason = "The mock refused it: 1 of 1 items are not objects."
    for text, place in ((exported, f"{orders}:2, record {refused}"), (page, f"{orders}, record {refused}")):
        orders.write_bytes(text)
        said = run("contracts", "check", orders, "--json")
        found = json.loads(said.stdout)
        assert said.exit_code == 4
        assert [payload["verdict"] for payload in found["payloads"]] == ["pass"]
        assert found["not_judged"] == [{"place": place, "reason": reason}]


def exported(**more: Any) -> dict[str, Any]:
    """A record or an item as the mock exports it."""
    return {"id": "19b7ca9907000000", "account": "shop", "received_at": "2026-01-02T03:04:05.678Z", **more}


@pytest.mark.parametrize(
    ("endpoint", "item", "contract"),
    [
        ("batch_custom_event", ORDER, "items/ecommerce_event"),
        ("batch_custom_event", SIGN_UP, "items/custom_event"),
        ("batch_custom_event", CONTACT, "items/custom_event"),
        ("batch_email_event", OPENED, "items/email_event"),
        ("batch_email_event", ORDER, "items/email_event"),
        ("batch_upsert_contact", ORDER, "items/upsert_contact"),
        ("batch_of_tomorrow", ORDER, "items/ecommerce_event"),
    ],
)
def test_exported_items_are_judged_by_the_endpoint_they_came_to(
    orders: Path, endpoint: str, item: dict[str, Any], contract: str
) -> None:
    shown = exported(endpoint=endpoint, item=item, id="19b7ca9907000000.1", record="19b7ca9907000000", index=1)
    for document in (shown, {"items": [shown], "dropped": 0, "next": None}):
        _, (payload,) = checked(orders, document)
        assert (payload["place"], payload["contract"]) == (f"{orders}, item 19b7ca9907000000.1", contract)


def test_tests_of_a_key_are_no_payloads(orders: Path) -> None:
    of_key = exported(endpoint="auth", accepted=True, refusal=None, item_count=None, items=[])
    assert checked(orders, of_key, ORDER)[1][0]["place"] == f"{orders}:2"
    empty = exported(endpoint="batch_custom_event", accepted=True, refusal=None, item_count=0, items=[])
    assert checked(orders, empty)[1][0]["verdict"] == "fail"
    orders.write_text(json.dumps(of_key))
    said = run("contracts", "check", orders)
    assert (said.exit_code, said.stderr) == (2, f"mockodp: {orders} holds no payload.\n")


def test_what_cannot_be_judged_does_not_hide_the_others(orders: Path) -> None:
    lines = [json.dumps(ORDER), '{"a": 1}', '{"b":', "[" * 300 + "]" * 300, "", json.dumps({**ORDER, "total": 5})]
    orders.write_text("\n".join(lines))
    said = run("contracts", "check", orders)
    shown = said.stdout.splitlines()
    assert said.exit_code == 1
    assert shown[0].startswith(f"{orders}:2: not judged: Its shape does not tell which contract it is meant for. Give ")
    assert shown[1].startswith(f"{orders}:3: not judged: The line is not JSON: ")
    assert f"{orders}:6: fail by items/ecommerce_event" in shown
    assert shown[-1].startswith("5 payloads: 1 pass, 1 fail, 3 not judged. 1 error")
    orders.write_text("\n".join(lines[:2]))
    assert run("contracts", "check", orders).exit_code == 4


@pytest.mark.parametrize("levels", [260, 2000])
def test_a_payload_nested_too_deep_is_not_judged(orders: Path, levels: int) -> None:
    deep = '{"data": ' * levels + "1" + "}" * levels
    orders.write_text(f'{json.dumps(ORDER)}\n{{"user_identifiers": {{}}, "data": {deep}}}')
    code, said = (
        run("contracts", "check", orders, "--json").exit_code,
        run("contracts", "check", orders, "--json").stdout,
    )
    (untold,) = json.loads(said)["not_judged"]
    assert (code, untold["place"]) == (4, f"{orders}:2")


@pytest.mark.parametrize(
    ("document", "contract", "places"),
    [
        ([ORDER, {**ORDER, "total": 5}], "items/ecommerce_event", ["[0]", "[1]"]),
        ([ORDER, ORDER], "presets/order_completed", ["[0]", "[1]"]),
        ([VIEWED], "source/product_viewed", ["[0]"]),
        ([ORDER], "envelopes/batch_custom_event", [""]),
        ([{"type": "order", "action": "purchase", "identifiers": ADA}], "rest/events", [""]),
        (ORDER, "items/ecommerce_event", [""]),
    ],
)
def test_the_contract_of_an_item_is_asked_of_each_item(
    orders: Path, document: Any, contract: str, places: list[str]
) -> None:
    _, payloads = checked(orders, document, options=("--contract", contract))
    assert [payload["place"] for payload in payloads] == [f"{orders}{place}" for place in places]
    assert {payload["contract"] for payload in payloads} == {contract}
    _, payloads = checked(orders, CONTACT, document, options=("--contract", contract))
    assert [payload["place"] for payload in payloads[1:]] == [f"{orders}:2{place}" for place in places]


def test_an_array_that_is_no_batch_is_taken_item_by_item(orders: Path) -> None:
    code, said = report(orders, [VIEWED, 7, [ORDER]])
    assert code == 4
    assert [(each["place"], each["contract"]) for each in said["payloads"]] == [
        (f"{orders}[0]", "source/product_viewed"), (f"{orders}[2]", "envelopes/batch_custom_event"),
    ]  # fmt: skip
    assert [each["place"] for each in said["not_judged"]] == [f"{orders}[1]"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "Its shape does not tell which contract it is meant for. Give --contract ID; "
             "'mockodp contracts list' names them."),
        (("--contract", "email_event"), "An empty array has no item to hold to items/email_event."),
    ],
)  # fmt: skip
def test_an_empty_array_is_not_judged(orders: Path, options: tuple[str, ...], reason: str) -> None:
    assert report(orders, [], options=options) == (
        4, {"payloads": [], "not_judged": [{"place": str(orders), "reason": reason}]},
    )  # fmt: skip


def test_an_item_held_to_the_contract_of_a_batch_is_told(orders: Path) -> None:
    code, (payload,) = checked(orders, ORDER, options=("--contract", "batch_custom_event"))
    (violation,) = payload["violations"]
    assert (code, violation["pointer"], violation["rule"]) == (1, "", "wrong-type")
    assert violation["hint"] == (
        "envelopes/batch_custom_event is the contract of a batch: put the item into an array."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contract", "document", "hints"),
    [
        ("items/email_event", {**OPENED, "campaign": 7},
         {"Map the field to a value of that type, or convert it in the mapping."}),
        ("source/track", {**VIEWED, "event": 7}, {"Compare it with: mockodp contracts examples source/track"}),
        ("answers/written", 7, {"Compare it with: mockodp contracts examples answers/written"}),
        ("items/email_event", 7, {"Compare it with: mockodp contracts examples items/email_event"}),
    ],
)  # fmt: skip
def test_only_members_of_requests_are_told_to_be_mapped(
    orders: Path, contract: str, document: Any, hints: set[str]
) -> None:
    _, (payload,) = checked(orders, document, options=("--contract", contract))
    assert {violation["hint"] for violation in payload["violations"] if violation["severity"] == "error"} == hints


def test_what_two_contracts_ask_alike_is_told_once(orders: Path) -> None:
    _, (payload,) = checked(orders, {**ORDER, "products": 7}, options=("--contract", "order_completed"))
    told = [(each["rule"], each["pointer"], each["expected"]) for each in payload["violations"]]
    assert told.count(("wrong-type", "/products", "an array")) == 1
    assert len(told) == len(set(told))


def test_several_files_are_judged_together(orders: Path, tmp_path: Path) -> None:
    orders.write_text(json.dumps({**ORDER, "total": 5}))
    contact, unknown = tmp_path / "contact.json", tmp_path / "unknown.json"
    contact.write_text(json.dumps(CONTACT))
    unknown.write_text("{}")
    said = run("contracts", "check", orders, contact, unknown)
    assert said.exit_code == 1
    assert said.stdout.splitlines() == [
        f"{orders}: fail by items/ecommerce_event",
        "  error   /total: expected a text, was 5 [wrong-type]",
        "          Map the field to a value of that type, or convert it in the mapping.",
        f"{unknown}: not judged: Its shape does not tell which contract it is meant for. Give --contract ID; "
        "'mockodp contracts list' names them.",
        "3 payloads: 1 pass, 1 fail, 1 not judged. 1 error.",
    ]
    assert f"{contact}: pass by items/upsert_contact" in run("contracts", "check", orders, contact, "--all").stdout
    quiet = run("contracts", "check", "--quiet", orders, contact, unknown)
    assert (quiet.exit_code, quiet.stdout) == (1, "3 payloads: 1 pass, 1 fail, 1 not judged. 1 error.\n")


def test_of_many_payloads_those_with_warnings_are_shown(orders: Path) -> None:
    warned, informed = {**ORDER, "total": ""}, {**ORDER, "type": "Ordered", "action": "again"}
    orders.write_text("\n".join(json.dumps(each) for each in (ORDER, warned, informed)))
    said = run("contracts", "check", orders).stdout
    assert (f"{orders}:2: pass" in said, f"{orders}:3: pass" in said) == (True, False)
    assert said.endswith("3 payloads: 3 pass. 1 warning, 1 info.\n")
    strict = run("contracts", "check", orders, "--fail-on", "info")
    assert (strict.exit_code, f"{orders}:3: pass" in strict.stdout) == (1, True)
    assert strict.stdout.endswith("3 payloads: 3 pass. 1 warning, 1 info. By --fail-on info 2 fail.\n")


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ('{"total": "1", "total": "2"}', "total", "the object"),
        ('[{"a": {"b": {"c": 1}}}, {"data": {"x": [1, {"y\\u003a": 1, "y:": 2}]}}]', "y:",
         'the object at "/1/data/x/1"'),
    ],
)  # fmt: skip
def test_a_name_that_stands_twice_is_told_with_its_place(orders: Path, text: str, name: str, where: str) -> None:
    orders.write_text(f"{json.dumps(ORDER)}\n{text}")
    said = run("contracts", "check", orders, "--json")
    assert said.exit_code == 4
    assert json.loads(said.stdout)["not_judged"] == [
        {
            "place": f"{orders}:2",
            "reason": f'The name "{name}" stands twice in {where}. The mock refuses that with 400.',
        }
    ]


def test_a_lost_member_may_be_nested_too_deep_to_be_named(orders: Path) -> None:
    deep = "[" * 1010 + "]" * 1010
    orders.write_text(f'{{"user_identifiers": {deep}, "user_identifiers": {{}}}}')
    said = json.loads(run("contracts", "check", orders, "--json").stdout)
    assert said["not_judged"][0]["reason"] == "A name stands twice in an object. The mock refuses that with 400."


def test_what_was_not_looked_at_is_told(orders: Path) -> None:
    orders.write_text(json.dumps([{**CONTACT, "total": [[]] * 60_000, "age": "old"}]))
    said = run("contracts", "check", orders, "--contract", "upsert_contact")
    assert said.exit_code == 1
    assert " more values were not looked at.\n" in said.stdout


def test_colons_in_texts_and_blanks_are_no_doubled_names(orders: Path) -> None:
    orders.write_text('{ "user_identifiers" : {"email":"ada@example.test"}, "name": "a\\u003ab:c\\\\u003a" }')
    said = run("contracts", "check", orders, "--json")
    assert (said.exit_code, json.loads(said.stdout)["not_judged"]) == (0, [])


def test_many_lines_take_seconds(orders: Path) -> None:
    orders.write_text(f"{json.dumps(ORDER)}\n" * 20_000)
    started = time.process_time()
    said = run("contracts", "check", orders)
    assert said.stdout == "20,000 payloads: 20,000 pass.\n"
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON: "),
        ('{"a": 1', "is not JSON: "),
        ('{\n  "a": 1,\n}', "is not JSON: "),
        ("", "holds no payload."),
        (" \n\n", "holds no payload."),
        ('{"records": [], "dropped": 0, "next": null}', "holds no payload."),
    ],
)
def test_a_file_that_cannot_be_judged_is_wrong_use(orders: Path, text: str, words: str) -> None:
    orders.write_text(text)
    said = run("contracts", "check", orders)
    assert said.exit_code == 2
    assert words in said.stderr


def test_a_byte_order_mark_is_skipped(orders: Path) -> None:
    orders.write_text(json.dumps(ORDER), encoding="utf-8-sig")
    assert run("contracts", "check", orders).exit_code == 0


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("utf-16", "is not UTF-8 but UTF-16, as it seems."),
        ("utf-16-be", "is not UTF-8 but UTF-16, as it seems."),
        ("latin-1", "is not UTF-8: byte 0xe4 in line 2."),
    ],
)
def test_another_encoding_is_told(orders: Path, encoding: str, words: str) -> None:
    orders.write_text(f'{json.dumps(ORDER)}\n{{"name": "K\u00e4the"}}', encoding=encoding)
    said = run("contracts", "check", orders)
    assert (said.exit_code, said.stderr) == (2, f"mockodp: {orders} {words} Save it as UTF-8.\n")


def test_a_file_that_is_not_there_is_told(orders: Path) -> None:
    said = run("contracts", "check", orders)
    assert said.exit_code == 3
    assert said.stderr == f"mockodp: {str(orders)!r} cannot be read: No such file or directory.\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("email_evnt", "'email_evnt' is not a contract. Near: items/email_event"),
        ("zzz", f"'zzz' is not a contract. 'mockodp contracts list' names all {len(catalog().names)}."),
    ],
)
def test_an_unknown_contract_is_told_with_near_names(name: str, words: str) -> None:
    said = run("contracts", "show", name)
    assert said.exit_code == 2
    assert words in said.stderr


@pytest.mark.parametrize(
    ("document", "contract"),
    [
        ({**CONTACT, "timestamp": "2026", "total": 5, "data": {"a": 1}}, "items/upsert_contact"),
        ([CONTACT, {**CONTACT, "total": 5}], "envelopes/batch_upsert_contact"),
        ([ORDER, CONTACT], None),
    ],
)
def test_traits_make_no_event_of_a_contact_and_a_mixture_is_no_batch(document: Any, contract: str | None) -> None:
    assert recognised(catalog(), document) == contract
