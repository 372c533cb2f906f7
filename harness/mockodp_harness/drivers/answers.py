"""
An HTTP answer as Node reads it: by the same parser, decompressed as its client does.

Nothing here knows of sockets.
"""

from __future__ import annotations

import zlib
from typing import Final

import httptools

from mockodp_harness.drivers.connection import Broken
from mockodp_harness.segment.values import ordered

MOST_HEADERS: Final = 1000
LARGEST_HEAD: Final = 16 * 1024
GZIP: Final = ("gzip", "x-gzip")
DEFLATE: Final = ("deflate", "x-deflate")
BODILESS: Final = (204, 304)
_ZLIB: Final = 0x08
_INFORMATIONAL: Final = range(100, 200)
_UPGRADE: Final = 101
_ONCE: Final = frozenset((
    "age", "authorization", "content-length", "content-type", "etag", "expires", "from", "host", "if-modified-since",
    "if-unmodified-since", "last-modified", "location", "max-forwards", "proxy-authorization", "referer", "retry-after",
    "server", "user-agent",
))  # fmt: skip
# The parser's words and their code in Node; the first that a message holds.
_CODES: Final = (
    ("Expected HTTP/", "HPE_INVALID_CONSTANT"),
    ("status", "HPE_INVALID_STATUS"),
    ("ersion", "HPE_INVALID_VERSION"),
    ("Expected dot", "HPE_INVALID_VERSION"),
    ("Duplicate Content-Length", "HPE_UNEXPECTED_CONTENT_LENGTH"),
    ("Transfer-Encoding can't", "HPE_INVALID_TRANSFER_ENCODING"),
    ("Content-Length can't", "HPE_UNEXPECTED_CONTENT_LENGTH"),
    ("Content-Length", "HPE_INVALID_CONTENT_LENGTH"),
    ("expected CR", "HPE_CR_EXPECTED"),
    ("expected LF", "HPE_LF_EXPECTED"),
    ("after start line", "HPE_UNEXPECTED_SPACE"),
    ("header", "HPE_INVALID_HEADER_TOKEN"),
    ("chunk size", "HPE_INVALID_CHUNK_SIZE"),
    ("Expected LF", "HPE_STRICT"),
)


class Undecodable(Exception):
    """The body is not what its coding says; the package's client then waits for its end for ever."""


class Upgraded(Exception):
    """The server speaks another protocol from here; the package's client then waits for a head that never comes."""


class Arriving:
    """An answer while it comes in: `feed` it, until `complete`."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.status = 0
        self.reason = ""
        self.has_head = False
        self.complete = False
        self.body = b""
        self._head = 0
        self._parser = httptools.HttpResponseParser(self)

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing in the head says how long the body is."""
        transfer = str(self.headers.get("transfer-encoding", "")).rpartition(",")[2].strip().lower()
        return "content-length" not in self.headers and transfer != "chunked"

    @property
    def coding(self) -> str | None:
        coding = self.headers.get("content-encoding")
        return coding if isinstance(coding, str) else None

    @property
    def headers(self) -> dict[str, str | list[str]]:
        """The headers as Node shows them: names in lower case, doubles joined or dropped."""
        return merged(self.pairs)

    def feed(self, data: bytes) -> None:
        """Take what came; `Broken` if it is no HTTP, `Upgraded` if it is HTTP no more."""
        before = self.body
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise Upgraded from None
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, Broken):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            self.body = before  # Node loses what came in one piece with the fault, even if the answer was whole by then
            if not self.complete:
                raise Broken(f"Parse Error: {error}", parse_code(str(error))) from None

    # -- the parser's names -------------------------------------------------------------------------------------------

    def on_status(self, reason: bytes) -> None:
        if not self.has_head:
            self.reason += reason.decode("latin1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.has_head:  # what follows a body is not shown
            return
        self._head += len(name) + len(value)
        if self._head >= LARGEST_HEAD:
            raise Broken("Parse Error: Header overflow", "HPE_HEADER_OVERFLOW")
        self.pairs.append((name.decode("latin1"), value.decode("latin1").rstrip(" \t")))

    def on_headers_complete(self) -> None:
        if self.has_head:
            return
        self.status = int(self._parser.get_status_code())
        self.has_head = self.status not in _INFORMATIONAL or (
            self.status == _UPGRADE and not self._parser.should_upgrade()
        )

    def on_body(self, piece: bytes) -> None:
        if not self.complete:
            self.body += piece

    def on_message_complete(self) -> None:
        if self.has_head:
            self.complete = True
        else:  # an informational answer: the answer proper is still to come
            self.pairs, self.reason, self._head = [], "", 0


def parse_code(message: str) -> str | None:
    """Node's code for what the parser says."""
    return next((code for words, code in _CODES if words in message), None)


def merged(pairs: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Headers as one object, as Node makes it."""
    made: dict[str, str | list[str]] = {}
    for name, value in ((cased.lower(), value) for cased, value in pairs[:MOST_HEADERS]):
        held = made.get(name)
        if name == "set-cookie":
            made[name] = [*(held or []), value]
        elif held is None:
            made[name] = value
        elif name not in _ONCE:
            made[name] = f"{held}{'; ' if name == 'cookie' else ', '}{value}"
    made.pop("__proto__", None)  # no member of any object in JavaScript
    return ordered(made)


def decoded(body: bytes, coding: str | None) -> bytes:
    """The body without its *coding*, as the package's client takes it off; `Undecodable` if that fails."""
    if coding in GZIP:
        return gunzipped(body)
    return inflated(body) if coding in DEFLATE else body


def gunzipped(body: bytes) -> bytes:
    """What is there of a gzip body, which may stop early; zeros may follow it, and more members."""
    made = b""
    while body.strip(b"\0"):
        member = zlib.decompressobj(wbits=31)
        try:
            made += member.decompress(body)
        except zlib.error as error:
            raise Undecodable(str(error)) from None
        body = member.unused_data
    return made


def inflated(body: bytes) -> bytes:
    """A deflate body, with the header of zlib or without; what follows it is left out."""
    stream = zlib.decompressobj(wbits=15 if body[0] & 0x0F == _ZLIB else -15)
    try:
        made = stream.decompress(body)
    except zlib.error as error:
        raise Undecodable(str(error)) from None
    if not stream.eof:
        raise Undecodable("The deflate body stops early.")
    return made


def shown(body: bytes, coding: str | None) -> str:
    """The body as a trace shows it: decompressed if it is sound, else byte by byte."""
    if not body or coding not in (*GZIP, "deflate"):
        return body.decode(errors="replace")
    try:
        return decoded(body, coding).decode(errors="replace")
    except Undecodable:
        return body.decode("latin1")
