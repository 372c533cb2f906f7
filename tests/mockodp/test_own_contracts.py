"""What the mock writes for others keeps its contracts, and nothing stands in it that its contract does not name."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from mockodp_contracts import Evidence, Severity, catalog, judge
from mockodp_contracts.catalogue import DIRECTIONS, URN
from mockodp_contracts.constraints import constraints

from mockodp import shapes
from mockodp.components import component_name, components
from mockodp.fidelity import every_rule
from mockodp.openapi import description
from mockodp.regions import Region
from mockodp.routes import ROUTES
from tests.docs.written import DOCS
from tests.mockodp.commands import a_server, at, run
from tests.mockodp.control_api import Api, an_api
from tests.mockodp.test_verification import Desk
from tests.mockodp.test_verification import run as play
from tests.mockodp.wire import Wire, request

OWN: Final = tuple(name for name in catalog().names if name.startswith("own/"))

ADA = {"email": "ada@example.test"}
ORDER = {
    "user_identifiers": ADA, "type": "order", "action": "purchase", "timestamp": "2026-01-02T03:04:05.678Z",
    "order_id": "O-1", "total": "27.5", "products": [{"product_id": "P-1", "qty": 1}],
}  # fmt: skip
REFUSED: Final = {
    "undecodable_body", "unsupported_media", "too_large", "unknown_path", "wrong_region", "method_not_allowed",
    "body_incomplete", "contract_broken",
}  # fmt: skip
"""Every kind of refusal that a record may tell of; those without a test key leave no record."""

WRONG_TOTAL = {**ORDER, "total": 27.5}
NO_PRODUCT_ID = {**ORDER, "products": [{"qty": 1}]}
FUTURE = {**ORDER, "timestamp": "2996-01-02T03:04:05.678Z", "type": "Ordered"}
CONTACT = {"user_identifiers": ADA, "address": {}}


# -- what is named ------------------------------------------------------------------------------------------------


def unnamed(value: Any, contract: str) -> list[str]:
    """Pointers to the members of *value* that *contract* does not name; free objects aside."""
    return sorted(_unnamed(value, [catalog()[contract].schema], ""))


def _unnamed(value: Any, schemas: list[Mapping[str, Any]], pointer: str) -> Iterator[str]:
    """*schemas* all hold at *pointer*; where none of them names a member the object is a payload, and free."""
    schemas = [inner for schema in schemas for inner in _with_parts(schema)]
    if isinstance(value, list):
        inner = [schema["items"] for schema in schemas if "items" in schema]
        for index, each in enumerate(value):
            yield from _unnamed(each, inner, f"{pointer}/{index}")
    elif isinstance(value, dict) and any("properties" in schema for schema in schemas):
        for name, member in value.items():
            inner = [schema["properties"][name] for schema in schemas if name in schema.get("properties", {})]
            if inner:
                yield from _unnamed(member, inner, f"{pointer}/{name}")
            else:
                yield f"{pointer}/{name}"


def _with_parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and those it refers to for the same value."""
    yield schema
    parts = [*schema.get("allOf", ()), *(schema[name] for name in ("then", "else") if name in schema)]
    if "$ref" in schema:
        parts.append(catalog()[schema["$ref"].removeprefix(URN)].schema)
    for part in parts:
        yield from _with_parts(part)


def keeps(value: Any, contract: str) -> Any:
    """*value*, which must keep *contract* and hold nothing that it does not name."""
    verdict = judge(value, contract)
    assert [str(violation) for violation in verdict.violations] == []
    assert unnamed(value, contract) == []
    return value


def test_a_member_that_no_contract_names_is_found() -> None:
    record = catalog()["own/whole_record"].good[0].value
    assert unnamed(record, "own/whole_record") == []
    assert unnamed({**record, "colour": 1, "items": [{"colour": 1}], "answer": {"colour": 1}}, "own/whole_record") == [
        "/colour"
    ]
    assert unnamed({"records": [record], "dropped": 0, "next": None}, "own/records") == [
        f"/records/0/{name}" for name in ("answer", "body", "contract", "curl", "headers", "violations")
    ]
    violated = {"contract": "items/email_event", "violations": [{"rule": "wrong-type", "weight": 1}]}
    assert unnamed(violated, "own/verdict") == ["/violations/0/weight"]


def test_the_reports_are_open_for_members_to_come() -> None:
    for name in OWN:
        assert catalog()[name].direction == "report"
        assert "additionalProperties" not in json.dumps(catalog()[name].schema)
        for example in catalog()[name].good:
            if name != "own/contract_list":
                assert judge({**example.value, "of_a_later_version": 1}, name).passed


