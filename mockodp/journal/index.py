"""
A word index over the items of records, so that one item among hundreds of thousands is found by any field.

Derived from the journal and behind it: it catches up when the server is idle or when a search needs it, costs nothing
on the way of a request, and may be deleted at any time. It names candidates; the search looks at each one itself.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

_CHUNK: Final = 200
_WORD: Final = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+")
_LONGEST: Final = 200
_SPARE: Final = 10_000
_MOST_WORDS: Final = 16
_SCHEMA: Final = """
CREATE VIRTUAL TABLE IF NOT EXISTS words
  USING fts5 (text, content = '', detail = none, columnsize = 0, tokenize = 'ascii');
CREATE TABLE IF NOT EXISTS progress (journal TEXT NOT NULL, through INTEGER NOT NULL, taken INTEGER NOT NULL);
INSERT INTO progress SELECT '', 0, 0 WHERE NOT EXISTS (SELECT 1 FROM progress);
"""


def words_of(value: Any) -> set[str]:
    """Words that the text of an item holding *value* must hold. Numbers give none: they can be written in many ways."""
    if isinstance(value, str):
        return {word for word in _WORD.findall(orjson.dumps(value).decode()) if len(word) <= _LONGEST}
    if isinstance(value, dict):
        return {word for name, member in value.items() for word in words_of(name) | words_of(member)}
    if isinstance(value, list):
        return {word for member in value for word in words_of(member)}
    return set()


class WordIndex:
    """Record ids by word, in a SQLite full-text table of its own."""

    def __init__(self, path: Path | None, journal_id: str) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._journal_id = journal_id
        self._db = self._opened()
        self.generation = 0
        """Changes whenever the index begins anew."""
        self.through = self._taken = 0
        """Id of the newest record that was taken in."""
        kept, self.through, self._taken = self._db.execute("SELECT journal, through, taken FROM progress").fetchone()
        if kept != journal_id:
            self._begin_anew()

    def catch_up(self, unindexed: Callable[[int, int], Sequence[tuple[int, str]]], most: int | None = None) -> bool:
        """Take in what *unindexed(after, limit)* gives, at most about *most* records; whether more are left."""
        left = most if most is not None else sys.maxsize
        with self._lock:
            while left > 0:
                rows = unindexed(self.through, min(_CHUNK, left))
                if not rows:
                    return False
                self._take(rows)
                left -= len(rows)
        return True

    def _take(self, rows: Sequence[tuple[int, str]]) -> None:
        through, taken = rows[-1][0], self._taken + len(rows)
        try:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)
            self._db.execute("UPDATE progress SET through = ?, taken = ?", (through, taken))
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self.through, self._taken = through, taken

    def renew(self, live: int) -> None:
        """Begin anew if most of what was taken in is gone from the journal, where *live* records are left."""
        with self._lock:
            if self._taken > 2 * live + _SPARE:
                self._begin_anew()

    def _begin_anew(self) -> None:
        self.generation += 1
        self._db.executescript("DROP TABLE words; DROP TABLE progress; VACUUM;" + _SCHEMA)
        self._db.execute("UPDATE progress SET journal = ?", (self._journal_id,))
        self.through = self._taken = 0

    def holding(self, words: Collection[str], *, after: int | None, descending: bool, limit: int) -> list[int]:
        """Ids of at most *limit* records beyond *after* that hold all *words*, in id order."""
        rarest = sorted(words, key=len)[-_MOST_WORDS:]
        match = " AND ".join(f'"{word}"' for word in rarest)
        beyond = "" if after is None else f"AND rowid {'<' if descending else '>'} {after}"
        order = "DESC" if descending else "ASC"
        sql = f"SELECT rowid FROM words WHERE words MATCH ? {beyond} ORDER BY rowid {order} LIMIT ?"
        with self._lock:
            return [row[0] for row in self._db.execute(sql, (match, limit))]

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            return _database(self._path)
        except sqlite3.DatabaseError:
            if self._path is None:
                raise
            for file in self._path.parent.glob(self._path.name + "*"):
                file.unlink()  # derived data: what cannot be read is made anew
            return _database(self._path)


def _database(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.touch(mode=0o600)
    db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _SCHEMA)
    return db
