"""
The published packages as a filter of cases, in one Node process: a line of JSON out, a line back, in the same order.

Knows the process and its lines, not what is in them. Lines are written and read by threads of their own, so that
neither side ever waits for the other to read.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Final, Self, cast

from mockodp_harness.node.errors import RunnerDied, RunnerSilent
from mockodp_harness.node.packages import found
from mockodp_harness.node.programs import node

PROGRAM: Final = "cases.mjs"
LIMIT: Final = 120.0  # seconds without any answer while one is awaited
CLOSING: Final = 10.0
LAST_WORDS: Final = 30
LONGEST_WORD: Final = 500


class NodeCases:
    """
    The published packages, answering cases.

    *folder* is where they are installed (default: the cache), *env* the whole environment (default: this process's).
    """

    def __init__(self, *, folder: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        own = dict(os.environ if env is None else env)
        place = found(env=own) if folder is None else folder
        self._outgoing: SimpleQueue[str | None] = SimpleQueue()
        self._incoming: SimpleQueue[bytes | None] = SimpleQueue()
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)
        self._process = subprocess.Popen(
            [node(own), str(place / PROGRAM)],
            env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        roles = (self._write, self._read, self._overhear)
        self._threads = [threading.Thread(target=role, daemon=True) for role in roles]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def submit(self, case: str) -> None:
        """Ask, and do not wait; *case* is a line of JSON."""
        self._outgoing.put(case)

    def take(self, limit: float = LIMIT) -> bytes:
        """The answer to the oldest case that has none yet."""
        try:
            answer = self._incoming.get(timeout=limit)
        except Empty:
            raise RunnerSilent(
                f"The Node process gave no answer within {limit:g} s, expected one to each case. "
                "Is it stopped, or the machine overloaded?"
            ) from None
        if answer is None:
            self._incoming.put(None)  # for whoever asks again
            raise self._death()
        return answer

    def ask(self, cases: Iterable[str]) -> list[bytes]:
        """The answers to *cases*; nothing else may be on its way."""
        count = 0
        for case in cases:
            self.submit(case)
            count += 1
        return [self.take() for _ in range(count)]

    def stream(self, cases: Iterable[str | bytes]) -> Iterator[bytes]:
        """
        The answer to each of *cases*, in order, as soon as it is there; nothing else may be on its way.

        Bytes among *cases* are an answer already, and come back as they are when it is their turn.
        """
        turns: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        threading.Thread(target=self._feed, args=(cases, turns), daemon=True).start()
        while (turn := turns.get()) is not None:
            if isinstance(turn, Exception):
                raise turn
            yield turn or self.take()

    def close(self) -> None:
        """End the process; what was asked and not taken is lost."""
        self._outgoing.put(None)
        try:
            self._process.wait(CLOSING)
        except subprocess.TimeoutExpired:
            self._process.kill()
        for thread in self._threads:
            thread.join()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        self.close()

    def _feed(self, cases: Iterable[str | bytes], turns: SimpleQueue[bytes | Exception | None]) -> None:
        try:
            for case in cases:
                if isinstance(case, str):
                    self.submit(case)
                turns.put(b"" if isinstance(case, str) else case)
            turns.put(None)
        except Exception as error:  # it is raised where the answers are awaited
            turns.put(error)

    def _write(self) -> None:
        pipe = _pipe(self._process.stdin)
        with contextlib.suppress(OSError):  # the process is gone: whoever reads its stdout will say so
            while (line := self._outgoing.get()) is not None:
                pipe.write(line.encode() + b"\n")
                if self._outgoing.empty():
                    pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self) -> None:
        with _pipe(self._process.stdout) as stdout:
            for line in stdout:
                self._incoming.put(line)
        self._process.wait()
        self._incoming.put(None)

    def _overhear(self) -> None:
        with _pipe(self._process.stderr) as stderr:
            for line in stderr:
                self._last_words.append(line.decode(errors="replace").rstrip()[:LONGEST_WORD])

    def _death(self) -> RunnerDied:
        self._threads[-1].join(CLOSING)
        words = "\n".join(self._last_words) or "(none)"
        return RunnerDied(
            f"The Node process that answers cases ended with exit code {self._process.returncode}, expected it to "
            f"stay. Its last words:\n{words}"
        )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)  # all three were asked for
