"""``mockodp contracts``: list, show, examples, check. Needs no running mock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from mockodp_contracts import catalog

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


def checked(file: Path, *documents: Any, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the JSON of a check of *documents*, one a line."""
    file.write_text("\n".join(json.dumps(document) for document in documents))
    said = run("contracts", "check", file, "--json", *options)
    return said.exit_code, json.loads(said.stdout)["payloads"]


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
    assert 'user_identifiers                  required ["email"]' in said
    assert "error   timestamp-malformed: The time of an event is ISO 8601. [docs]" in said


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
    assert (said.exit_code, said.stdout) == (0, "standard input: pass by envelopes/batch_custom_event\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON: "),
        ("", "is not JSON: "),
        ('{"a": 1}\n{"b":', "is neither JSON nor NDJSON: line 2: "),
        ('{"a": 1}', "its shape does not tell which contract it is meant for. Give --contract ID"),
        ("[]", "its shape does not tell which contract it is meant for. Give --contract ID"),
        ("7", "its shape does not tell which contract it is meant for. Give --contract ID"),
    ],
)
def test_a_file_that_cannot_be_judged_is_wrong_use(orders: Path, text: str, words: str) -> None:
    orders.write_text(text)
    said = run("contracts", "check", orders)
    assert said.exit_code == 2
    assert words in said.stderr


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
