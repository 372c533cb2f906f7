"""What stays true under a fault: record, log, counters, exports, clock."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockodp.journal import RowFilter, SqliteJournal
from mockodp.keys import Keyring
from mockodp.log import Log
from mockodp.metrics import metrics
from mockodp.mock import MockODP
from mockodp.records import answered_range
from mockodp.settings import Settings
from mockodp.shown import har
from tests.mockodp.faults.served import Served, a_mock, told
from tests.mockodp.records import a_record
from tests.mockodp.wire import GOOD_BODY, request

STORM = {"id": "f1", "name": "429-storm", "effect": "status 429", "answered": 429}


@pytest.fixture
def mock() -> Iterator[Served]:
    with a_mock() as mock:
        yield mock


def logged(mock: Served, *, wanted: str = "fault") -> str:
    """The log's line of the one struck request, without its time, id, verdict and columns."""
    (line,) = [line for line in mock.log if wanted in line]
    words = re.sub(r"  (pass|fail).*?(?=  |$)", "", re.sub(r"[0-9a-f]{16}", "ID", line.partition(" ")[2]))
    return re.sub(" +", " ", words)


def test_the_record_keeps_verdict_status_and_answer_that_would_have_been_and_names_the_fault(mock: Served) -> None:
    mock.arm(preset="429-storm")
    told(mock)
    record = mock.record()
    assert (record["status"], record["accepted"], record["verdict"]) == (201, True, "fail")
    assert (record["answer"], record["item_count"]) == ({}, 2)
    assert record["faults"] == [STORM]
    mock.client.expect("wire", type="order")


def test_a_record_that_no_fault_touched_names_none(mock: Served) -> None:
    mock.arm({"status": 503}, account="other")
    told(mock)
    assert mock.record()["faults"] == []


@pytest.mark.parametrize(
    ("effect", "line"),
    [
        ({"status": 429}, "201→429 us batch_custom_event 1 item wire ID fault bad: status 429"),
        ({"delay": "1ms"}, "201* us batch_custom_event 1 item wire ID fault bad: delay 0.001 s"),
        ({"wire": "reset"}, "201→- us batch_custom_event 1 item wire not recorded fault bad: reset"),
        ({"wire": "lost_answer"}, "201→- us batch_custom_event 1 item wire ID fault bad: lost answer"),
        ({"wire": "garbage"}, "201→- us batch_custom_event 1 item wire ID fault bad: garbage"),
        ({"status": 500, "wire": "half_body"},
         "201→500 us batch_custom_event 1 item wire ID fault bad: status 500, half body"),
    ],
)  # fmt: skip
def test_the_log_says_what_went_out_what_would_have_and_why(mock: Served, effect: dict[str, Any], line: str) -> None:
    mock.arm(effect, name="bad")
    told(mock, request(GOOD_BODY, "connection: close"))
    assert logged(mock) == line


def test_a_log_of_refusals_tells_faults_too() -> None:
    with a_mock(log="refusals") as mock:
        mock.server.mock.log._level = "refusals"
        told(mock)
        mock.arm({"status": 503})
        told(mock)
        assert [line.split()[1] for line in mock.log if not line.startswith(" ")] == ["201→503"]


def test_counters_go_by_what_went_out_and_by_the_fault(mock: Served) -> None:
    mock.arm(sequence=[{"effect": {"status": 503}, "times": 2}, {"effect": {"wire": "reset"}}], name="bad one")
    for _ in range(4):
        told(mock)
    counted = metrics(mock.server.mock)
    for line in (
        'mockodp_requests_total{region="us",endpoint="batch_custom_event",status="503"} 2',
        'mockodp_requests_total{region="us",endpoint="batch_custom_event",status="RST"} 1',
        'mockodp_requests_total{region="us",endpoint="batch_custom_event",status="201"} 1',
        'mockodp_faults_total{name="bad one"} 3',
    ):
        assert line in counted
    assert "mockodp_unrecorded_total{" not in counted, "a reset is no refusal"


