"""A store that fails: a full disk, a foreign lock, an index of something else. Nothing is lost, nothing is claimed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from mockodp.journal import Journal, Query, RowFilter, SqliteJournal, find_items, find_records
from tests.mockodp.records import a_record

ANY = RowFilter()
BULK = os.urandom(300_000).hex()


def keep(journal: Journal, *records: object) -> None:
    journal.append([journal.pack(record) for record in records])  # type: ignore[arg-type]


def found(journal: Journal, value: str) -> int:
    return len(find_records(journal, Query(rows=RowFilter(account="a"), where=(("v", value),))).found)


def test_a_full_disk_refuses_the_group_and_later_records_are_kept() -> None:
    journal = SqliteJournal()
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        keep(journal, a_record("a", {"v": BULK}))
    assert journal.accounts() == []
    journal._db.execute("PRAGMA max_page_count = 100000")
    record = a_record("a")
    keep(journal, record)
    assert journal.scan(ANY, after=None, descending=False, limit=9) == [record]
    assert [(info.name, info.records) for info in journal.accounts()] == [("a", 1)]
    journal.close()


def test_a_foreign_lock_fails_a_reset_and_leaves_the_account_as_it_was(tmp_path: Path) -> None:
    journal = SqliteJournal(str(tmp_path / "journal.db"))
    keep(journal, a_record("a"))
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        journal.reset("a")
    assert [(info.name, info.records) for info in journal.accounts()] == [("a", 1)]
    other.close()
    keep(journal, a_record("a"))
    held = journal.reset("a")
    assert held is not None
    assert held.records == 2
    journal.close()


def test_an_index_that_could_not_be_written_catches_up_later() -> None:
    journal = SqliteJournal()
    keep(journal, a_record("a", {"v": "needle", "f": BULK}), *(a_record("a", {"v": f"straw-{n}"}) for n in range(300)))
    index = journal._index._db
    index.execute(f"PRAGMA max_page_count = {index.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        found(journal, "needle")
    index.execute("PRAGMA max_page_count = 100000")
    assert found(journal, "needle") == 1
    assert found(journal, "straw-299") == 1
    journal.close()


def test_an_index_of_another_journal_is_made_anew(tmp_path: Path) -> None:
    for name, value in (("one.db", "first"), ("two.db", "second")):
        journal = SqliteJournal(str(tmp_path / name))
        keep(journal, a_record("a", {"v": value, "f": BULK}))
        journal.catch_up()
        journal.close()
    shutil.copy(tmp_path / "one.db", tmp_path / "two.db")
    journal = SqliteJournal(str(tmp_path / "two.db"))
    assert (found(journal, "first"), found(journal, "second")) == (1, 0)
    journal.close()


def test_new_ids_lie_above_everything_the_index_has_seen(tmp_path: Path) -> None:
    journal = SqliteJournal(str(tmp_path / "journal.db"))
    late = a_record("a", {"v": "late", "f": BULK}, id=2**62)
    keep(journal, late)
    journal.catch_up()
    journal.reset("a")
    while journal.sweep():
        pass
    journal.close()
    again = SqliteJournal(str(tmp_path / "journal.db"))
    assert again.last_id() == late.id
    again.close()


def test_a_search_survives_the_renewal_of_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = SqliteJournal()
    keep(journal, a_record("a", {"v": "needle", "f": BULK}), *(a_record("a", {"v": f"straw-{n}"}) for n in range(300)))
    holding = journal._index.holding
    renewals = iter([True])

    def renewed_meanwhile(*args: object, **kwargs: object) -> list[int]:
        if next(renewals, False):
            journal._index._taken = 10**9
            journal._index.renew(0)
        return holding(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(journal._index, "holding", renewed_meanwhile)
    assert found(journal, "needle") == 1
    journal.close()


def test_the_store_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    journal = SqliteJournal(str(tmp_path / "journal.db"))
    keep(journal, a_record("a"))
    journal.catch_up()
    modes = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir() if not file.name.endswith("-lock")}
    journal.close()
    assert len(modes) >= 4
    assert set(modes.values()) == {0}


def test_a_store_that_was_deleted_is_an_error_and_not_a_fresh_file(tmp_path: Path) -> None:
    journal = SqliteJournal(str(tmp_path / "journal.db"))
    keep(journal, a_record("a"))
    (tmp_path / "journal.db").unlink()
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        journal.get(1)
    assert not (tmp_path / "journal.db").exists()
    journal.close()


@pytest.mark.parametrize("sku", ["12E5", "1e-7", "0012", "12.50", "4.99999999999999999999", "-0", "+5"])
def test_text_that_looks_like_a_number_is_found_among_much(sku: str) -> None:
    journal = SqliteJournal()
    keep(journal, a_record("a", {"f": BULK}), a_record("a", {"v": sku}), a_record("a", {"v": "other"}))
    assert found(journal, sku) == 1
    journal.close()


def test_large_records_come_in_pages_bounded_by_bytes() -> None:
    journal = SqliteJournal()
    keep(journal, *(a_record("a", body=b'[{"n":%d,"f":"%b"}]' % (n, b"x" * 9_000_000)) for n in range(9)))
    seen: list[int] = []
    cursor = None
    pages = 0
    while pages == 0 or cursor is not None:
        page = find_items(journal, Query(rows=RowFilter(account="a"), cursor=cursor))
        seen += [item["n"] for _, _, item in page.found]
        pages += 1
        record_id, _, index = (page.next or "").partition(".")
        cursor = (int(record_id, 16), int(index)) if page.next else None
    assert seen == list(range(9))
    assert pages == 3
    journal.close()
