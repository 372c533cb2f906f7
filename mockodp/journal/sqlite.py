"""
The journal in SQLite: one row per request, raw body included. In memory, or a file in WAL mode.

Durability: a commit is in the operating system's hands when `append` returns (``synchronous=NORMAL``), so it survives
the death of this process at any moment; a power cut may cost the last moments.

Writes come from one connection. Reads of a file go through connections of their own and never wait for a write;
a journal in memory has one connection and a lock.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import quote

import orjson
import zstandard

from mockodp.claims import claimed
from mockodp.errors import SettingsError
from mockodp.journal.index import WordIndex
from mockodp.journal.protocol import MOST_BYTES, AccountInfo, Packed, RowFilter
from mockodp.records import Record
from mockodp.settings import MEMORY

APPLICATION_ID: Final = 0x4D4F4450  # "MODP"
SCHEMA_VERSION: Final = 3
_UPGRADES: Final = {
    1: "ALTER TABLE records ADD COLUMN judgement BLOB;",
    2: "ALTER TABLE records ADD COLUMN faults BLOB;",
}
"""What makes a store of an older version one of the next."""
_ZIP_FROM: Final = 1_000
_CHECKPOINT_PAGES: Final = 4_000
_UNUSUAL: Final = re.compile(rb"\\u|[:\[,]\s*-?[0-9.]+[eE]")
"""Letters or numbers that another writer would have written differently."""
_PIECE_BYTES: Final = 1024 * 1024
_SMALL: Final = 512 * 1024
"""Accounts up to this many bytes are reset at once and scanned without the index."""

_SCHEMA: Final = """
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY, name TEXT UNIQUE, created_us INTEGER NOT NULL,
  dropped_records INTEGER NOT NULL DEFAULT 0, dropped_items INTEGER NOT NULL DEFAULT 0,
  dropped_bytes INTEGER NOT NULL DEFAULT 0, dropped_through INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE journal (id TEXT NOT NULL);
INSERT INTO journal VALUES (hex(randomblob(8)));
CREATE TABLE records (
  id INTEGER PRIMARY KEY, account INTEGER NOT NULL, region TEXT NOT NULL, endpoint TEXT, method TEXT NOT NULL,
  path TEXT NOT NULL, at_us INTEGER NOT NULL, duration_us INTEGER NOT NULL, status INTEGER NOT NULL,
  items INTEGER, size INTEGER NOT NULL, headers BLOB NOT NULL, zipped INTEGER NOT NULL, body BLOB NOT NULL,
  answer BLOB NOT NULL, refusal BLOB, verdict TEXT, judgement BLOB, faults BLOB
);
CREATE INDEX records_of_account ON records (account, id, size, items);
"""
_COLUMNS: Final = (
    "r.id, a.name, r.region, r.endpoint, r.method, r.path, r.at_us, r.duration_us, r.status, r.headers, r.body, "
    "r.answer, r.items, r.refusal, r.verdict, r.judgement, r.faults, r.zipped"
)
_ANSWERED: Final = """
CASE WHEN json_extract(CAST(r.faults AS TEXT), '$[0].id') IS NULL THEN r.status
ELSE coalesce(json_extract(CAST(r.faults AS TEXT), '$[0].answered'), 0) END
"""
"""`Record.answered`: the faults that struck stand before the wishes that made no sense, and tell of one answer."""
_INSERT: Final = """
INSERT INTO records (id, account, region, endpoint, method, path, at_us, duration_us, status, items, size, headers,
                     zipped, body, answer, refusal, verdict, judgement, faults)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(slots=True)
class _Held:
    """The row of an account, with what it holds now and what fell out of it."""

    row: int
    name: str
    created_us: int
    records: int = 0
    bytes: int = 0
    dropped_records: int = 0
    dropped_items: int = 0
    dropped_bytes: int = 0
    dropped_through: int = 0

    @property
    def info(self) -> AccountInfo:
        return AccountInfo(
            self.name, self.created_us, self.records, self.bytes, self.dropped_records, self.dropped_items,
            self.dropped_bytes, self.dropped_through,
        )  # fmt: skip


