"""
What all parts of a running mock share: settings, keys, journal, the one writer, wake-ups, counters, the log.

Knows nothing of HTTP. Needs no start; `close` releases the journal.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from mockodp.faults.armoury import Armoury
from mockodp.faults.clock import Clocks
from mockodp.faults.model import EVERY_ACCOUNT
from mockodp.journal import Arrivals, GroupCommit, Journal
from mockodp.keys import Keyring
from mockodp.log import Log
from mockodp.regions import Region
from mockodp.settings import Settings
from mockodp.verification import item_test

T = TypeVar("T")

_QUIET_SECONDS = 0.2
_SWEEP_SECONDS = 0.002
_PIECE = 25
_READERS = 4


class MockODP:
    """A local ODP over one journal."""

    def __init__(self, settings: Settings, keyring: Keyring, journal: Journal, *, log: Log, token: str) -> None:
        self.settings = settings
        self.keyring = keyring
        self.journal = journal
        self.token = token
        self.log = log
        self.arrivals = Arrivals()
        self.clocks = Clocks()
        self.armoury = Armoury(
            self.clocks, item_test, member=settings.fault_member, keys_account=keyring.account_of_key
        )
        self.writer = GroupCommit(journal, self.arrivals)
        self.answered: Counter[tuple[str, str, str]] = Counter()
        self.faulted: Counter[str] = Counter()
        self.judged: Counter[str] = Counter()
        self.unrecorded: Counter[str] = Counter()
        self.stopping = asyncio.Event()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="mockodp-read")
        self._tidier: asyncio.Task[None] | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    def unreadable(self, status: int, message: str) -> None:
        """A request came whose head could not be read: it reached no endpoint and no account."""
        self.unrecorded["unreadable"] += 1
        self.log.unreadable(status, message)

    def fails_handshake(self, region: Region | None) -> bool:
        """Whether a fault lets a TLS handshake fail; *region* is unknown where the client names no vendor's host."""
        strike = self.armoury.plan.fails_handshake(region and region.value, self.clocks.now_us(EVERY_ACCOUNT))
        if strike is None:
            return False
        self.faulted[strike.fault.name] += 1
        self.log.handshake(region, strike.fault.name)
        return True

    async def read(self, question: Callable[[], T]) -> T:
        """Ask the journal without keeping the event loop waiting."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, question)

    async def woken(self, arrival: asyncio.Future[Any], seconds: float) -> bool:
        """Whether *arrival* came within *seconds*; no longer waited for when the mock stops."""
        if seconds <= 0 or self.stopping.is_set():
            return False
        stopping = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait([arrival, stopping], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        return arrival.done()

    def start_tidying(self) -> None:
        """Index and sweep in the background whenever no request has come for a moment."""
        self._tidier = asyncio.get_running_loop().create_task(self._tidy())
        self.sweep()

    async def _tidy(self) -> None:
        while True:
            await self.arrivals.next(None)
            commits = await self._quiet_moment()
            try:
                while commits == self.writer.commits and await self.read(partial(self.journal.catch_up, _PIECE)):
                    pass
            except Exception as error:  # derived data: a search tries again, and tells
                self.log.trouble(f"The index could not be brought up to date: {error}")

    async def _quiet_moment(self) -> int:
        """Wait until nothing was committed for a moment; the number of commits by then."""
        commits = -1
        while commits != self.writer.commits:
            commits = self.writer.commits
            await asyncio.sleep(_QUIET_SECONDS)  # being woken by each commit would cost more
        return commits

    def sweep(self) -> None:
        """Work off what large resets left behind, a piece at a time between requests."""
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep_piece)

    def _sweep_piece(self) -> None:
        self._sweeping = None
        try:
            if not self.stopping.is_set() and self.journal.sweep():
                self.sweep()
        except Exception as error:  # nothing is lost: the next reset or start sweeps on
            self.log.trouble(f"Records of a reset account could not be removed: {error}")

    async def stop(self) -> None:
        """End streams, waits and background work."""
        self.stopping.set()
        if self._tidier is not None:
            self._tidier.cancel()
            await asyncio.gather(self._tidier, return_exceptions=True)

    def close(self) -> None:
        """Release the journal."""
        self._readers.shutdown(cancel_futures=True)
        self.journal.close()
