"""
Measures the mock against a bare Starlette route, and the integration engine against the published package, in the
same run each, and prints each figure beside what it should be.

    python -m bench             everything
    python -m bench engine      the integration engine alone
    SCALE=0.1 python -m bench   a tenth of the requests

Ratios are medians over pairs of runs that alternate between the two, so that a machine whose speed drifts does not
favour one of them. Nothing here fails a build: absolute times depend on the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import orjson
from mockodp_contracts import catalog

from bench import engine
from bench.bodies import batch, body
from mockodp.client import Client

SCALE = float(os.environ.get("SCALE", "1"))
PATH = "/twilio_segment/batch_custom_event"
PAIRS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: what was measured, what came out, what it should be."""

    name: str
    value: str
    wanted: str
    met: bool


def main() -> None:
    figures: list[Figure] = []
    measures = (ready, judging, throughput, faults, memory_and_search, own_account, waking, integration)
    for measure in measures if sys.argv[1:] != ["engine"] else (integration,):
        for figure in measure():
            figures.append(figure)
            print(
                f"{'ok ' if figure.met else 'LOW'}  {figure.name:<58} {figure.value:>16}   wanted {figure.wanted}",
                flush=True,
            )
    low = sum(not figure.met for figure in figures)
    print(f"{len(figures) - low} of {len(figures)} figures as wanted (SCALE={SCALE:g}, {os.cpu_count()} cores)")


def integration() -> Iterator[Figure]:
    """The integration engine: what it costs to have it, and its speed as a multiple of the published package's."""
    for figure in (*engine.readiness(), *engine.ratios(SCALE)):
        yield Figure(*figure)


def ready() -> Iterator[Figure]:
    """From spawn to the ready line, certificates already made."""
    with TemporaryDirectory() as folder:
        with mock(Path(folder)):
            pass
        spans = []
        for _ in range(7):
            started = time.perf_counter()
            with mock(Path(folder)):
                spans.append(time.perf_counter() - started)
        bare = []
        for _ in range(7):
            started = time.perf_counter()
            with bare_route():
                bare.append(time.perf_counter() - started)
    span = statistics.median(spans)
    yield Figure("ready after spawn, TLS and file journal", f"{span * 1000:.0f} ms", "≤ 450 ms", span <= 0.45)
    yield Figure("  the same for the bare route", f"{statistics.median(bare) * 1000:.0f} ms", "-", True)


def judging() -> Iterator[Figure]:
    """What it costs to judge a batch of 100 items, and how that compares with reading it."""
    judge, items, text = catalog().judge("envelopes/batch_custom_event"), batch(100), body(100)
    now = datetime.now(UTC)
    judged, read = _fastest(lambda: judge.findings(items, now)), _fastest(lambda: orjson.loads(text))
    yield Figure("judging 100 events by contract", f"{judged * 1000:.2f} ms", "≤ 0.5 ms", judged <= 0.0005)
    yield Figure("  as a multiple of reading them as JSON", f"{judged / read:.1f}", "-", True)


def _fastest(call: Callable[[], object]) -> float:
    """Seconds a call takes when nothing else is in its way."""
    return min(timeit.repeat(call, number=50, repeat=9)) / 50


def throughput() -> Iterator[Figure]:
    """Requests per second, journal in a file, as a ratio to the bare route with the same bodies."""
    with TemporaryDirectory() as folder, mock(Path(folder)) as served, bare_route() as bare:
        for count, most, wanted in ((1, 20_000, 0.5), (100, 3_000, 0.18)):
            file = Path(folder) / f"body-{count}.json"
            file.write_bytes(body(count))
            requests = int(most * SCALE)
            rates = [(load(served.url, file, requests), load(bare, file, requests)) for _ in range(PAIRS + 1)][1:]
            ratio = statistics.median(ours / theirs for ours, theirs in rates)
            ours, theirs = (statistics.median(side) for side in zip(*rates, strict=True))
            name = f"{count} event{'s' * (count > 1)} a request ({file.stat().st_size:,} bytes)"
            yield Figure(name, f"{ratio:.2f}", f"≥ {wanted} of bare", ratio >= wanted)
            yield Figure("  requests a second: mock, bare", f"{ours:,.0f}, {theirs:,.0f}", "-", True)


def faults() -> Iterator[Figure]:
    """What a fault costs those whom it does not concern: requests a second, as a ratio to none being armed."""
    with TemporaryDirectory() as folder, mock(Path(folder)) as served, Client(served.url, served.token) as odp:
        file, requests = Path(folder) / "body.json", int(10_000 * SCALE)
        file.write_bytes(body(1))
        ratios = []
        for _ in range(PAIRS + 1):
            without = load(served.url, file, requests)
            with odp.fault("somebody-else", preset="region-down", must_meet=False):
                ratios.append(load(served.url, file, requests) / without)
    ratio = statistics.median(ratios[1:])
    yield Figure("requests while another account has a fault", f"{ratio:.2f}", "≥ 0.95 of none", ratio >= 0.95)


