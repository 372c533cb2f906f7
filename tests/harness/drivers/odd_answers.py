"""
Answers as no server should give them, and some that are sound: what each connection of a call plays.

Those of `WITHOUT_END` leave the published client waiting until its call is ended. Whatever can be read says
``Connection: close``: else Node may keep the connection, and the next call would begin on one that is being closed.
"""

from __future__ import annotations

import gzip
import zlib
from typing import Final

from tests.harness.drivers.odd_server import CLOSE, HOLD, RESET, Act

JSON: Final = b"Content-Type: application/json\r\n"
BODY: Final = b'{"a":1}'
GZIP: Final = gzip.compress(BODY, mtime=0)
ZLIB: Final = zlib.compress(BODY)
RAW: Final = ZLIB[2:-4]


def answer(body: bytes = b"{}", headers: bytes = JSON, status: bytes = b"200 OK", *, length: bool = True) -> bytes:
    size = b"Content-Length: %d\r\n" % len(body) if length else b""
    return b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n" + headers + size + b"\r\n" + body


def acts(*pieces: bytes, end: str = CLOSE) -> tuple[Act, ...]:
    return (Act(pieces, end),)


def head(headers: bytes) -> tuple[Act, ...]:
    return acts(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + headers + b"\r\n")


def coded(coding: bytes, body: bytes, status: bytes = b"200 OK") -> tuple[Act, ...]:
    return acts(answer(body, JSON + b"Content-Encoding: " + coding + b"\r\n", status))


def led(status: bytes, location: bytes, body: bytes = b"") -> tuple[Act, ...]:
    return (Act((answer(body, b"Location: " + location + b"\r\n", status + b" Elsewhere"),)), Act())


def chunked(body: bytes, coding: bytes = b"chunked") -> tuple[Act, ...]:
    return acts(answer(body, b"Transfer-Encoding: " + coding + b"\r\n", length=False))