class SqliteJournal:
    """A `Journal` in one SQLite database."""

    def __init__(self, store: str = MEMORY, *, keep_records: int = 200_000, keep_bytes: int = 512 * 1024**2) -> None:
        self._path = None if store == MEMORY else Path(store)
        self._keep_records = keep_records
        self._keep_bytes = keep_bytes
        self._lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        self._closed = False
        self._claim = _claim(self._path) if self._path else None
        try:
            self._db = _opened(self._path)
        except BaseException:
            if self._claim:
                self._claim.close()
            raise
        journal_id = self._db.execute("SELECT id FROM journal").fetchone()[0]
        self._index = WordIndex(self._path.with_name(self._path.name + "-index") if self._path else None, journal_id)
        self._zip = zstandard.ZstdCompressor(level=1)
        self._accounts = self._load_accounts()
        self._orphans = self._has_orphans()

    # -- writing: one thread ------------------------------------------------------------------------------------

    def pack(self, record: Record) -> Packed:
        body = record.body
        zipped = len(body) >= _ZIP_FROM
        return Packed(record, self._zip.compress(body) if zipped else body, zipped)

    def append(self, packed: Sequence[Packed]) -> None:
        with self._transaction():
            self._insert(packed)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing: after a failure the accounts in memory are again those on disk."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled back by itself
                    self._db.execute("ROLLBACK")
                self._accounts = self._load_accounts()
                raise

    def _insert(self, packed: Sequence[Packed]) -> None:
        """Insert, then drop what is over the limits."""
        grown: dict[str, _Held] = {}
        rows = []
        for each in packed:
            record = each.record
            held = grown[record.account] = self._held(record.account, record.at_us)
            held.records += 1
            held.bytes += _size(record)
            rows.append(_row(each, held.row))
        self._db.executemany(_INSERT, rows)
        for held in grown.values():
            if held.records > self._keep_records or held.bytes > self._keep_bytes:
                self._drop_oldest(held)

    def _held(self, name: str, at_us: int) -> _Held:
        """The account of that name, made if it is not there."""
        held = self._accounts.get(name)
        if held is None:
            row = self._db.execute("INSERT INTO accounts (name, created_us) VALUES (?, ?)", (name, at_us)).lastrowid
            held = self._accounts[name] = _Held(row or 0, name, at_us)
        return held

    def _drop_oldest(self, held: _Held) -> None:
        """Drop as many of the oldest records as the limits ask for, and count them."""
        too_many, too_big = held.records - self._keep_records, held.bytes - self._keep_bytes
        count = size = items = last = 0
        oldest = self._db.execute("SELECT id, size, items FROM records WHERE account = ? ORDER BY id", (held.row,))
        for record_id, record_size, record_items in oldest:
            if (count >= too_many and size >= too_big) or count == held.records - 1:
                break
            count, size, items, last = count + 1, size + record_size, items + (record_items or 0), record_id
        oldest.close()
        self._db.execute("DELETE FROM records WHERE account = ? AND id <= ?", (held.row, last))
        held.records -= count
        held.bytes -= size
        held.dropped_records += count
        held.dropped_items += items
        held.dropped_bytes += size
        held.dropped_through = max(held.dropped_through, last)
        self._db.execute(
            "UPDATE accounts SET dropped_records = ?, dropped_items = ?, dropped_bytes = ?, dropped_through = ? "
            "WHERE id = ?",
            (held.dropped_records, held.dropped_items, held.dropped_bytes, held.dropped_through, held.row),
        )

    def open_account(self, name: str, at_us: int) -> AccountInfo:
        with self._transaction():
            return self._held(name, at_us).info

    def reset(self, name: str) -> AccountInfo | None:
        held = self._accounts.get(name)
        if held is None:
            return None
        with self._transaction():
            if held.bytes <= _SMALL:
                self._db.execute("DELETE FROM records WHERE account = ?", (held.row,))
                self._db.execute("DELETE FROM accounts WHERE id = ?", (held.row,))
            else:
                self._db.execute("UPDATE accounts SET name = NULL WHERE id = ?", (held.row,))
        del self._accounts[name]
        self._orphans = self._orphans or held.bytes > _SMALL
        return held.info

    def sweep(self) -> bool:
        """Delete a few records of accounts that were reset while they were large."""
        if not self._orphans:
            return False
        with self._transaction():
            orphan = self._db.execute("SELECT id FROM accounts WHERE name IS NULL LIMIT 1").fetchone()
            if orphan is None:
                self._orphans = False
                return False
            gone = self._db.execute(
                "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE account = ? LIMIT 200)", orphan
            ).rowcount
            if gone == 0:
                self._db.execute("DELETE FROM accounts WHERE id = ?", orphan)
            return True

    # -- reading: any thread ------------------------------------------------------------------------------------

    def scan(
        self, rows: RowFilter, *, after: int | None, descending: bool, limit: int, tokens: Collection[str] = ()
    ) -> list[Record]:
        held = self._accounts.get(rows.account) if rows.account is not None else None
        if rows.account is not None and held is None:
            return []
        if tokens and (held is None or held.bytes > _SMALL):
            return self._scan_words(rows, held, tokens, after=after, descending=descending, limit=limit)
        where, values = _conditions(rows, held)
        if after is not None:
            where.append("r.id < ?" if descending else "r.id > ?")
            values.append(after)
        return self._select(where, values, descending, limit)

    def _scan_words(
        self,
        rows: RowFilter,
        held: _Held | None,
        tokens: Collection[str],
        *,
        after: int | None,
        descending: bool,
        limit: int,
    ) -> list[Record]:
        words = [*tokens, _account_word(held.row)] if held else list(tokens)
        where, values = _conditions(rows, held)
        while True:
            generation = self._index.generation
            self.catch_up()
            found = self._candidates(words, where, values, after=after, descending=descending, limit=limit)
            if generation == self._index.generation:  # else another thread renewed the index under this search
                return found

    def _candidates(
        self, words: list[str], where: list[str], values: list[Any], *, after: int | None, descending: bool, limit: int
    ) -> list[Record]:
        found: list[Record] = []
        while len(found) < limit and sum(len(record.body) for record in found) < MOST_BYTES:
            ids = self._index.holding(words, after=after, descending=descending, limit=max(limit, 200))
            if not ids:
                break
            among = f"r.id IN ({','.join('?' * len(ids))})"
            found += self._select([*where, among], [*values, *ids], descending, limit - len(found))
            after = ids[-1]
        return found

    def _select(self, where: list[str], values: list[Any], descending: bool, limit: int) -> list[Record]:
        sql = (
            f"SELECT {_COLUMNS} FROM records r JOIN accounts a ON a.id = r.account "
            f"WHERE {' AND '.join([*where, 'a.name IS NOT NULL'])} "
            f"ORDER BY r.id {'DESC' if descending else 'ASC'} LIMIT ?"
        )
        found: list[Record] = []
        size = 0
        with self._reading() as db:
            for row in db.execute(sql, [*values, limit]):
                found.append(_record(row))
                size += len(found[-1].body)
                if size >= MOST_BYTES:
                    break
        return found

    def count(self, rows: RowFilter, *, after: int = 0) -> int:
        held = self._accounts.get(rows.account) if rows.account is not None else None
        if rows.account is not None and held is None:
            return 0
        where, values = _conditions(rows, held)
        with self._reading() as db:
            sql = f"SELECT count(*) FROM records r WHERE {' AND '.join([*where, 'r.id > ?'])}"
            counted: int = db.execute(sql, [*values, after]).fetchone()[0]
        return counted

    def get(self, record_id: int) -> Record | None:
        found = self._select(["r.id = ?"], [record_id], False, 1)
        return found[0] if found else None

    def accounts(self) -> list[AccountInfo]:
        return [held.info for _, held in sorted(self._accounts.items())]

    def account(self, name: str) -> AccountInfo | None:
        held = self._accounts.get(name)
        return held.info if held else None

    def last_id(self) -> int:
        with self._reading() as db:
            kept = db.execute("SELECT max(id) FROM records").fetchone()[0]
            dropped = db.execute("SELECT max(dropped_through) FROM accounts").fetchone()[0]
        return max(kept or 0, dropped or 0, self._index.through)

    def catch_up(self, most: int | None = None) -> bool:
        """Index records that are not indexed yet, at most about *most*; whether more are left."""
        self._index.renew(sum(held.records for held in list(self._accounts.values())))
        return self._index.catch_up(self._unindexed, most)

    def _unindexed(self, after: int, limit: int) -> list[tuple[int, str]]:
        sql = "SELECT id, account, zipped, body, headers, items, refusal FROM records WHERE id > ? ORDER BY id LIMIT ?"
        found: list[tuple[int, str]] = []
        size = 0
        with self._reading() as db:
            for row in db.execute(sql, (after, limit)):
                found.append((row[0], f"{_account_word(row[1])} {_words(row)}"))
                size += len(found[-1][1])
                if size >= _PIECE_BYTES:
                    break
        return found

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for reader in self._readers:
                reader.close()
            self._db.close()
            self._index.close()
            if self._claim:
                self._claim.close()

    # -- connections and start ----------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._path is None:
            with self._lock:
                yield self._db
            return
        reader = self._readers.pop() if self._readers else _reader(self._path)
        try:
            yield reader
        finally:
            if self._closed:
                reader.close()
            else:
                self._readers.append(reader)

    def _load_accounts(self) -> dict[str, _Held]:
        rows = self._db.execute(
            "SELECT a.id, a.name, a.created_us, coalesce(s.records, 0), coalesce(s.bytes, 0), a.dropped_records, "
            "a.dropped_items, a.dropped_bytes, a.dropped_through FROM accounts a LEFT JOIN (SELECT account, count(*) "
            "AS records, sum(size) AS bytes FROM records GROUP BY account) s ON s.account = a.id "
            "WHERE a.name IS NOT NULL"
        )
        return {row[1]: _Held(*row) for row in rows}

    def _has_orphans(self) -> bool:
        return self._db.execute("SELECT 1 FROM accounts WHERE name IS NULL").fetchone() is not None


