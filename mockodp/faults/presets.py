"""Faults by name, as the data that anyone could write; and rates that ODP itself documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mockodp_contracts import Evidence


@dataclass(frozen=True, slots=True)
class Preset:
    """A named fault. *evidence* says how sure it is that what it stands for happens in reality, *source* why."""

    summary: str
    fault: Mapping[str, Any]
    evidence: Evidence
    source: str


PRESETS: Final[Mapping[str, Preset]] = {
    "slow-11s": Preset(
        "Answers after 11 s, when Segment's client has given up after 10: the event is in, and is sent again.",
        {"effect": {"wire": "stall", "wire_for": "11s"}},
        Evidence.CLIENT,
        "The published destination gives up when no headers came for 10 s, and calls that TimeoutError",
    ),
    "lost-answer": Preset(
        "Records the first request, then drops the connection: what is sent again is a duplicate.",
        {"effect": {"wire": "lost_answer"}, "expires": {"requests": 1}},
        Evidence.CLIENT,
        "The published destination sends no event id in any body, so that a repeated one cannot be told from a new one",
    ),
    "429-storm": Preset(
        "Nine of ten requests get 429 with Retry-After: 2.",
        {
            "sequence": [{"effect": {"status": 429, "retry_after": 2}, "times": 9}, {"effect": None, "times": 1}],
            "repeat": True,
        },
        Evidence.UNKNOWN,
        "ODP documents rates, but not what it answers above them; Segment reads 429 as worth a retry",
    ),
    "half-batch": Preset(
        "207 in which every second item failed: Segment's client takes all of them for delivered.",
        {"effect": {"status": 207, "fail": "every second"}},
        Evidence.UNKNOWN,
        "No source shows that these endpoints answer so; the published destination never reads the parts of a 207",
    ),
    "region-down": Preset(
        "Resets every connection before anything is recorded; choose a region, or all are down.",
        {"effect": {"wire": "reset"}},
        Evidence.INFERRED,
        "Any host can be down; the published destination sees ECONNRESET and reports it without a status",
    ),
    "auth-rotated": Preset(
        "401 for the key everywhere, as after somebody made a new one.",
        {"effect": {"status": 401}},
        Evidence.CLIENT,
        "Status faked in the destination's own tests; Segment does not retry 401",
    ),
    "flap-4h": Preset(
        "Ten minutes of 503, then five that work, for the four hours in which Segment tries again.",
        {
            "sequence": [{"effect": {"status": 503}, "for": "10m"}, {"effect": None, "for": "5m"}],
            "repeat": True,
            "expires": {"after": "4h"},
        },
        Evidence.INFERRED,
        "Segment documents retries for four hours; that an outage comes and goes is our own",
    ),
    "odp-rates": Preset(
        "The rates that ODP documents: 10 requests a second for profiles; events have none.",
        {
            "match": {"endpoint": "batch_upsert_contact"},
            "budget": {"requests": 10, "per": "1s"},
            "effect": {"status": 429},
        },
        Evidence.DOCS,
        "ODP's page on rate limits: Profiles 10 per second, Events none; that contacts count as profiles is inferred",
    ),
}