# -- answers of the control API -----------------------------------------------------------------------------------


@pytest.fixture
def api() -> Iterator[Api]:
    with an_api() as api:
        yield api


def every_record_of(api: Api) -> list[dict[str, Any]]:
    """All records as a listing shows them, each in full as well, all items, and the live stream and exports of them."""
    page = keeps(api.get("/records"), "own/records")
    for record in page["records"]:
        whole = keeps(api.get(f"/records/{record['id']}"), "own/whole_record")
        assert {name: whole[name] for name in record} == record
    exported = [keeps(json.loads(line), "own/record") for line in api("GET", "/records.ndjson").text.splitlines()]
    assert exported == page["records"]
    streamed = [keeps(json.loads(event), "own/record") for event in stream(api, len(exported))]
    assert streamed == exported
    for item in keeps(api.get("/items"), "own/items")["items"]:
        assert keeps(api.get(f"/items/{item['id']}"), "own/item") == item
    return list(page["records"])


def stream(api: Api, count: int) -> list[str]:
    """The data of so many events."""
    token = {"authorization": f"Bearer {api.mock.token}"}
    found: list[str] = []
    with api.http.stream("GET", "/_mock/stream", params={"after": "0" * 16}, headers=token) as answer:
        for line in answer.iter_lines():
            found += [line.removeprefix("data: ")] if line.startswith("data: ") else []
            if len(found) == count:
                return found
    raise EOFError


def test_accepted_records_judged_and_not_judged(api: Api) -> None:
    api.send(ORDER)
    api.send(ORDER, WRONG_TOTAL, NO_PRODUCT_ID, FUTURE, {})
    api.send(CONTACT, endpoint="batch_upsert_contact", region="eu")
    api.send({**ORDER, "type": "email"}, endpoint="batch_email_event", region="au")
    api.send(json=[])
    api.send(endpoint="auth", content=b"")
    found = every_record_of(api)
    assert {record["verdict"] for record in found} == {"pass", "fail", None}
    assert all(record["accepted"] for record in found)


def test_refused_records(api: Api) -> None:
    api.send(ORDER, 7)
    api.send(json={})
    for body, more in (
        (b"\xff", {}),
        (b'[{"total": 1, "total": 2}]', {}),
        (b'{"total": 1, "total": 2}', {}),
        (b"[]", {"content-encoding": "br"}),
        (b"no gzip", {"content-encoding": "gzip"}),
        (b"[]", {"content-type": "text/plain"}),
    ):
        post(api, body, **more)
    api.send(*[ORDER] * 501)
    api.send(ORDER, endpoint="batch_order_event")
    api.send(ORDER, account="shop-au1", region="eu")
    api.http.get("/twilio_segment/auth?token=hush", headers={"authorization": "Bearer odp_test_shop"})
    with Wire(api.mock) as wire:
        wire.send(request(length=50))
        wire.end()
        assert wire.is_closed()
    while not api.get("/records", account="wire")["records"]:
        continue  # what broke off is recorded behind the close
    found = every_record_of(api)
    assert not any(record["accepted"] for record in found)
    assert {record["refusal"]["code"] for record in found} == REFUSED - {"contract_broken"}


def post(api: Api, body: bytes, **headers: str) -> None:
    known = {"authorization": "Bearer odp_test_shop", "content-type": "application/json"}
    api.http.post("/twilio_segment/batch_custom_event", content=body, headers={**known, **headers})


def test_records_of_a_strict_mock() -> None:
    with an_api(strict=True) as api:
        api.send(ORDER, WRONG_TOTAL)
        api.send(*[WRONG_TOTAL] * 120)
        api.send(json=[])
        api.send(NO_PRODUCT_ID)
        found = every_record_of(api)
    assert [record["accepted"] for record in found] == [False, False, False, True]
    assert [record["verdict"] for record in found] == ["fail", "fail", "fail", "pass"]


def test_a_batch_too_large_to_be_looked_at_in_full(api: Api) -> None:
    api.send({**ORDER, "total": list(range(30_000))})
    (record,) = every_record_of(api)
    assert record["verdict"] == "fail"


def test_pages_with_more_to_come(api: Api) -> None:
    api.send(ORDER, WRONG_TOTAL)
    record = api.send(ORDER)
    first = keeps(api.get("/records", limit=1, order="newest"), "own/records")
    assert first["next"] == record
    assert keeps(api.get("/items", limit=1), "own/items")["next"].endswith(".0")
    assert keeps(api.get("/records", account="nobody"), "own/records")["records"] == []


