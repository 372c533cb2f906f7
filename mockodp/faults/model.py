"""
What a fault is: which requests it meets, and what it does to them. Frozen values; knows no sockets, reads no clock.

A fault belongs to one account unless it says ``*``. What it does is an `Effect`, or several in turn (`Step`), or an
effect on those requests only that are over a `Budget`. Times are microseconds on the account's clock, but for what a
client has to sit through: delays and stalls are real seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

EVERY_ACCOUNT: Final = "*"


class Wire(StrEnum):
    """What may happen to the bytes themselves."""

    RESET = "reset"  # the connection is reset, and nothing is recorded
    LOST_ANSWER = "lost_answer"  # recorded, then the connection is reset
    STALL = "stall"  # the answer comes late
    STALL_AFTER_HEADERS = "stall_after_headers"  # its headers come, its body late
    HALF_BODY = "half_body"  # the connection ends in the middle of the body
    DRIP = "drip"  # the body comes byte by byte
    GARBAGE = "garbage"  # what comes is no HTTP
    SHORT_LENGTH = "short_length"  # content-length promises less than comes
    LONG_LENGTH = "long_length"  # content-length promises more than comes
    TLS_FAILURE = "tls_failure"  # the handshake fails, before anyone knows whose request it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How long an answer is held back, in seconds: drawn from one of four distributions."""

    kind: str  # fixed, uniform, lognormal, percentiles
    values: tuple[float, ...]
    """fixed: seconds; uniform: low, high; lognormal: median, sigma; percentiles: percent and seconds in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What befalls a request. *status* and what follows make another answer; *wire* is what befalls its bytes."""

    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: Any = None
    retry_after: int | None = None
    fail: tuple[int, ...] | str | None = None
    """With 207: the items of a batch that fail, by index, or ``every second``."""
    fail_status: int = 400
    location: str | None = None
    delay: Delay | None = None
    wire: Wire | None = None
    wire_s: float | None = None
    """How long a stall lasts, or how long the drip waits between two bytes."""

    @property
    def is_delay_only(self) -> bool:
        return self.delay is not None and self.status is None and self.wire is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of a sequence: an effect, or none, for so many requests, or for so long on the account's clock."""

    effect: Effect | None
    times: int | None = 1
    for_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A token bucket for each account: *tokens* at most, refilled evenly within *per_us*."""

    tokens: int
    per_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """
    Which requests of the account a fault meets; a member that is None asks for nothing.

    *item* is a predicate as in a verification: some item of the request has to meet it. *nth* and *every* count the
    requests of one account that meet all the rest while the fault lasts, *probability* is drawn for each of those from
    *seed*. A request that a fault armed earlier has struck counts for none armed later.
    """

    region: str | None = None
    endpoint: str | None = None
    item: Mapping[str, Any] | None = None
    nth: tuple[int, ...] = ()
    every: int = 1
    probability: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: *match* leads to one *step* after the other, to the last for ever unless they *repeat* or end."""

    id: str
    name: str
    account: str
    match: Match
    steps: tuple[Step, ...]
    repeat: bool = False
    budget: Budget | None = None
    most_requests: int | None = None
    lifetime_us: int | None = None
    said: Mapping[str, Any] | None = None
    """The fault as it was told, for whoever lists it."""

    @property
    def only_delays(self) -> bool:
        """Whether all it ever does is to hold answers back."""
        return all(step.effect is None or step.effect.is_delay_only for step in self.steps)

    @property
    def fails_handshakes(self) -> bool:
        """Whether it falls on TLS handshakes, and so never on a request."""
        return any(step.effect is not None and step.effect.wire is Wire.TLS_FAILURE for step in self.steps)

    @property
    def cycle_us(self) -> int:
        """How long a sequence takes that repeats and knows only times; 0 for any other."""
        spans = [step.for_us or 0 for step in self.steps]
        return sum(spans) if self.repeat and all(spans) else 0
