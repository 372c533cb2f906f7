"""
The integration engine against the published package: bytes to bytes, trigger and validation included, one core each.

One side is JSON texts in and bodies out by `Outbound`; the other is JSON.parse and the package's own entry points, with
an HTTP client that answers at once. Rounds of the two alternate; what both send is compared first. What counts is the
time on a core, so that other programs on the machine slow both down but do not count.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.node import NodeMissing, install
from mockodp_harness.segment.outbound import Outbound

from bench import sources

EVENTS = 1000
SIZE = 100
ROUNDS = 9
SECONDS = 0.2
SETTINGS = {"apiKey": "odp_test_bench", "region": "US"}
WANTED = {"single": 10, "batch": 4}
ENGINE = "import mockodp_harness.destinations.optimizely_data_platform, mockodp_harness.segment.outbound"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Events of one kind with the subscription that takes them; *texts* are the events and the batches of them."""

    name: str
    subscription: dict[str, Any]
    texts: dict[str, list[bytes]]
    wanted: bool

    @classmethod
    def of(cls, kind: str, subscription: dict[str, Any], more: str = "", *, wanted: bool = True) -> Self:
        events = sources.texts(kind, EVENTS)
        return cls(kind + more, subscription, {"single": events, "batch": sources.batches(events, SIZE)}, wanted)


class Package:
    """The published package in a Node process of its own."""

    def __init__(self, folder: Path) -> None:
        command = ["node", str(Path(__file__).with_suffix(".mjs")), str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(asked) + b"\n")
        self._process.stdin.flush()
        answered: dict[str, Any] = orjson.loads(self._process.stdout.readline())
        return answered

    def take(self, corpus: Corpus) -> None:
        texts = {mode: [text.decode() for text in texts] for mode, texts in corpus.texts.items()}
        self(subscription=corpus.subscription, **texts)

    def end(self) -> None:
        self._process.communicate()


def ratios(scale: float) -> Iterator[tuple[str, str, str, bool]]:
    """Name, value, what is wanted, whether it is met: how many times as fast as the package."""
    try:
        package = Package(install())
    except NodeMissing as missing:
        yield "the engine against the published package", "not measured", f"Node: {missing}", True
        return
    gc.collect()
    gc.freeze()  # what the other measurements loaded is not the engine's to look through for garbage
    try:
        for corpus in corpora():
            package.take(corpus)
            for mode, wanted in WANTED.items():
                ratio, theirs, ours = _compared(package, corpus, mode, rounds=max(int(ROUNDS * scale), 3))
                is_met, asked = ratio >= wanted or not corpus.wanted, f"≥ {wanted} times package"
                yield f"engine, {mode}: {corpus.name}", f"{ratio:.1f}", asked if corpus.wanted else "-", is_met
                yield "  µs an event: package, engine", f"{theirs * 1e6:.1f}, {ours * 1e6:.1f}", "-", True
    finally:
        gc.unfreeze()
        package.end()


def corpora() -> Iterator[Corpus]:
    presets = {preset["name"]: preset for preset in odp.presets()}
    for name in ("Order Completed", "Product Added"):
        yield Corpus.of(name, presets[name])
    yield Corpus.of("identify", odp.default_subscription("upsertContact"))
    order = presets["Order Completed"]
    mapping = {**order["mapping"], "order_id": {"@case": {"operator": "upper", "value": order["mapping"]["order_id"]}}}
    yield Corpus.of("Order Completed", {**order, "mapping": mapping}, ", in capitals", wanted=False)


def _compared(package: Package, corpus: Corpus, mode: str, rounds: int) -> tuple[float, float, float]:
    """The median ratio, and seconds an event of both sides."""
    outbound = Outbound(odp.destination(), SETTINGS, [corpus.subscription])
    call = outbound.event if mode == "single" else outbound.batch
    texts, size = corpus.texts[mode], 1 if mode == "single" else SIZE
    assert [call(text)[0].body.decode() for text in texts] == package(bodies=mode)["bodies"], "other bytes were sent"
    package(run=mode, seconds=5 * SECONDS)
    pairs = []
    for _ in range(rounds):
        run = package(run=mode, seconds=SECONDS)
        pairs.append((run["seconds"] / run["calls"] / size, _timed(call, texts) / size))
    theirs, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    return statistics.median(their / our for their, our in pairs), theirs, ours


def _timed(call: Callable[[bytes], object], texts: list[bytes]) -> float:
    """Seconds of a core that a call takes, texts in a circle for about `SECONDS`."""
    done, started, until = 0, time.thread_time(), time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        for text in texts[:100]:
            call(text)
        done += len(texts[:100])
    return (time.thread_time() - started) / done


def readiness() -> Iterator[tuple[str, str, str, bool]]:
    """What it costs to import the engine, over a bare interpreter, and to make a subscription ready."""
    _started(ENGINE)  # writes the byte code
    span = statistics.median(_started(ENGINE) - _started("pass") for _ in range(15))
    yield "import of the engine, over a bare interpreter", f"{span * 1000:.0f} ms", "≤ 60 ms", span <= 0.060
    destination, event = odp.destination(), sources.texts("identify", 1)[0]
    spans = []
    for _ in range(15):
        started = time.thread_time()
        Outbound(destination, SETTINGS, [odp.default_subscription("upsertContact")]).event(event)
        spans.append(time.thread_time() - started)
    span = statistics.median(spans)
    yield "a subscription made ready, and its first event", f"{span * 1000:.1f} ms", "≤ 5 ms", span <= 0.005


def _started(program: str) -> float:
    """Seconds of a core that a Python program takes, with byte code on disk as an installed package has it."""
    program += "; import time; print(time.process_time())"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return float(subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, check=True).stdout)