def _claim(path: Path) -> TextIO:
    """Two writers would not know of each other's accounts."""
    return claimed(path.with_name(path.name + "-lock"), f"The journal {str(path)!r}")


def _connected(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.touch(mode=0o600)  # bodies hold personal data; SQLite gives its other files the same mode
    return sqlite3.connect(path or MEMORY, isolation_level=None, check_same_thread=False, timeout=1)


def _reader(path: Path) -> sqlite3.Connection:
    """A further connection; an error, not a fresh file, if the store is gone."""
    return sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=rw", uri=True, isolation_level=None,
                           check_same_thread=False, timeout=1)  # fmt: skip


def _opened(path: Path | None) -> sqlite3.Connection:
    """The database with our schema, new or of this version; `SettingsError` if the file is something else."""
    db = _connected(path)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        application = db.execute("PRAGMA application_id").fetchone()[0]
        is_new = not db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        db.close()
        raise SettingsError(f"The store {str(path)!r} cannot be read as a journal: {error}.") from error
    if not is_new and application == APPLICATION_ID and version in _UPGRADES:
        version = _upgraded(db, version, path)
    if not is_new and (application != APPLICATION_ID or version != SCHEMA_VERSION):
        db.close()
        raise SettingsError(
            f"The store {str(path)!r} is no journal of this version (found application {application:#x} version "
            f"{version}, expected {APPLICATION_ID:#x} version {SCHEMA_VERSION}). Move it away or name another."
        )
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    if is_new:
        db.executescript(
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; "
            f"BEGIN; {_SCHEMA} COMMIT;"
        )
    return db