def test_accounts() -> None:
    with an_api(keep_records=2) as api:
        assert keeps(api.get("/accounts"), "own/accounts") == {"accounts": []}
        for wanted in ({}, {"name": "shop"}, {"name": "shop", "region": "eu"}):
            opened = api("POST", "/accounts", json=wanted)
            assert opened.status_code == 201
            name = keeps(opened.json(), "own/opened_account")["name"]
            keeps(api.get(f"/accounts/{name}"), "own/account")
        for _ in range(4):
            api.send(ORDER)
        assert keeps(api.get("/accounts/shop"), "own/account")["dropped"]["records"] == 2
        assert keeps(api.get("/records"), "own/records")["dropped"] == 2
        assert len(keeps(api.get("/accounts"), "own/accounts")["accounts"]) == 3
        assert keeps(json.loads(at(api.mock, "accounts", "--json").stdout), "own/accounts") == api.get("/accounts")
        for forgotten in (2, 0):
            assert keeps(api("DELETE", "/accounts/shop").json(), "own/reset")["forgotten"] == forgotten


def test_faults_and_what_they_touched() -> None:
    with an_api(fault_member="mockodp_fault") as api:
        assert keeps(api.get("/faults"), "own/faults") == {"faults": []}
        assert keeps(api.get("/faults/check"), "own/fault_check")["verdict"] == "fail"
        keeps(api.get("/faults/presets"), "own/fault_presets")
        for wanted in ({"account": "shop", "preset": "429-storm"}, [{"account": "*", "effect": {"delay": "1ms"}}] * 2):
            armed = api("POST", "/faults", json=wanted)
            assert armed.status_code == 201
            keeps(armed.json(), "own/faults")
        for item in (ORDER, {**ORDER, "data": {"mockodp_fault": {"status": 9}}}):
            api.send(item)
        assert api("DELETE", "/faults/f1").status_code == 200
        api.send({**ORDER, "data": {"mockodp_fault": {"status": 9}}})
        every_record_of(api)
        assert [len(record["faults"]) for record in api.get("/records")["records"]] == [3, 3, 3]
        for account in ({}, {"account": "shop"}, {"account": "nobody"}):
            keeps(api.get("/faults", **account), "own/faults")
            keeps(api.get("/faults/check", **account), "own/fault_check")
        keeps(api.get("/faults/f2"), "own/fault")
        keeps(api("DELETE", "/faults/f2").json(), "own/fault")
        assert len(keeps(api("DELETE", "/faults", params={"account": "*"}).json(), "own/faults")["faults"]) == 1
        for told in ({"freeze": True}, {"advance": "4h"}, {"freeze": False}, {"reset": True}):
            keeps(api("POST", "/clock", json={"account": "shop", **told}).json(), "own/clock")
        keeps(api.get("/clock", account="shop"), "own/clock")
        assert keeps(api("DELETE", "/accounts/shop").json(), "own/reset")["disarmed"] == 0


@pytest.mark.parametrize(
    ("wanted", "verdict", "part"),
    [
        ({"match": {"total": "27.5"}, "count": 2}, "pass", ""),
        ({"match": {"total": "1"}, "count": {"at_least": 1, "at_most": 3}}, "fail", "1 to 3"),
        ({"match": {"coupon": "SPRING", "products": []}}, "fail", "expected 0 items"),
        ({"match": {"products": [{"qty": {"a/b~c": 1}}]}}, "fail", "/products/0/qty"),
        ({"schema": {"required": ["coupon"], "properties": {"a/b~c": {"type": "null"}}}}, "fail", "coupon"),
        ({"region": "eu", "endpoint": "batch_email_event"}, "fail", "came to 'us'"),
        ({"count": "none"}, "fail", '"none"'),
        ({"count": {"at_least": 9}}, "fail", "at least 9"),
        ({"count": {"at_most": 9}}, "pass", "at most 9"),
        ({"account": "nobody"}, "fail", "There is no account"),
        ({"expectations": [{"type": "Ordered"}, {"match": {"total": "27.5", "order_id": "O-1"}, "count": 2}],
          "ordered": True}, "fail", "came before"),
    ],
)  # fmt: skip
def test_verifications(api: Api, wanted: dict[str, Any], verdict: str, part: str) -> None:
    api.send(ORDER, {**WRONG_TOTAL, "a/b~c": 1})
    api.send({**ORDER, "type": "Ordered"})
    outcome = keeps(verified(api, **wanted), "own/verification")
    assert outcome["verdict"] == verdict
    assert part in json.dumps(outcome, ensure_ascii=False)


