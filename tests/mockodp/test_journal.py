"""What any store must do to keep a journal; run against a file and against memory."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from mockodp_contracts import Severity
from mockodp_contracts.judging import Finding

from mockodp.errors import SettingsError
from mockodp.journal import Journal, Query, RowFilter, SqliteJournal, find_items, find_records
from mockodp.judgement import Judgement
from mockodp.records import Record, RecordIds, id_number, id_text
from mockodp.settings import MEMORY
from tests.mockodp.records import a_record

Opener = Callable[..., SqliteJournal]
NOBODY = Finding("urn:mockodp:rules/no-identifier", "/user_identifiers", (0,), "no-identifier", Severity.ERROR)
ANY = RowFilter()


def keep(journal: Journal, records: Iterable[Record]) -> None:
    journal.append([journal.pack(record) for record in records])


@pytest.fixture(params=["memory", "file"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens journals of one kind and closes them."""
    made: list[SqliteJournal] = []

    def opener(**limits: int) -> SqliteJournal:
        store = MEMORY if request.param == "memory" else str(tmp_path / f"journal-{len(made)}.db")
        made.append(SqliteJournal(store, **limits))
        return made[-1]

    yield opener
    for journal in made:
        journal.close()


def test_what_was_appended_is_found_unchanged_and_in_order(opened: Opener) -> None:
    journal: Journal = opened()
    records = [a_record(), a_record(refusal={"code": "x"}, items=None, status=400), a_record(body=bytes(5000))]
    keep(journal, records)
    assert journal.scan(ANY, after=None, descending=False, limit=10) == records
    assert journal.scan(ANY, after=None, descending=True, limit=10) == records[::-1]
    assert [journal.get(record.id) for record in records] == records
    assert journal.get(records[-1].id + 1) is None
    assert journal.last_id() == records[-1].id


def test_a_scan_goes_on_after_a_record(opened: Opener) -> None:
    journal = opened()
    records = [a_record() for _ in range(5)]
    keep(journal, records)
    assert journal.scan(ANY, after=records[1].id, descending=False, limit=2) == records[2:4]
    assert journal.scan(ANY, after=records[3].id, descending=True, limit=2) == [records[2], records[1]]


@pytest.mark.parametrize(
    "rows",
    [
        RowFilter(account="shop"),
        RowFilter(region="eu"),
        RowFilter(endpoint="batch_email_event"),
        RowFilter(status=400),
        RowFilter(verdict="fail"),
        RowFilter(rule="no-identifier"),
        RowFilter(accepted=False),
        RowFilter(since_us=2_000),
        RowFilter(until_us=1_000, account="shop"),
    ],
)
def test_each_filter_finds_its_one_record(opened: Opener, rows: RowFilter) -> None:
    journal = opened()
    wanted = a_record(
        "shop", region="eu", endpoint="batch_email_event", status=400, verdict="fail", items=None,
        refusal={"code": "undecodable_body"}, at_us=999 if rows.until_us else 2_000,
        packed_judgement=Judgement("items/custom_event", (NOBODY,)).packed(),
    )  # fmt: skip
    keep(journal, [a_record("other", at_us=1_500), wanted, a_record("other", at_us=1_999)])
    assert journal.scan(rows, after=None, descending=False, limit=9) == [wanted]


def test_an_account_counts_what_it_holds(opened: Opener) -> None:
    journal = opened()
    keep(journal, [a_record("a", body=b"[]"), a_record("b", body=b"[{}]"), a_record("a", body=b"[{},{}]")])
    assert [(info.name, info.records, info.bytes) for info in journal.accounts()] == [("a", 2, 9), ("b", 1, 4)]
    assert journal.account("nobody") is None


def test_reset_forgets_one_account_and_leaves_the_others(opened: Opener) -> None:
    journal = opened()
    kept = a_record("b")
    keep(journal, [a_record("a"), kept, a_record("a")])
    held = journal.reset("a")
    assert held is not None
    assert held.records == 2
    assert journal.reset("a") is None
    assert journal.scan(ANY, after=None, descending=False, limit=9) == [kept]
    assert [info.name for info in journal.accounts()] == ["b"]


