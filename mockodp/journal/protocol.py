"""
What a store must do to keep a journal. Any store that passes the conformance tests will do.

Calls are synchronous. `pack`, `append`, `open_account`, `reset` and `sweep` come from one thread, the server's event
loop; the others may come from any thread at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mockodp.records import Record


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """What is held for one account, and what fell out of it."""

    name: str
    created_us: int
    records: int
    bytes: int
    dropped_records: int = 0
    dropped_items: int = 0
    dropped_bytes: int = 0
    dropped_through: int = 0
    """Id of the newest record that was dropped; 0 if none was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """What a store filters by itself; None means any."""

    account: str | None = None
    region: str | None = None
    endpoint: str | None = None
    status: int | None = None
    verdict: str | None = None
    rule: str | None = None
    fault: str | None = None
    """The name of a fault that touched the record."""
    answered: tuple[int, int] | None = None
    """The least and the most of `Record.answered`."""
    accepted: bool | None = None
    since_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Packed:
    """A record with its body as the store keeps it."""

    record: Record
    body: bytes
    zipped: bool


MOST_BYTES: Final = 32 * 1024 * 1024
"""A scan stops early once its bodies have so many bytes, so that no reader holds more at once."""


def is_last(records: Sequence[Record], limit: int) -> bool:
    """Whether a scan gave all there was: neither its limit nor the bytes cut it short."""
    return len(records) < limit and sum(len(record.body) for record in records) < MOST_BYTES


class Journal(Protocol):
    """An append-only list of records, bounded for each account."""

    def pack(self, record: Record) -> Packed:
        """Do ahead, for one record, what `append` would have to do for many at once."""

    def append(self, packed: Sequence[Packed]) -> None:
        """Keep packed records; they survive the death of this process once this returns."""

    def scan(
        self, rows: RowFilter, *, after: int | None, descending: bool, limit: int, tokens: Collection[str] = ()
    ) -> list[Record]:
        """
        At most *limit* records beyond id *after*, in id order; fewer if they are large, see `is_last`.

        With *tokens* a store may leave out records whose items hold not all of these words, and need not.
        """

    def count(self, rows: RowFilter, *, after: int = 0) -> int:
        """How many records there are beyond id *after*."""

    def get(self, record_id: int) -> Record | None:
        """The record of that id."""

    def accounts(self) -> list[AccountInfo]:
        """Every account, by name."""

    def account(self, name: str) -> AccountInfo | None:
        """One account."""

    def open_account(self, name: str, at_us: int) -> AccountInfo:
        """The account of that name, made if it is not there."""

    def reset(self, name: str) -> AccountInfo | None:
        """Forget an account and all its records at once; what it held, or None."""

    def sweep(self) -> bool:
        """Do a small piece of pending tidying up; whether more is left."""

    def catch_up(self, most: int | None = None) -> bool:
        """Make ready for searches what is not ready yet, at most about *most* records; whether more are left."""

    def last_id(self) -> int:
        """The highest id ever given, 0 if none."""

    def close(self) -> None:
        """Release what is held; further calls are errors."""