def verified(api: Api, **wanted: Any) -> Any:
    answer = api("POST", "/verify", json={"account": "shop", **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("late", [{}, {"endpoint": "auth", "body": b"", "items": None}], ids=["a-batch", "no-items"])
def test_a_verification_whose_quiet_is_broken(late: dict[str, Any]) -> None:
    async def scene(desk: Desk) -> Any:
        await desk.arrives(ORDER)
        waiting = asyncio.create_task(desk.verify(type="order", quiet="3000s"))
        await asyncio.sleep(0)
        await desk.arrives(*([] if late else [ORDER, ORDER]), **late)
        return (await waiting).shown()

    outcome = keeps(play(scene), "own/verification")
    assert (outcome["verdict"], len(outcome["extra"])) == ("fail", 1 if late else 2)


def test_a_verification_over_lost_records_and_one_of_a_refused_request() -> None:
    with an_api(keep_records=1) as api:
        api.send(ORDER)
        api.send(ORDER, 7)
        outcome = keeps(verified(api, match={"total": "27.5"}), "own/verification")
        assert (outcome["verdict"], outcome["dropped"]) == ("unknown", 1)


def test_what_the_mock_says_of_itself(api: Api) -> None:
    keeps(api.get("/fidelity"), "own/fidelity")
    keeps(api.get("/ready"), "own/ready")
    keeps(json.loads(run("fidelity", "--json").stdout), "own/fidelity")
    few = run("fidelity", "--json", "--kind", "rule", "--evidence", "client")
    keeps(json.loads(few.stdout), "own/fidelity")
    assert not [rule.name for rule in every_rule() if rule.name.startswith("own/")]  # they imitate nothing


def test_refused_calls(api: Api) -> None:
    refused = [
        api("GET", "/records", params={"colour": "red", "limit": 0}),
        api("POST", "/verify", json={"account": "shop", "within": "soon", "colour": "red"}),
        api("POST", "/verify", json=7),
        api("POST", "/verify", content=b"{"),
        api("POST", "/verify", content=b"{", headers={"content-type": "application/json"}),
        api("POST", "/accounts", content=b" " * (2**20 + 1), headers={"content-type": "application/json"}),
        api("GET", "/records/0123456789abcdef"),
        api("GET", "/record"),
        api("GET", "/verify"),
        api("GET", "/records", headers={"authorization": "Bearer wrong"}),
    ]
    assert [answer.status_code for answer in refused] == [400, 400, 400, 415, 400, 413, 404, 404, 405, 401]
    for answer in refused:
        assert keeps(answer.json(), "own/refused_call")["status"] == answer.status_code


# -- what commands write ------------------------------------------------------------------------------------------


def test_the_ready_line_and_the_locator(tmp_path: Path) -> None:
    with a_server(tmp_path) as (_, ready):
        assert keeps(json.loads(Path(ready["locator"]).read_text()), "own/ready_line") == keeps(ready, "own/ready_line")
    with a_server(tmp_path, "--tls-port", "-1", "--store", "journal.db") as (_, ready):
        keeps(ready, "own/ready_line")


@pytest.mark.parametrize(
    "payloads",
    [
        [ORDER],
        [WRONG_TOTAL],
        [[ORDER, WRONG_TOTAL, NO_PRODUCT_ID, FUTURE], [CONTACT]],
        [[]],
        [[{"total": [*range(30_000)], **NO_PRODUCT_ID}]],
    ],
    ids=["one", "a-broken-one", "lines", "an-empty-batch", "too-large"],
)
def test_the_report_on_checked_payloads(tmp_path: Path, payloads: list[Any]) -> None:
    file = tmp_path / "payloads.ndjson"
    file.write_text("\n".join(json.dumps(payload) for payload in payloads))
    said = run("contracts", "check", file, "--json", "--contract", "batch_custom_event").stdout
    report = keeps(json.loads(said), "own/check_report")
    assert len(report["payloads"]) == len(payloads)
    for payload in report["payloads"]:
        del payload["place"]
        keeps(payload, "own/verdict")
        assert [keeps(violation, "own/violation") for violation in payload["violations"]] == payload["violations"]


def test_the_report_on_the_mocks_own_export(api: Api, tmp_path: Path) -> None:
    api.send(ORDER, WRONG_TOTAL)
    api.send(CONTACT, endpoint="batch_upsert_contact")
    export = tmp_path / "export.ndjson"
    export.write_bytes(api("GET", "/records.ndjson").content)
    report = keeps(json.loads(run("contracts", "check", export, "--json").stdout), "own/check_report")
    assert [payload["verdict"] for payload in report["payloads"]] == ["fail", "pass"]


@pytest.mark.parametrize("direction", [(), *(("--direction", name) for name in DIRECTIONS)])
def test_the_list_of_contracts(direction: tuple[str, ...]) -> None:
    listed = keeps(json.loads(run("contracts", "list", "--json", *direction).stdout), "own/contract_list")
    assert listed["contracts"]


# -- one source ---------------------------------------------------------------------------------------------------


def asked_of(member: str, keyword: str) -> list[Any]:
    """What our own contracts ask of members of that name by *keyword*."""
    every = (one for name in OWN for one in constraints(catalog(), catalog()[name]))
    return [one.value for one in every if one.path[-1:] == (member,) and one.keyword == keyword]


@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("severity", {each.value for each in Severity}),
        ("evidence", {each.value for each in Evidence}),
        ("region", {each.value for each in Region}),
        ("endpoint", {route.endpoint for route in ROUTES}),
        ("direction", set(DIRECTIONS)),
        ("kind", {rule.kind for rule in every_rule()}),
        ("code", REFUSED),
    ],
)
def test_a_contract_knows_the_values_that_the_code_knows(member: str, values: set[str]) -> None:
    found = asked_of(member, "enum")
    assert found
    assert all(set(enum) - {None} == values for enum in found)


