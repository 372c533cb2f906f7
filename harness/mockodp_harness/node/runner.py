"""
The Node process, asked from any number of threads: one line of JSON out, one line back, matched by id.

Knows the protocol and the process. What the destination says becomes a `Trace`, be it good or bad; only a
process that cannot answer raises.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Generic, Required, Self, TypedDict, TypeVar, Unpack, cast

from mockodp_harness.drivers.trace import Trace
from mockodp_harness.node.description import Description
from mockodp_harness.node.errors import RequestNotUnderstood, RunnerDied, RunnerSilent
from mockodp_harness.node.packages import found
from mockodp_harness.node.programs import node
from mockodp_harness.node.tls import joined

LIMIT = 60.0  # seconds for one call, after which the runner itself reports what it saw so far
GRACE = 30.0  # seconds more, for the process to say so
CLOSING = 10.0  # seconds to finish what is in flight when closed
LAST_WORDS = 30  # lines of stderr to keep
EXACT = 2**53  # up to here every whole number is a double

Json = Mapping[str, Any]
T = TypeVar("T")


class Instance(TypedDict, total=False):
    """
    A destination instance: its settings, and the subscriptions that decide what becomes of an event.

    *subscriptions* are as Segment stores them: subscribe, partnerAction, mapping and name. After them come
    the *presets* (all, or those named), then for each action slug in *defaults* one with that action's
    default mapping on its default trigger, else on ``type = "track"``. With *trace* the `Trace` of an event or a
    batch tells for each of all these how far the events got.
    """

    settings: Required[Json]
    subscriptions: Sequence[Json]
    presets: bool | Sequence[str]
    defaults: Sequence[str]
    trace: bool


class NodeRunner:
    """
    The published destination in one long-lived Node process.

    *hosts* moves regions to other base URLs, without TLS. To keep the real host names and meet a mock under
    them, give as *tls* what `tls_environment` returns. With neither, no request leaves the process. *folder*
    is where the packages are installed (default: the cache), *env* the whole environment (default: this
    process's). The time zone is its ``TZ``, else UTC.
    """

    def __init__(
        self,
        *,
        hosts: Mapping[str, str] | None = None,
        tls: Mapping[str, str] | None = None,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        own = dict(os.environ if env is None else env)
        place = found(env=own) if folder is None else folder
        self._pending: dict[int, _Pending[Any]] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)
        self._over: RunnerDied | None = None
        self._process = _started(node(own), place, _environment(own, hosts, tls))
        self._threads = [threading.Thread(target=ear, daemon=True) for ear in (self._overhear, self._hear)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def describe(self) -> Description:
        """The destination's own definition, and the versions it runs on."""
        return _outcome(self._ask("describe", _description, {}), LIMIT)

    def event(self, event: Json, *, limit: float = LIMIT, **instance: Unpack[Instance]) -> Trace:
        """What becomes of one event."""
        return _outcome(self.submit("event", limit=limit, event=event, **instance), limit)

    def batch(self, events: Sequence[Json], *, limit: float = LIMIT, **instance: Unpack[Instance]) -> Trace:
        """What becomes of several events delivered together, as Segment does in production."""
        return _outcome(self.submit("batch", limit=limit, events=events, **instance), limit)

    def test_authentication(self, settings: Json, *, limit: float = LIMIT) -> Trace:
        """What the destination says when Segment tries the key."""
        return _outcome(self.submit("testAuthentication", limit=limit, settings=settings), limit)

    def submit(self, op: str, *, limit: float = LIMIT, **members: Any) -> Future[Trace]:
        """
        Ask and do not wait: for many calls in flight.

        *op* is ``event``, ``batch`` or ``testAuthentication``, *members* are those of the protocol. After
        *limit* seconds the trace's error is a ``CallTimeout`` beside the requests seen so far.
        """
        events = members["events"] if op == "batch" else [members.get("event")]
        return self._ask(op, partial(_trace, events=events), {**members, "limit_ms": round(limit * 1000)})

    def close(self) -> None:
        """Let the process finish what is in flight, and end it."""
        with self._lock:
            self._over = self._over or RunnerDied("The Node runner is closed.")
            with contextlib.suppress(OSError):
                _pipe(self._process.stdin).close()
        try:
            self._process.wait(CLOSING)
        except subprocess.TimeoutExpired:
            self._process.kill()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, op: str, read: Callable[[Json], T], members: Json) -> Future[T]:
        number = next(self._ids)
        line = json.dumps({"id": number, "op": op, **members}, allow_nan=False) + "\n"
        pending = _Pending(op, read)
        with self._lock:
            if self._over:
                raise self._over
            self._pending[number] = pending
            with contextlib.suppress(OSError):  # the process is gone: whoever reads its stdout will say so
                _pipe(self._process.stdin).write(line.encode())
                _pipe(self._process.stdin).flush()
        return pending.future

    def _hear(self) -> None:
        """Hand each answer to whoever waits for it, until the process ends."""
        with _pipe(self._process.stdout) as stdout:
            for line in stdout:
                self._take(line)
        self._process.wait()
        self._threads[0].join()
        with self._lock:
            self._over = self._over or self._death()
            for pending in self._pending.values():
                pending.future.set_exception(self._death())
            self._pending.clear()

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line, parse_int=_whole)
            pending = self._pending.pop(said["id"])
        except (ValueError, TypeError, KeyError):  # not of the protocol: some option for Node talks on stdout
            self._last_words.append(line.decode(errors="replace").rstrip())
        else:
            pending.settle(said)

    def _overhear(self) -> None:
        with _pipe(self._process.stderr) as stderr:
            for line in stderr:
                self._last_words.append(line.decode(errors="replace").rstrip())

    def _death(self) -> RunnerDied:
        waiting = ", ".join(sorted({pending.op for pending in self._pending.values()})) or "nothing"
        words = re.sub(r"Bearer [^\s'\"]+", "Bearer ****", "\n".join(self._last_words)) or "(none)"
        return RunnerDied(
            f"The Node runner ended with exit code {self._process.returncode}, expected it to stay: "
            f"{len(self._pending)} calls were in flight ({waiting}). Its last words:\n{words}"
        )


