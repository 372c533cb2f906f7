"""
Group commit and wake-ups: many requests share one transaction, and whoever waits for records is woken by arrival.

What arrives in one turn of the event loop is committed together at its end, before any of it is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from mockodp.journal.protocol import Journal, Packed
from mockodp.records import Record


class Arrivals:
    """Wakes those who wait for records of an account, or of any."""

    def __init__(self) -> None:
        self._waiting: dict[str | None, list[asyncio.Future[None]]] = {}

    def next(self, account: str | None) -> asyncio.Future[None]:
        """Done at the next arrival for *account* (None: any). Ask before you look, so that none is missed."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, []).append(future)
        return future

    def forget(self, account: str | None, future: asyncio.Future[None]) -> None:
        """Nobody waits for *future* any more."""
        waiting = self._waiting.get(account, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._waiting.pop(account, None)

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return sum(len(futures) for futures in self._waiting.values())

    def announce(self, accounts: Iterable[str]) -> None:
        """Wake everybody who waits for one of *accounts*."""
        if not self._waiting:
            return
        for account in {*accounts, None}:
            for future in self._waiting.pop(account, ()):
                if not future.done():
                    future.set_result(None)


class GroupCommit:
    """The one writer of a journal."""

    def __init__(self, journal: Journal, arrivals: Arrivals) -> None:
        self._journal = journal
        self._arrivals = arrivals
        self._pending: list[tuple[Packed, asyncio.Future[None]]] = []
        self.commits = 0

    def commit(self, record: Record) -> asyncio.Future[None]:
        """Done when *record* is kept; fails as the store fails."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._pending:
            loop.call_soon(self._flush)
        self._pending.append((self._journal.pack(record), future))
        return future

    def _flush(self) -> None:
        group, self._pending = self._pending, []
        try:
            self._journal.append([packed for packed, _ in group])
        except Exception as error:  # whatever the store says goes to each request of the group
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        self.commits += 1
        for _, future in group:
            if not future.done():
                future.set_result(None)
        self._arrivals.announce(packed.record.account for packed, _ in group)