def test_what_is_read_from_an_answer_may_be_asked_for() -> None:
    """Ids and names have one pattern where they are written and where they are taken."""
    for member, asked in (
        ("record", (shapes.RECORD_ID,)),
        ("account", (shapes.NAME, shapes.ANY_ACCOUNT)),
        ("id", (shapes.RECORD_ID, shapes.ITEM_ID, shapes.FAULT_ID)),
    ):
        assert set(asked_of(member, "pattern")) == {schema["pattern"] for schema in asked}
    of_pages = "|".join(sorted(set(asked_of("next", "pattern"))))
    for cursor in ("19b7ca9907000000", "19b7ca9907000000.12", "9", "19b7ca9907000000."):
        assert bool(re.search(of_pages, cursor)) is bool(re.search(shapes.CURSOR["pattern"], cursor))


def test_the_description_has_the_contracts_of_answers_and_no_other() -> None:
    described = description()["components"]["schemas"]
    for name, schema in described.items():
        if contract := schema.get("x-contract"):
            assert component_name(contract) == name
            assert schema["examples"] == [example.value for example in catalog()[contract].good]
            assert schema["properties"].keys() == catalog()[contract].schema["properties"].keys()
    assert {name for name, schema in described.items() if "x-contract" not in schema} == {
        "WantedVerification", "WantedFault", "WantedTime",
    }  # fmt: skip
    text = orjson.dumps(description()).decode()
    assert URN not in text
    assert "x-evidence" not in orjson.dumps(described).decode()
    assert all(f"#/components/schemas/{name}" in text for name in described)


def test_the_page_on_the_control_api_names_contracts_that_there_are() -> None:
    named = set(re.findall(r"`(own/\w+)`", (DOCS / "control-api.md").read_text("utf-8")))
    assert named <= set(OWN)
    described = {
        schema["x-contract"] for schema in description()["components"]["schemas"].values() if "x-contract" in schema
    }
    parts = {"own/violation", "own/difference", "own/near_miss", "own/expectation", "own/verdict"}
    assert (described | set(OWN)) - named - parts == {"answers/refusal"}


def test_every_component_has_a_name_of_its_own() -> None:
    assert len(components(["answers/refusal", *OWN])) == len(OWN) + 1


def test_a_batch_is_described_with_its_contract_and_its_good_examples() -> None:
    for route in ROUTES:
        body = description()["paths"][f"/eu{route.path}"]["post"].get("requestBody")
        assert (body is not None) is route.takes_items is (route.contract is not None)
        if body is not None and route.contract is not None:
            assert body["x-contract"] == route.contract
            assert route.contract in body["description"]
            examples = body["content"]["application/json"]["examples"].values()
            assert [each["value"] for each in examples] == [e.value for e in catalog()[route.contract].good]