def memory_and_search() -> Iterator[Figure]:
    """Memory over 200,000 events in a file store, then one item among them by a field."""
    requests = int(2_000 * SCALE)
    with TemporaryDirectory() as folder, mock(Path(folder)) as served:
        items = batch(100)
        peaks = []
        with httpx2.Client(
            base_url=served.url, headers={"authorization": "Bearer odp_test_many"}, trust_env=False
        ) as client:
            for number in range(requests):
                items[number % 100]["order_id"] = f"needle-{number}"
                client.post(PATH, content=orjson.dumps(items), headers={"content-type": "application/json"})
                if number % (requests // 4) == requests // 4 - 1:
                    peaks.append(resident_mib(served.pid))
        events = f"{requests * 100:,} events"
        yield Figure(f"memory after {events}", f"{peaks[-1]:.0f} MiB", "≤ 120 MiB", peaks[-1] <= 120)
        yield Figure(
            "  at a quarter, half, three quarters", ", ".join(f"{peak:.0f}" for peak in peaks[:3]), "flat", True
        )
        with Client(served.url, served.token) as odp:
            started = time.perf_counter()
            odp.items(account="many", where="order_id=needle-0", limit=1)
            yield Figure(
                "  first search, which finishes the index", f"{time.perf_counter() - started:.2f} s", "-", True
            )
            spans = []
            for number in range(0, requests, max(requests // 50, 1)):
                started = time.perf_counter()
                found = odp.items(account="many", where=f"order_id=needle-{number}", limit=1)["items"]
                spans.append(time.perf_counter() - started)
                assert found[0]["item"]["order_id"] == f"needle-{number}"
        span = statistics.median(spans)
        yield Figure(f"one item among {events} by a field", f"{span * 1000:.1f} ms", "≤ 10 ms", span <= 0.010)


def own_account() -> Iterator[Figure]:
    """What a test pays: its own account, one POST, a verification, the end of the account."""
    with TemporaryDirectory() as folder, mock(Path(folder), store=":memory:") as served:
        rounds = max(int(1_000 * SCALE), 100)
        spans, bare = [], []
        with Client(served.url, served.token) as odp, httpx2.Client(trust_env=False) as client:
            for number in range(rounds):
                started = time.perf_counter()
                for _ in range(3):
                    odp.is_ready()
                bare.append(time.perf_counter() - started)
                started = time.perf_counter()
                headers = {"authorization": f"Bearer odp_test_own-{number}"}
                client.post(served.url + PATH, json=[{"type": "order"}], headers=headers)
                odp.expect(f"own-{number}", type="order")
                odp.reset(f"own-{number}")
                spans.append(time.perf_counter() - started)
    span = statistics.median(spans)
    yield Figure("own account + POST + verify + end", f"{span * 1000:.2f} ms", "≤ 2 ms", span <= 0.002)
    yield Figure(
        "  three calls of the same client that do nothing", f"{statistics.median(bare) * 1000:.2f} ms", "-", True
    )


def waking() -> Iterator[Figure]:
    """From the answer to a write to the answer of a verification that was waiting for it."""
    with TemporaryDirectory() as folder, mock(Path(folder)) as served, ThreadPoolExecutor() as threads:
        spans = []
        with Client(served.url, served.token) as odp, httpx2.Client(trust_env=False) as client:
            for number in range(max(int(50 * SCALE), 10)):
                account = odp.open_account(f"wake-{number}")
                waiting = threads.submit(_expected_at, odp, account.name)
                time.sleep(0.02)
                client.post(
                    served.url + PATH, json=[{"type": "order"}], headers={"authorization": f"Bearer {account.key}"}
                )
                written = time.perf_counter()
                spans.append(waiting.result() - written)
    yield Figure(
        "a waiting verification wakes after arrival",
        f"{max(spans) * 1000:.1f} ms",
        "≤ 50 ms, worst",
        max(spans) <= 0.05,
    )


def _expected_at(odp: Client, account: str) -> float:
    odp.expect(account, type="order", within="10s")
    return time.perf_counter()


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    token: str
    pid: int


@contextlib.contextmanager
def mock(folder: Path, store: str | None = None) -> Iterator[Served]:
    """A mock with TLS and its journal in a file, as 'make mock-up' runs it, but for the log."""
    command = [
        sys.executable, "-m", "mockodp", "serve", "--port", "0", "--tls-port", "0", "--log", "none",
        "--store", store or str(folder / "journal.db"), "--state-dir", str(folder), "--keep-records", "1000000",
        "--keep-bytes", str(4 * 1024**3),
    ]  # fmt: skip
    with spawned(command) as (process, line):
        yield Served(line["url"], line["token"], process.pid)


@contextlib.contextmanager
def bare_route() -> Iterator[str]:
    with spawned([sys.executable, "-m", "bench.bare"]) as (_, line):
        yield line["url"]


@contextlib.contextmanager
def spawned(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def load(url: str, file: Path, requests: int) -> float:
    """Requests a second that *url* answered, 32 connections at once, from a process of its own."""
    command = [
        sys.executable, "-m", "bench.load", "--port", url.rpartition(":")[2], "--path", PATH,
        "--body", str(file), "--count", str(requests),
    ]  # fmt: skip
    figures = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)
    assert figures["statuses"] == {"201": requests}, figures
    return float(figures["rate"])


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no VmRSS")


if __name__ == "__main__":
    main()
