"""Every request is judged by the contract of its endpoint; the verdict stands beside the record."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mockodp_contracts import Severity
from mockodp_contracts.explained import NOT_LOOKED_AT
from mockodp_contracts.judging import Finding

from mockodp.ingest import Ingest
from mockodp.journal import RowFilter, SqliteJournal
from mockodp.judgement import Judgement
from mockodp.keys import Keyring
from mockodp.log import Log
from mockodp.records import RecordIds
from mockodp.settings import Settings
from tests.mockodp.commands import at
from tests.mockodp.control_api import Api, an_api
from tests.mockodp.records import a_record, a_request

ADA = {"email": "ada@example.test"}
ORDER = {
    "user_identifiers": ADA, "type": "order", "action": "purchase", "timestamp": "2026-01-02T03:04:05.678Z",
    "order_id": "O-1", "total": "27.5", "products": [{"product_id": "P-1", "qty": 1}],
}  # fmt: skip
OPENED = {
    "type": "email", "action": "open", "campaign": "Spring", "user_identifiers": ADA, "campaign_event_value": None,
    "timestamp": "2026-01-02T03:04:05.678Z",
}  # fmt: skip
WRONG_TOTAL = {**ORDER, "total": 27.5}


@pytest.fixture
def api() -> Iterator[Api]:
    with an_api() as api:
        yield api


@pytest.mark.parametrize(
    ("endpoint", "items", "verdict", "rules"),
    [
        ("batch_custom_event", [ORDER], "pass", []),
        ("batch_custom_event", [ORDER, WRONG_TOTAL], "fail", ["wrong-type"]),
        ("batch_custom_event", [], "fail", ["too-short"]),
        ("batch_email_event", [OPENED], "pass", []),
        ("batch_email_event", [ORDER], "fail", ["wrong-constant", "missing-member", "unknown-member"]),
        ("batch_upsert_contact", [{"user_identifiers": ADA, "vip": True}], "pass", []),
        ("batch_upsert_contact", [{"user_identifiers": {}, "age": None, "vip": True}], "fail",
         ["no-identifier", "age-null"]),
        ("batch_upsert_contact", [{"user_identifiers": ADA, "address": {}}], "pass",
         ["address-empty", "contact-says-nothing"]),
    ],
)  # fmt: skip
def test_a_batch_is_judged_by_the_contract_of_its_endpoint(
    api: Api, endpoint: str, items: list[Any], verdict: str, rules: list[str]
) -> None:
    record = api.get(f"/records/{api.send(*items, endpoint=endpoint, json=items)}")
    assert (record["status"], record["accepted"]) == (201, True)
    assert (record["verdict"], record["contract"]) == (verdict, f"envelopes/{endpoint}")
    assert sorted(record["broken_rules"]) == sorted(rules)
    assert sorted({violation["rule"] for violation in record["violations"]}) == sorted(rules)


def test_a_violation_says_what_was_expected_what_came_how_sure_it_is_and_what_to_do(api: Api) -> None:
    record = api.get(f"/records/{api.send(ORDER, WRONG_TOTAL)}")
    assert record["violation_counts"] == {"error": 1, "warning": 0, "info": 0}
    assert record["violations"] == [
        {
            "rule": "wrong-type",
            "severity": "error",
            "pointer": "/1/total",
            "expected": "a text",
            "came": "27.5",
            "evidence": "observed",
            "hint": "Map the field to a value of that type, or convert it in the mapping.",
            "contract": "items/ecommerce_event",
        }
    ]


def test_an_item_has_a_verdict_of_its_own_with_pointers_into_the_item(api: Api) -> None:
    record = api.send(ORDER, WRONG_TOTAL)
    good, bad = api.get("/items")["items"]
    assert (good["verdict"], good["violations"]) == ("pass", [])
    assert (bad["verdict"], [v["pointer"] for v in bad["violations"]]) == ("fail", ["/total"])
    assert api.get(f"/items/{record}.1") == bad


def test_items_are_found_by_their_own_verdict_and_rule(api: Api) -> None:
    api.send(ORDER, WRONG_TOTAL)
    api.send({**ORDER, "type": "Ordered"})

    def found(**filters: str) -> list[str]:
        return [item["id"].rpartition(".")[2] for item in api.get("/items", **filters)["items"]]

    assert found(verdict="fail") == ["1"]
    assert found(verdict="pass") == ["0", "0"]
    assert found(rule="wrong-type") == ["1"]
    assert found(rule="type-not-standard", verdict="pass") == ["0"]
    assert found(rule="type-not-standard", verdict="fail") == []
    assert len(api.get("/records", rule="type-not-standard")["records"]) == 1


def test_what_could_not_be_decoded_and_what_has_no_body_has_no_verdict(api: Api) -> None:
    undecodable = api.get(f"/records/{api.send(json={})}")
    asked = api.get(f"/records/{api.send(endpoint='auth', content=b'')}")
    for record in (undecodable, asked):
        assert (record["verdict"], record["violation_counts"]) == (None, None)
        assert (record["contract"], record["violations"], record["broken_rules"]) == (None, [], [])


def test_strict_answers_400_with_the_violations_and_keeps_them() -> None:
    with an_api(strict=True) as api:
        record = api.get(f"/records/{api.send(ORDER, WRONG_TOTAL)}")
        assert (record["status"], record["accepted"], record["verdict"]) == (400, False, "fail")
        assert record["refusal"]["code"] == "contract_broken"
        assert record["answer"]["detail"]["invalids"] == [
            {
                "event": 1,
                "message": "/1/total: expected a text, was 27.5 [wrong-type]",
                "rule": "wrong-type",
                "pointer": "/1/total",
            }
        ]
        assert [violation["pointer"] for violation in record["violations"]] == ["/1/total"]


def test_strict_takes_what_only_warns() -> None:
    with an_api(strict=True) as api:
        record = api.get(f"/records/{api.send({**ORDER, 'products': [{'qty': 1}]})}")
        assert (record["status"], record["verdict"]) == (201, "pass")
        assert record["broken_rules"] == ["product-without-id"]


def test_a_secret_in_a_body_is_not_shown_by_its_violation(api: Api) -> None:
    record = api.get(f"/records/{api.send({**ORDER, 'api_key': 'hush', 'data': {'password': 'hush'}})}")
    assert "hush" not in str(record["violations"])


def test_the_time_of_arrival_decides_what_is_in_the_future(api: Api) -> None:
    record = api.get(f"/records/{api.send({**ORDER, 'timestamp': '2996-01-02T03:04:05.678Z'})}")
    assert (record["verdict"], record["broken_rules"]) == ("pass", ["timestamp-in-future"])


def test_verdicts_are_counted(api: Api) -> None:
    api.send(ORDER)
    api.send(WRONG_TOTAL)
    counted = api("GET", "/metrics").text
    assert 'mockodp_judged_total{verdict="fail"} 1' in counted
    assert 'mockodp_judged_total{verdict="pass"} 1' in counted


def test_the_log_says_why() -> None:
    stream = io.StringIO()
    ingest = Ingest(Settings(), Keyring(), RecordIds())
    for items in ([ORDER], [{**WRONG_TOTAL, "a": 1, "b": 2, "c\x1b": 3, "type": "Ordered"}]):
        received = a_request(items)
        Log("requests", stream).request(ingest(received, 0), received)
    first, second, *reasons = stream.getvalue().splitlines()
    assert first.endswith("  pass")
    assert second.endswith("  fail (4 errors, 1 info)")
    assert [reason.strip() for reason in reasons[:2]] == [
        """error /0/a: expected no member "a", was 1 [unknown-member]""",
        """error /0/b: expected no member "b", was 2 [unknown-member]""",
    ]
    assert reasons[3].strip().startswith("and 1 more: mockodp show ")
    assert "\x1b" not in stream.getvalue()


def test_show_tells_the_verdict_place_by_place(api: Api) -> None:
    record = api.send(ORDER, WRONG_TOTAL)
    for shown in (record, f"{record}.1"):
        said = at(api.mock, "show", shown).stdout
        assert "/total: expected a text, was 27.5 [wrong-type, observed]" in said
        assert "Map the field to a value of that type" in said
    assert "verdict   fail by envelopes/batch_custom_event" in at(api.mock, "show", record).stdout


def test_a_judgement_survives_being_kept() -> None:
    finding = Finding("urn:mockodp:rules/no-identifier", "/user_identifiers", (0, 7), "no-identifier", Severity.ERROR)
    whole = Finding("urn:mockodp:envelopes/batch_email_event#/minItems", "", None, "too-short", Severity.ERROR)
    cut = Finding("urn:mockodp:envelopes/batch_email_event#", "", None, NOT_LOOKED_AT, Severity.ERROR)
    judgement = Judgement("envelopes/batch_email_event", (finding, whole, cut), 3)
    assert Judgement.unpacked(judgement.packed(), "") == judgement
    assert Judgement("items/custom_event").packed() is None
    assert Judgement.unpacked(None, "items/custom_event") == Judgement("items/custom_event")
    assert judgement.counts() == {"error": 4, "warning": 0, "info": 0}
    assert judgement.counted() == "4 errors"
    assert judgement.of_item(7).findings == (finding._replace(items=None), cut)
    assert judgement.of_item(1).word == "fail"  # not all of it was looked at


def test_a_finding_of_another_version_is_told_as_far_as_it_goes() -> None:
    gone = Finding("urn:mockodp:items/custom_event#/properties/gone/type", "/gone", (0,), "wrong-type", Severity.ERROR)
    (violation,) = Judgement("envelopes/batch_custom_event", (gone,)).violations([{"gone": 5}])
    assert (violation.rule, violation.pointer, violation.came) == ("wrong-type", "/0/gone", "5")
    assert "another version" in violation.expected


def test_a_store_of_the_version_before_verdicts_is_taken_over(tmp_path: Path) -> None:
    store = tmp_path / "journal.db"
    journal = SqliteJournal(str(store))
    journal.append([journal.pack(a_record("shop"))])
    journal.close()
    old = sqlite3.connect(store)
    old.executescript(
        "ALTER TABLE records DROP COLUMN judgement; ALTER TABLE records DROP COLUMN faults; PRAGMA user_version = 1;"
    )
    old.close()
    journal = SqliteJournal(str(store))
    nobody = Finding("urn:mockodp:rules/no-identifier", "/user_identifiers", (0,), "no-identifier", Severity.ERROR)
    judgement = Judgement("envelopes/batch_custom_event", (nobody,))
    judged = a_record("shop", verdict="fail", packed_judgement=judgement.packed())
    journal.append([journal.pack(judged)])
    found = journal.scan(RowFilter(), after=None, descending=False, limit=9)
    assert [record.judgement for record in found] == [None, judgement]
    assert found[1] == judged
    journal.close()


def test_a_rule_that_is_none_is_refused_with_those_there_are(api: Api) -> None:
    refused = api.refused(400, "GET", "/records", params={"rule": "wrong-tyep"})
    assert refused["message"].startswith("Parameter 'rule' is 'wrong-tyep', expected one of: action-not-standard, ")
    assert "wrong-type" in refused["message"]


def test_a_strict_refusal_is_logged_violation_by_violation() -> None:
    stream = io.StringIO()
    received = a_request([{**WRONG_TOTAL, "a": 1}])
    Log("requests", stream).request(Ingest(Settings(strict=True), Keyring(), RecordIds())(received, 0), received)
    assert [line.strip() for line in stream.getvalue().splitlines()[1:]] == [
        'error /0/a: expected no member "a", was 1 [unknown-member]',
        "error /0/total: expected a text, was 27.5 [wrong-type]",
    ]