def test_a_large_account_is_gone_at_once_and_swept_later(opened: Opener) -> None:
    journal = opened()
    large = [a_record("a", {"filler": os.urandom(2_000).hex()}) for _ in range(500)]
    keep(journal, large)
    assert journal.reset("a")
    assert journal.scan(ANY, after=None, descending=False, limit=1_000) == []
    assert journal.get(large[0].id) is None
    keep(journal, [a_record("a")])
    while journal.sweep():
        pass
    assert [info.records for info in journal.accounts()] == [1]


def test_the_oldest_records_fall_out_and_are_counted(opened: Opener) -> None:
    journal = opened(keep_records=3)
    records = [a_record("a", {"n": n}, {"n": n}) for n in range(5)]
    for record in records:
        keep(journal, [record])
    info = journal.account("a")
    assert info is not None
    assert journal.scan(ANY, after=None, descending=False, limit=9) == records[2:]
    assert (info.records, info.dropped_records, info.dropped_items) == (3, 2, 4)
    assert info.dropped_through == records[1].id


def test_bytes_are_bounded_too_and_the_newest_record_always_stays(opened: Opener) -> None:
    journal = opened(keep_bytes=100)
    for _ in range(3):
        keep(journal, [a_record("a", body=b"[" + b" " * 58 + b"]")])
    huge = a_record("a", body=b"[" + b" " * 500 + b"]")
    keep(journal, [huge])
    info = journal.account("a")
    assert info is not None
    assert (info.records, info.dropped_records, info.dropped_bytes) == (1, 3, 180)
    assert journal.scan(ANY, after=None, descending=False, limit=9) == [huge]


def test_one_accounts_limit_is_no_matter_to_another(opened: Opener) -> None:
    journal = opened(keep_records=2)
    keep(journal, [a_record("a") for _ in range(9)] + [a_record("b")])
    assert [(info.name, info.records, info.dropped_records) for info in journal.accounts()] == [
        ("a", 2, 7),
        ("b", 1, 0),
    ]


def test_a_group_is_kept_whole_or_not_at_all(opened: Opener) -> None:
    journal = opened()
    first = a_record("a")
    keep(journal, [first])
    with pytest.raises(sqlite3.IntegrityError):
        keep(journal, [a_record("b"), first])
    assert journal.scan(ANY, after=None, descending=False, limit=9) == [first]
    assert [(info.name, info.records) for info in journal.accounts()] == [("a", 1)]


def test_an_item_among_many_is_found_by_any_field(opened: Opener) -> None:
    journal = opened()
    filler = "lorem ipsum " * 30
    keep(
        journal,
        [
            a_record("a", *({"order_id": f"O-{n}-{i}", "total": n * 100 + i, "note": filler} for i in range(50)))
            for n in range(40)
        ],
    )
    for where in [("order_id", "O-17-33"), ("total", "1733")]:
        page = find_items(journal, Query(rows=RowFilter(account="a"), where=(where,)))
        assert [(index, item["order_id"]) for _, index, item in page.found] == [(33, "O-17-33")]
    everywhere = find_records(journal, Query(where=(("order_id", "O-17-33"),)))
    assert len(everywhere.found) == 1


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        (b'[{"v":"caf\\u00e9"}]', "café"),
        (b'[{"v":"a\\/b c\\n\\"d\\""}]', 'a/b c\n"d"'),
        (b'[{"v":1.5e3}]', "1500"),
        (b'[{"v":1500.0}]', "1500"),
        (b'[{"v":"1500"}]', "1500"),
        (b'[{"v":27.50}]', "27.5"),
        (b'[{"v":-3}]', "-3"),
        (b'[{"v":0.0000001}]', "0.0000001"),
        (b'[{"v":0.5}]', "5e-1"),
        (b'[{"v":true}]', "true"),
        (b'[{"v":null}]', "null"),
        (b'[{"v":"Ada Lovelace"}]', "Ada Lovelace"),
        ('[{"v":"日本語 テスト"}]'.encode(), "日本語 テスト"),
        (b'[{"v":""}]', ""),
    ],
)
def test_the_word_index_misses_no_spelling(opened: Opener, written: bytes, sought: str) -> None:
    journal = opened()
    filler = a_record("a", {"filler": os.urandom(300_000).hex()})
    keep(journal, [filler, a_record("a", body=written), a_record("a", {"v": "other"})])
    page = find_records(journal, Query(rows=RowFilter(account="a"), where=(("v", sought),)))
    assert [record.body for record in page.found] == [written]