def _upgraded(db: sqlite3.Connection, version: int, path: Path | None) -> int:
    """Bring a store of an older version up to this one, all of it or nothing; the version it has then."""
    try:
        while version in _UPGRADES:
            db.executescript(f"BEGIN; {_UPGRADES[version]} PRAGMA user_version = {version + 1}; COMMIT;")
            version += 1
    except sqlite3.OperationalError as error:
        db.close()
        raise SettingsError(
            f"The store {str(path)!r} of an older version cannot be brought up to this one: {error}. Does another "
            "program have it open?"
        ) from error
    return version


def _conditions(rows: RowFilter, held: _Held | None) -> tuple[list[str], list[Any]]:
    given = [
        ("r.account = ?", held.row if held else None),
        ("r.region = ?", rows.region),
        ("r.endpoint = ?", rows.endpoint),
        ("r.status = ?", rows.status),
        ("r.verdict = ?", rows.verdict),
        ("instr(r.judgement, CAST(? AS BLOB)) > 0", f'"{rows.rule}"' if rows.rule else None),
        ("instr(r.faults, CAST(? AS BLOB)) > 0", _named(rows.fault)),
        ("r.at_us >= ?", rows.since_us),
        ("r.at_us < ?", rows.until_us),
    ]
    where = [clause for clause, value in given if value is not None]
    values = [value for _, value in given if value is not None]
    if rows.answered is not None:
        where.append(f"{_ANSWERED} BETWEEN ? AND ?")
        values += rows.answered
    if rows.accepted is not None:
        where.append("r.refusal IS NULL" if rows.accepted else "r.refusal IS NOT NULL")
    return where, values