class _Pending(Generic[T]):
    """A question whose answer is still to come."""

    def __init__(self, op: str, read: Callable[[Json], T]) -> None:
        self.op = op
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()  # what is asked cannot be taken back
        self._read = read

    def settle(self, said: Json) -> None:
        try:
            self.future.set_result(self._read(said))
        except Exception as error:  # it belongs to whoever asked
            self.future.set_exception(error)


def _trace(said: Json, events: Sequence[Any]) -> Trace:
    error = said.get("error")
    if error is not None and error["name"] == "ProtocolError":
        raise RequestNotUnderstood(error["message"])
    stored = [each["subscription"] for each in said.get("subscriptions", ())]
    return Trace.from_json(said, stored, events)


def _whole(digits: str) -> int | float:
    """The number that JavaScript means: beyond 2^53 its digits are those of a double, rounded."""
    number = int(digits)
    return number if abs(number) <= EXACT else float(digits)


def _description(said: Json) -> Description:
    return Description.from_json(said["results"])


def _outcome(future: Future[T], limit: float) -> T:
    try:
        return future.result(limit + GRACE)
    except TimeoutError:
        raise RunnerSilent(
            f"The Node runner gave no answer within {limit + GRACE:g} s, expected one within {limit:g} s. "
            "Is its process stopped, or the machine overloaded?"
        ) from None


def _environment(
    own: Mapping[str, str], hosts: Mapping[str, str] | None, tls: Mapping[str, str] | None
) -> dict[str, str]:
    env = joined(own, tls or {})
    if hosts is not None or tls is not None:
        env["MOCKODP_HOSTS"] = json.dumps(dict(hosts or {}))
    return env


def _started(program: str, folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [program, str(folder / "runner.mjs")],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)  # all three were asked for
