"""
What arrived and what became of it, as frozen values. Knows nothing of sockets, SQL or files.

A record's id is a number that grows with time (milliseconds since 1970, then a counter), written as 16 hex digits, so
that text order is time order. An item of a batch is addressed as ``<record id>.<index>``.
"""

from __future__ import annotations

import gzip
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from mockodp_contracts.violation import MASK, SECRET

from mockodp.judgement import Judgement
from mockodp.regions import Region

Headers = tuple[tuple[bytes, bytes], ...]

_COUNTER_BITS: Final = 20


class RecordIds:
    """Gives ids that grow, also within one millisecond and after a restart."""

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def next(self) -> int:
        self._last = max(self._last + 1, time.time_ns() // 1_000_000 << _COUNTER_BITS)
        return self._last


def id_text(number: int) -> str:
    """A record id as it is shown."""
    return f"{number:016x}"


def address(record_id: int, index: int) -> str:
    """The id of an item of a batch, as it is shown."""
    return f"{id_text(record_id)}.{index}"


def answered_range(told: float | str) -> tuple[int, int]:
    """The least and the most of `Record.answered` that is meant by 503, ``"503"``, ``"5xx"`` or ``"none"``."""
    if told == "none":
        return 0, 0
    text = told if isinstance(told, str) else str(int(told))  # JSON may write 503.0
    return int(text.replace("x", "0")), int(text.replace("x", "9"))


def id_number(text: str) -> int | None:
    """The number of a shown record id, or None if it is none."""
    return int(text, 16) if re.fullmatch(r"[0-9a-f]{16}", text) and int(text, 16) < 2**63 else None


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; *body* holds what arrived of it, *announced* what Content-Length promised."""

    region: Region
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    at_us: int
    announced: int | None = None
    over_limit: bool = False
    broken_off: str = ""
    misframed: str = ""

    def header(self, name: bytes) -> str | None:
        """The first value of the header *name* (lower case)."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Record:
    """One request in the journal, refused or accepted, with the answer it got."""

    id: int
    account: str
    region: str
    endpoint: str | None
    method: str
    path: str
    at_us: int
    duration_us: int
    status: int
    headers: bytes
    body: bytes
    answer: bytes
    items: int | None
    refusal: Mapping[str, Any] | None = None
    verdict: str | None = None
    """``pass`` or ``fail``, what the contract says of the body in a word; None if it could not be judged."""
    packed_judgement: bytes | None = None
    """What it says in full, as `Judgement.packed`; None also if there is nothing to say."""
    faults: tuple[Mapping[str, Any], ...] = ()
    """The faults that touched it; *status* and *answer* are what would have been answered without them."""

    @property
    def answered(self) -> int:
        """The status that went out, a fault or not; 0 if none did."""
        return next((fault["answered"] or 0 for fault in self.faults if "id" in fault), self.status)

    @property
    def accepted(self) -> bool:
        return self.refusal is None

    def header(self, name: str) -> str | None:
        """The first value of the header *name* (lower case)."""
        return next((value for key, value in orjson.loads(self.headers) if key == name), None)

    def text(self) -> bytes:
        """The body without its content encoding; as it arrived where it cannot be inflated."""
        if (self.header("content-encoding") or "").strip().lower() not in ("gzip", "x-gzip"):
            return self.body
        try:
            return gzip.decompress(self.body)
        except (OSError, EOFError, zlib.error):
            return self.body

    def parsed_items(self) -> list[dict[str, Any]]:
        """The items of an accepted write; nothing for a refused request."""
        return self.decoded() if self.items and self.accepted else []

    @property
    def judgement(self) -> Judgement | None:
        """What the contract of the endpoint says of the body; made anew at each call."""
        if self.verdict is None:
            return None
        return Judgement.unpacked(self.packed_judgement, f"envelopes/{self.endpoint}").with_advice(self.decoded())

    def decoded(self) -> Any:
        """The body of a request that could be judged, also of a refused one."""
        return orjson.loads(self.text())


def masked_headers(headers: Headers) -> bytes:
    """Headers as a JSON list of pairs, the values of secret ones masked."""
    return orjson.dumps(
        [
            (name.decode("latin-1"), _masked(value.decode("latin-1")) if is_secret(name) else value.decode("latin-1"))
            for name, value in headers
        ]
    )


def masked_query(query: str) -> str:
    """A query string with every value masked: the emulated endpoints take none, so a secret may stand there."""
    return "&".join(f"{part.partition('=')[0]}={MASK}" if "=" in part else MASK for part in query.split("&"))


def is_secret(name: bytes) -> bool:
    """Whether a header's value must not be shown."""
    known = _KNOWN_HEADERS.get(name)
    if known is None:
        known = bool(SECRET.search(name.decode("latin-1")))
        if len(_KNOWN_HEADERS) < _MOST_KNOWN:
            _KNOWN_HEADERS[name] = known
    return known


def _masked(value: str) -> str:
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {MASK}" if blank and scheme.lower() in _SCHEMES else MASK


_SCHEMES: Final = frozenset({"bearer", "basic", "digest", "token"})
_KNOWN_HEADERS: Final[dict[bytes, bool]] = {}
_MOST_KNOWN: Final = 1_000
