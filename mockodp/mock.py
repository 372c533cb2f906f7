"""
What all parts of a running mock share: settings, keys, journal, the one writer, wake-ups, counters, the log.

Knows nothing of HTTP. Needs no start; `close` releases the journal.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mockodp.journal import Arrivals, GroupCommit, Journal
from mockodp.keys import Keyring
from mockodp.log import Log
from mockodp.settings import MEMORY, Settings

T = TypeVar("T")

_QUIET_SECONDS = 0.2
_PIECE = 25


class MockODP:
    """A local ODP over one journal."""

    def __init__(self, settings: Settings, keyring: Keyring, journal: Journal, *, log: Log, token: str) -> None:
        self.settings = settings
        self.keyring = keyring
        self.journal = journal
        self.token = token
        self.log = log
        self.arrivals = Arrivals()
        self.writer = GroupCommit(journal, self.arrivals)
        self.answered: Counter[tuple[str, str, int]] = Counter()
        self.unrecorded: Counter[str] = Counter()
        self.stopping = asyncio.Event()
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="mockodp-read") if settings.store != MEMORY else None
        self._tidier: asyncio.Task[None] | None = None

    def unreadable(self, status: int, message: str) -> None:
        """A request came whose head could not be read: it reached no endpoint and no account."""
        self.unrecorded["unreadable"] += 1
        self.log.unreadable(status, message)

    async def read(self, question: Callable[[], T]) -> T:
        """Ask the journal without keeping the event loop waiting, where the store allows that."""
        if self._readers is None:
            return question()
        return await asyncio.get_running_loop().run_in_executor(self._readers, question)

    async def woken(self, arrival: asyncio.Future[Any], seconds: float) -> bool:
        """Whether *arrival* came within *seconds*; at once when the mock stops."""
        stopping = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait([arrival, stopping], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        return arrival.done() or self.stopping.is_set()

    def start_tidying(self) -> None:
        """Index and sweep in the background whenever no request has come for a moment."""
        self._tidier = asyncio.get_running_loop().create_task(self._tidy())
        self.sweep()

    async def _tidy(self) -> None:
        while True:
            await self.arrivals.next(None)
            commits = await self._quiet_moment()
            while commits == self.writer.commits and await self.read(  # noqa: ASYNC110  a pause between pieces
                lambda: self.journal.catch_up(_PIECE)
            ):
                await asyncio.sleep(0)

    async def _quiet_moment(self) -> int:
        """Wait until nothing was committed for a moment; the number of commits by then."""
        commits = -1
        while commits != self.writer.commits:
            commits = self.writer.commits
            await asyncio.sleep(_QUIET_SECONDS)  # being woken by each commit would cost more
        return commits

    def sweep(self) -> None:
        """Work off what large resets left behind, a piece at a time between requests."""
        if not self.stopping.is_set() and self.journal.sweep():
            asyncio.get_running_loop().call_later(0.002, self.sweep)

    async def stop(self) -> None:
        """End streams, waits and background work."""
        self.stopping.set()
        if self._tidier is not None:
            self._tidier.cancel()
            await asyncio.gather(self._tidier, return_exceptions=True)

    def close(self) -> None:
        """Release the journal."""
        if self._readers is not None:
            self._readers.shutdown(cancel_futures=True)
        self.journal.close()
