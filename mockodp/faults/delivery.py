"""
How a faulted answer goes out, or does not: held back, torn, late, or no HTTP at all.

What uvicorn would refuse to send, because it is broken, is written to the connection itself. All waiting ends when
the client resets the connection and when the mock stops; one that only ends its own side may still want its answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive, Send

from mockodp.answers import Answer, headers_of
from mockodp.faults.answering import phrase, seconds
from mockodp.faults.model import Wire
from mockodp.faults.plan import Strike

_RST: Final = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends a reset
_GARBAGE: Final = b"\x00\x01\x02 this is no HTTP \xff\xfe\r\n\r\n"
_DRIP_PIECE: Final = 1
_TOO_LONG: Final = 10
_LENGTH: Final = b"content-length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The way back to a client; *close* says that its connection ends with this answer."""

    send: Send
    receive: Receive
    transport: Any
    is_head: bool
    close: bool
    stopping: asyncio.Event


class _Ended(Exception):
    """Nobody waits for the rest of the answer."""


async def deliver(answer: Answer, strikes: Sequence[Strike], line: Line) -> None:
    """Send *answer* as the *strikes* let it: after their delays, and by the wire of the one that has one."""
    try:
        for strike in strikes:
            if strike.effect.delay is not None:
                await _wait(seconds(strike.effect.delay, strike.draw), line)
        broken = next((strike.effect for strike in strikes if strike.effect.wire is not None), None)
        if broken is None or broken.wire is None:
            await send_answer(answer, line.send, close=line.close)
        else:
            await _WIRES[broken.wire](answer, broken.wire_s or 0.0, line)
    except _Ended:
        line.transport.abort()
        await _gone(line.receive)


async def send_answer(answer: Answer, send: Send, *, close: bool = False) -> None:
    """Send a whole answer."""
    await send(_start(answer, close))
    await send({"type": "http.response.body", "body": answer.body})


async def _reset(_answer: Answer, _seconds: float, line: Line) -> None:
    bound = line.transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # the client was faster
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
    line.transport.abort()
    await _gone(line.receive)


async def _stall(answer: Answer, length: float, line: Line) -> None:
    await _wait(length, line)
    await send_answer(answer, line.send, close=line.close)


async def _stall_after_headers(answer: Answer, length: float, line: Line) -> None:
    await line.send(_start(answer, line.close))
    await _wait(length, line)
    await line.send({"type": "http.response.body", "body": answer.body})


async def _drip(answer: Answer, pause: float, line: Line) -> None:
    await line.send(_start(answer, line.close))
    for at in range(0, len(answer.body), _DRIP_PIECE):
        await _wait(pause, line)
        piece = answer.body[at : at + _DRIP_PIECE]
        await line.send({"type": "http.response.body", "body": piece, "more_body": True})
    await line.send({"type": "http.response.body", "body": b""})


async def _half_body(answer: Answer, _seconds: float, line: Line) -> None:
    body = answer.body
    await _raw(_head(answer, len(body)), body[: len(body) // 2], line)


async def _garbage(_answer: Answer, _seconds: float, line: Line) -> None:
    await _raw(_GARBAGE, b"", line)


async def _short_length(answer: Answer, _seconds: float, line: Line) -> None:
    await _raw(_head(answer, len(answer.body) // 2), answer.body, line)


async def _long_length(answer: Answer, _seconds: float, line: Line) -> None:
    await _raw(_head(answer, len(answer.body) + _TOO_LONG), answer.body, line)


_Deliver = Callable[[Answer, float, Line], Awaitable[None]]
_WIRES: Final[dict[Wire, _Deliver]] = {
    Wire.RESET: _reset,
    Wire.LOST_ANSWER: _reset,
    Wire.STALL: _stall,
    Wire.STALL_AFTER_HEADERS: _stall_after_headers,
    Wire.HALF_BODY: _half_body,
    Wire.DRIP: _drip,
    Wire.GARBAGE: _garbage,
    Wire.SHORT_LENGTH: _short_length,
    Wire.LONG_LENGTH: _long_length,
}


async def _raw(head: bytes, body: bytes, line: Line) -> None:
    """Write the bytes as they are and end the connection once they are out."""
    line.transport.write(head if line.is_head else head + body)
    line.transport.close()
    await _gone(line.receive)


async def _gone(receive: Receive) -> None:
    """Until the connection has ended: the server would answer by itself if we came back before."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait(length: float, line: Line) -> None:
    """Let *length* seconds pass; `_Ended` if the client goes away or the mock stops before."""
    ends = [asyncio.ensure_future(_gone(line.receive)), asyncio.ensure_future(line.stopping.wait())]
    try:
        done, _ = await asyncio.wait(ends, timeout=length, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
    if done:
        raise _Ended


def _start(answer: Answer, close: bool) -> dict[str, Any]:
    return {"type": "http.response.start", "status": answer.status, "headers": headers_of(answer, close=close)}


def _head(answer: Answer, length: int) -> bytes:
    headers = [(name, value) for name, value in headers_of(answer, close=True) if name != _LENGTH]
    lines = [b": ".join(header) for header in (*headers, (_LENGTH, b"%d" % length))]
    return b"\r\n".join([b"HTTP/1.1 %d %b" % (answer.status, phrase(answer.status).encode()), *lines, b"", b""])