def test_the_index_forgets_what_was_reset(opened: Opener) -> None:
    journal = opened()
    keep(journal, [a_record("a", {"v": "needle", "f": os.urandom(300_000).hex()})])
    assert find_records(journal, Query(where=(("v", "needle"),))).found
    journal.reset("a")
    while journal.sweep():
        pass
    assert not find_records(journal, Query(where=(("v", "needle"),))).found


def test_the_index_is_made_anew_when_most_of_it_is_gone(opened: Opener) -> None:
    journal = opened()
    for _ in range(3):
        keep(journal, [a_record("a", {"v": "old"}) for _ in range(6_000)])
        journal.catch_up()
        journal.reset("a")
        while journal.sweep():
            pass
    keep(journal, [a_record("a", {"v": "needle", "f": os.urandom(300_000).hex()}), a_record("a", {"v": "other"})])
    assert len(find_records(journal, Query(where=(("v", "needle"),))).found) == 1
    assert journal._index._taken == 2


def test_a_file_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    store = str(tmp_path / "journal.db")
    journal = SqliteJournal(store, keep_records=2)
    records = [a_record("a", {"n": n}) for n in range(3)]
    keep(journal, records)
    before = journal.accounts()
    journal.catch_up()
    journal.close()
    again = SqliteJournal(store, keep_records=2)
    assert again.scan(ANY, after=None, descending=False, limit=9) == records[1:]
    assert again.accounts() == before
    assert RecordIds(again.last_id()).next() > records[-1].id
    again.close()


def test_a_broken_index_is_made_anew(tmp_path: Path) -> None:
    store = tmp_path / "journal.db"
    journal = SqliteJournal(str(store))
    keep(journal, [a_record("a", {"v": "needle", "f": os.urandom(300_000).hex()})])
    journal.close()
    (tmp_path / "journal.db-index").write_bytes(b"this is no database, just some text to stumble over" * 100)
    again = SqliteJournal(str(store))
    assert find_records(again, Query(where=(("v", "needle"),))).found
    again.close()


def test_a_second_mock_is_kept_off_the_file(tmp_path: Path) -> None:
    store = str(tmp_path / "journal.db")
    journal = SqliteJournal(store)
    program = f"from mockodp.journal import SqliteJournal; SqliteJournal({store!r})"
    second = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    journal.close()
    assert f"in use by another mock (process {os.getpid()})" in second.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a database at all, but long enough to look at" * 50, "cannot be read as a journal"),
        (None, "is no journal of this version"),
    ],
)
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes | None, words: str) -> None:
    store = tmp_path / "something.db"
    if content is None:
        other = sqlite3.connect(store)
        other.execute("CREATE TABLE t (x)")
        other.commit()
        other.close()
    else:
        store.write_bytes(content)
    before = store.read_bytes()
    with pytest.raises(SettingsError, match=words):
        SqliteJournal(str(store))
    assert store.read_bytes() == before


def test_ids_grow_with_time_and_survive_their_text() -> None:
    ids = RecordIds(last=2**62)
    numbers = [ids.next() for _ in range(100)]
    assert numbers == sorted(set(numbers))
    assert [id_number(id_text(number)) for number in numbers] == numbers
    assert sorted(map(id_text, numbers)) == list(map(id_text, numbers))
    assert id_number("ffffffffffffffff") is None
    assert id_number("12") is None