SOUND: Final[dict[str, tuple[Act, ...]]] = {
    "plain": acts(answer()),
    "continue first": acts(b"HTTP/1.1 100 Continue\r\n\r\n", answer()),
    "early hints first": acts(b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n" + answer()),
    "switched without upgrade": acts(b"HTTP/1.1 101 Switch\r\nConnection: close\r\n\r\nabc"),
    "no content": acts(answer(b"", b"", b"204 No Content")),
    "no content, with a body": acts(answer(b"{}", JSON, b"204 No Content")),
    "no content, said to be zipped": coded(b"deflate", b"", b"204 No Content"),
    "HTTP/1.0": acts(b"HTTP/1.0 200 OK\r\n\r\nabc"),
    "HTTP/2.0 in words": acts(b"HTTP/2.0 200 OK\r\nConnection: close\r\n\r\nabc"),
    "until the end": acts(answer(length=False)),
    "chunked": chunked(b"2;ext=1\r\n{}\r\n0\r\nT: 1\r\n\r\n"),
    "chunked inside of another coding": chunked(b"{}", b"chunked, gzip"),
    "no reason": acts(answer(status=b"400 ")),
    "no reason and no blank": acts(answer(status=b"400")),
    "own reason": acts(answer(status=b"400 Nope nope")),
    "own reason in UTF-8": acts(answer(status="400 Nö".encode())),
    "a status that nobody knows": acts(answer(status=b"529 ")),
    "429": acts(answer(b"slow down", b"Retry-After: 7\r\n", b"429 Too Many Requests")),
    "999": acts(answer(status=b"999 ")),
    "JSON that is none": acts(answer(b"{")),
    "JSON that is none, refused": acts(answer(b"{", status=b"400 Bad Request")),
    "JSON of nothing": acts(answer(b"")),
    "JSON null": acts(answer(b"null")),
    "JSON with a mark before it": acts(answer(b"\xef\xbb\xbf{}")),
    "text that is no UTF-8": acts(answer(b"a\xff\xe2\x82b", b"")),
    "JSON in capitals": acts(answer(b"{}", b"Content-Type: Application/JSON\r\n")),
    "two types": acts(answer(b"{}", b"Content-Type: text/plain\r\nContent-Type: application/json\r\n")),
    "headers twice": acts(
        answer(
            b"{}",
            b"A: 1\r\na: 2\r\nSet-Cookie: x\r\nset-cookie: y\r\nAge: 1\r\nage: 2\r\nCookie: a\r\ncookie: b\r\n"
            b"L: \xe9\xff\r\nEmpty:\r\nSpaced:   a b  \r\n__proto__: x\r\n1: one\r\n",
        )
    ),
    "more headers than Node reads": acts(answer(b"{}", b"".join(b"A%d: x\r\n" % number for number in range(1100)))),
    "line ends before the answer": acts(b"\r\n\r\n" + answer()),
    "bytes after the answer": acts(answer() + b"junk"),
    "complete, and the connection stays": acts(answer(), end=HOLD),
    "zipped": coded(b"gzip", GZIP),
    "zipped, by the old name": coded(b"x-gzip", GZIP),
    "zipped, in capitals": coded(b"GZIP", GZIP),
    "zipped, cut": coded(b"gzip", GZIP[:-6]),
    "zipped, cut in its head": coded(b"gzip", GZIP[:5]),
    "zipped nothing": coded(b"gzip", b""),
    "zipped, zeros after it": coded(b"gzip", GZIP + b"\0\0\0"),
    "zipped, two members": coded(b"gzip", GZIP + gzip.compress(b" ", mtime=0)),
    "zipped, said twice": coded(b"gzip, gzip", GZIP),
    "zipped, refused": coded(b"gzip", GZIP, b"400 Bad Request"),
    "deflated": coded(b"deflate", ZLIB),
    "deflated, raw": coded(b"deflate", RAW),
    "deflated, by the old name": coded(b"x-deflate", ZLIB),
    "deflated, bytes after it": coded(b"deflate", ZLIB + b"xx"),
    "a coding that is none": coded(b"identity", b"{}"),
    "a coding that Node does not know": coded(b"zstd", b"{}"),
    "not modified": acts(answer(b"", b"", b"304 Not Modified")),
    "redirect without a location": acts(answer(status=b"307 Elsewhere")),
    "redirect of no kind that is followed": led(b"305", b"URL/there"),
    "redirect to two places": (*acts(answer(b"", b"Location: URL/a\r\nLocation: URL/b\r\n", b"302 Two")), Act()),
    "redirect with a body": led(b"301", b"URL/there", b"hello"),
    "redirect that never ends": acts(answer(b"", b"Location: URL/loop\r\n", b"302 Found")),
    "redirect whose body never comes": (
        Act((answer(b"", b"Location: URL/there\r\nContent-Length: 20\r\n", b"302 Found", length=False),), HOLD),
        Act(),
    ),
    "redirect to what refuses": led(b"302", b"http://127.0.0.1:1/x"),
    **{f"redirect by {status}": led(str(status).encode(), b"URL/there") for status in (301, 302, 303, 307, 308)},
    **{
        f"redirect to {location.decode()!r}": led(b"307", location)
        for location in (
            b"/x?y=1#f", b"x/../y/./z", b"../..", b".", b"?a=b c", b"#a", b"//127.0.0.1:PORT/x", b"", b"http:x",
            b"URL/a/../b/..", b"\\x\\y?\\z", b'URL/a b"<>`{}|\\^%zz%41?q="<>`{}|\\^\'', "URL/é?ü".encode(),
            b"http://u:p@127.0.0.1:PORT/x", b"ftp://127.0.0.1:PORT/x", b"mailto:x", b"HTTP://LOCALHOST:PORT",
            b"http://127.0.0.1:99999/x", b"http:///x", b"http://example.com/x", b"http://exa mple/x",
        )
    },
}  # fmt: skip

BROKEN: Final[dict[str, tuple[Act, ...]]] = {
    "nothing": acts(),
    "nothing, and a reset": acts(end=RESET),
    "half a head": acts(b"HTTP/1.1 200 OK\r\nContent-"),
    "no HTTP": acts(b"hello there\r\n\r\n"),
    "no HTTP, nearly": acts(b"HTTX/1.1 200 OK\r\n\r\n"),
    "lower case": acts(b"http/1.1 200 OK\r\n\r\n"),
    "TLS": acts(b"\x15\x03\x01\x00\x02\x02\x46"),
    "a version that is none": acts(b"HTTP/1.2 200 OK\r\nConnection: close\r\n\r\n"),
    "a version of letters": acts(b"HTTP/x.1 200 OK\r\n\r\n"),
    "a version without a dot": acts(b"HTTP/1-1 200 OK\r\n\r\n"),
    "a version that runs on": acts(b"HTTP/1.1-200 OK\r\n\r\n"),
    "a status of letters": acts(b"HTTP/1.1 abc\r\n\r\n"),
    "a status of two digits": acts(answer(status=b"99 ")),
    "a status of four digits": acts(answer(status=b"1000 ")),
    "a status that runs on": acts(answer(status=b"200x OK")),
    "a reason with a line end": acts(b"HTTP/1.1 200 OK\rX\r\n\r\n"),
    "line feeds alone": acts(answer().replace(b"\r\n", b"\n")),
    "a line feed alone": head(b"A: b\nC: d\r\n"),
    "a carriage return alone": head(b"A: b\rc\r\n"),
    "a folded header": head(b"A: 1\r\n  2\r\n"),
    "a zero in a header": head(b"A: 1\x002\r\n"),
    "a control in a header": head(b"A: 1\x012\r\n"),
    "a blank in a name": head(b"A b: 1\r\n"),
    "a blank after a name": head(b"A : 1\r\n"),
    "a blank before the first name": acts(b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n"),
    "no colon": head(b"Abc\r\n"),
    "no name": head(b": b\r\n"),
    "a head that is too long": head(b"A: " + b"x" * 20000 + b"\r\n"),
    "two lengths": head(b"Content-Length: 2\r\nContent-Length: 2\r\n"),
    "a length and chunks": head(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
    "a length of letters": head(b"Content-Length: x\r\n"),
    "a length below zero": head(b"Content-Length: -1\r\n"),
    "a length beyond all": head(b"Content-Length: 99999999999999999999999\r\n"),
}

WITHOUT_END: Final[dict[str, tuple[Act, ...]]] = {
    "silence": acts(end=HOLD),
    "silence after half a head": acts(b"HTTP/1.1 200 OK\r\nA:", end=HOLD),
    "silence after a redirect": (led(b"302", b"URL/there")[0], Act((), HOLD)),
    "silence in the body": acts(head(b"Content-Length: 20\r\n")[0].pieces[0] + b"{}", end=HOLD),
    "silence in a body without a length": acts(head(b"")[0].pieces[0] + b"{}", end=HOLD),
    "an upgrade": acts(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc"),
    "a body cut short": acts(head(b"Content-Length: 20\r\n")[0].pieces[0] + b"{}"),
    "a refused body cut short": acts(b"HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 20\r\n\r\n{}"),
    "chunks cut short": chunked(b"5\r\n{}"),
    "chunks without the last": chunked(b"2\r\n{}\r\n"),
    "chunks of no size": chunked(b"zz\r\n{}\r\n"),
    "chunks that run on": chunked(b"2\r\n{}xx"),
    "chunks with line feeds alone": chunked(b"2\n{}\r\n0\r\n\r\n"),
    "zipped, no zip": coded(b"gzip", b"hello world, this"),
    "zipped, no zip, refused": coded(b"gzip", b"hello world, this", b"400 Bad Request"),
    "zipped, wrong sum": coded(b"gzip", GZIP[:-8] + b"1234" + GZIP[-4:]),
    "zipped, wrong size": coded(b"gzip", GZIP[:-4] + b"1234"),
    "zipped, bytes after it": coded(b"gzip", GZIP + b"xyz"),
    "zipped, broken within": coded(b"gzip", GZIP[:10] + b"\xff\xff\xff\xff" + GZIP[14:]),
    "deflated, none": coded(b"deflate", b"\x78xxxxx"),
    "deflated, none, raw": coded(b"deflate", b"\x07xxxxx"),
    "deflated, cut": coded(b"deflate", ZLIB[:-3]),
    "deflated, cut, raw": coded(b"deflate", RAW[:-3]),
    "deflated, wrong sum": coded(b"deflate", ZLIB[:-1] + b"0"),
    "deflated nothing": coded(b"deflate", b""),
}