def test_an_export_has_what_went_out_and_says_why(mock: Served) -> None:
    for effect in ({"status": 529}, {"wire": "lost_answer"}, {"delay": "1ms"}, None):
        armed = mock.arm(effect, name="bad") if effect else None
        told(mock)
        mock.server.mock.armoury.plan.disarm([armed.fault.id] if armed else [])
    records = mock.server.mock.journal.scan(RowFilter(), after=None, descending=False, limit=9)
    entries = orjson.loads(har(records))["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [529, 0, 201, 201]
    assert [entry["response"]["content"].get("text") for entry in entries] == ["", "", "{}", "{}"]
    assert [entry.get("comment") for entry in entries] == [
        "Fault bad: status 529. Without it: 201.",
        "Fault bad: lost answer. Without it: 201.",
        "Fault bad: delay 0.001 s. Without it: 201.",
        None,
    ]


# -- the journal -------------------------------------------------------------------------------------------------


def test_records_are_found_by_the_fault_that_touched_them() -> None:
    journal = SqliteJournal()
    other = {**STORM, "name": "storm", "effect": 'status 429, "name":"429-storm"'}
    for faults in ((), (STORM,), (other,), (other, STORM)):
        journal.append([journal.pack(a_record("shop", faults=faults))])
    found = journal.scan(RowFilter(fault="429-storm"), after=None, descending=False, limit=9)
    assert [record.faults for record in found] == [(STORM,), (other, STORM)]
    assert journal.count(RowFilter(fault="429")) == 0
    journal.close()


LOST = {"id": "f2", "name": "lost", "effect": "lost answer", "answered": None}
NO_SENSE = {"name": "of the event", "effect": 'not understood: "id":"answered":503}', "answered": None}


def test_records_are_found_by_what_went_out() -> None:
    journal = SqliteJournal()
    kept = [a_record("shop", faults=faults) for faults in ((), (NO_SENSE,), (STORM, NO_SENSE), (LOST,))]
    journal.append([journal.pack(record) for record in kept])
    for wanted, expected in (
        (201, kept[:2]),
        ("2xx", kept[:2]),
        ("429", kept[2:3]),
        ("4xx", kept[2:3]),
        ("none", kept[3:]),
    ):
        rows = RowFilter(answered=answered_range(wanted))
        found = journal.scan(rows, after=None, descending=False, limit=9)
        assert [record.id for record in found] == [record.id for record in expected], wanted
        assert journal.count(rows) == len(expected)
        assert {record.answered for record in found} == {record.answered for record in expected}
    journal.close()


def test_what_was_sent_again_is_counted_by_what_its_sender_was_told(mock: Served) -> None:
    mock.arm({"status": 503}, expires={"requests": 2})
    mock.arm({"wire": "lost_answer"}, expires={"requests": 1})
    for _ in range(4):
        told(mock)
    outcomes = {
        answered: mock.client.verify("wire", type="order", answered=answered)["expectations"][0]["found"]
        for answered in ("2xx", 201, 503.0, "5xx", "none", 404)
    }
    assert outcomes == {"2xx": 1, 201: 1, 503: 2, "5xx": 2, "none": 1, 404: 0}
    assert len(mock.records(answered="503")) == 2
    assert len(mock.client.items(account="wire", answered="none")["items"]) == 2


def test_a_surplus_that_a_fault_brought_about_is_told_so(mock: Served) -> None:
    mock.arm({"status": 503}, expires={"requests": 2})
    for _ in range(3):
        told(mock)
    surplus = mock.client.verify("wire", type="order")["message"]
    assert surplus.startswith("Expected exactly 1, found 3: ")
    assert surplus.endswith(
        " 2 of the requests were answered otherwise by a fault (503): answered '2xx' counts only those that were not."
    )
    (miss, *_) = mock.client.verify("wire", type="order", answered=404)["expectations"][0]["nearest"]
    assert miss["differences"][0]["message"].startswith("expected to be answered 404, was ")


def test_a_store_of_the_version_before_faults_is_taken_over(tmp_path: Path) -> None:
    store = tmp_path / "journal.db"
    journal = SqliteJournal(str(store))
    journal.append([journal.pack(a_record("shop"))])
    journal.close()
    old = sqlite3.connect(store)
    old.executescript("ALTER TABLE records DROP COLUMN faults; PRAGMA user_version = 2;")
    old.close()
    journal = SqliteJournal(str(store))
    struck = a_record("shop", faults=(STORM,))
    journal.append([journal.pack(struck)])
    found = journal.scan(RowFilter(), after=None, descending=False, limit=9)
    assert [record.faults for record in found] == [(), (STORM,)]
    assert found[1] == struck
    journal.close()


# -- time --------------------------------------------------------------------------------------------------------


def test_records_and_answers_bear_the_time_of_their_account(mock: Served) -> None:
    clocks = mock.server.mock.clocks
    clocks.freeze("wire")
    clocks.set("wire", 1_767_323_045_678_000)
    mock.arm({"status": 503})
    seen, _ = told(mock)
    assert b'"timestamp":"2026-01-02T03:04:05.678Z"' in seen
    assert mock.record()["received_at"] == "2026-01-02T03:04:05.678Z"


def test_what_is_in_the_future_is_judged_by_the_clock_of_the_account(mock: Served) -> None:
    late = b'[{"type":"order","action":"purchase","user_identifiers":{"email":"a@b.example"},' \
           b'"timestamp":"2030-01-02T03:04:05.678Z"}]'  # fmt: skip
    told(mock, request(late, "connection: close"))
    assert "timestamp-in-future" in mock.record()["broken_rules"]
    mock.client.reset("wire")
    mock.server.mock.clocks.set("wire", 1_900_000_000_000_000)
    told(mock, request(late, "connection: close"))
    assert "timestamp-in-future" not in mock.record()["broken_rules"]


def test_four_hours_of_an_account_pass_at_once_and_none_of_its_neighbours(mock: Served) -> None:
    for account in ("wire", "other"):
        mock.arm(preset="flap-4h", account=account)
    clocks, seen = mock.server.mock.clocks, []
    clocks.freeze("wire")
    for _ in range(5 * 12):
        seen.append(told(mock)[0][9:12])
        clocks.advance("wire", 5 * 60 * 1_000_000)
    assert seen == [b"503", b"503", b"201"] * 16 + [b"201"] * 12
    neighbour = request(GOOD_BODY, "connection: close", key="odp_test_other")
    assert told(mock, neighbour)[0][9:12] == b"503"


def test_a_budget_fills_with_the_clock_of_the_account_and_says_when(mock: Served) -> None:
    mock.server.mock.clocks.freeze("wire")
    mock.arm({"status": 429}, budget={"requests": 2, "per": "1m"})
    assert [told(mock)[0][9:12] for _ in range(3)] == [b"201", b"201", b"429"]
    assert b"retry-after: 30\r\n" in told(mock)[0]
    mock.server.mock.clocks.advance("wire", 30 * 1_000_000)
    assert [told(mock)[0][9:12] for _ in range(2)] == [b"201", b"429"]


def test_with_nothing_armed_no_request_is_looked_at() -> None:
    mock = MockODP(Settings(), Keyring(), SqliteJournal(), log=Log(), token="t")
    armoury = mock.armoury
    assert armoury.is_idle
    (armed,) = armoury.arm([{"account": "*", "effect": {"wire": "tls_failure"}}])
    assert armoury.is_idle, "a fault of handshakes falls on no request"
    (other,) = armoury.arm([{"account": "shop", "effect": {"status": 500}}])
    assert not armoury.is_idle
    armoury.plan.disarm([armed.fault.id, other.fault.id])
    assert armoury.is_idle
    mock.close()


def test_the_control_api_finds_records_and_items_by_fault(mock: Served) -> None:
    mock.arm({"status": 503}, name="bad", expires={"requests": 1})
    for _ in range(2):
        told(mock)
    assert [record["faults"][0]["name"] for record in mock.records(fault="bad")] == ["bad"]
    assert len(mock.client.items(account="wire", fault="bad")["items"]) == 2
    assert mock.records(fault="another") == []