def _named(fault: str | None) -> str | None:
    """What stands in the faults of a record that the one of that name touched."""
    return f'"name":{orjson.dumps(fault).decode()}' if fault else None


def _row(packed: Packed, account: int) -> tuple[Any, ...]:
    record = packed.record
    return (
        record.id, account, record.region, record.endpoint, record.method, record.path, record.at_us,
        record.duration_us, record.status, record.items, _size(record), record.headers, packed.zipped, packed.body,
        record.answer, orjson.dumps(record.refusal) if record.refusal else None, record.verdict,
        record.packed_judgement, orjson.dumps(record.faults) if record.faults else None,
    )  # fmt: skip


def _size(record: Record) -> int:
    """What counts towards the bounds: the body, and what is said of it."""
    return len(record.body) + len(record.packed_judgement or b"")


def _record(row: tuple[Any, ...]) -> Record:
    (number, account, region, endpoint, method, path, at_us, duration_us, status, headers, body, answer, items,
     refusal, verdict, judgement, faults, zipped) = row  # fmt: skip
    return Record(
        number, account, region, endpoint, method, path, at_us, duration_us, status, headers,
        _unzipped(body) if zipped else body, answer, items, orjson.loads(refusal) if refusal else None, verdict,
        judgement, tuple(orjson.loads(faults)) if faults else (),
    )  # fmt: skip


def _unzipped(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(body)


def _words(row: tuple[Any, ...]) -> str:
    """The text of a record's items for the index, in the usual spelling."""
    record_id, _, zipped, body, headers, items, refusal = row
    if not items or refusal:
        return ""
    record = Record(record_id, "", "", None, "", "", 0, 0, 0, headers, _unzipped(body) if zipped else body, b"", items)
    text = record.text()
    return (orjson.dumps(orjson.loads(text)) if _UNUSUAL.search(text) else text).decode("utf-8")


def _account_word(row: int) -> str:
    return f"account0{row}"
