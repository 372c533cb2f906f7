"""URLs as Node's older reader takes them apart: what the package's HTTP client asks, and how it follows a redirect."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

PORTS: Final = {"http:": 80, "https:": 443}
_PROTOCOL: Final = re.compile(r"[a-zA-Z0-9.+-]+:")
_AUTHORITY: Final = re.compile(
    r"(?:(?P<user>[^/?#]*)@)?(?P<host>\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9.\-+_\u0080-\U0010ffff]*)(?::(?P<port>[0-9]*)(?=$|[/?#]))?"
)
_ESCAPED: Final = re.compile("[\t\n\r \"'<>\\\\^`{|}]")


class UnreadableUrl(ValueError):
    """A text is no URL at all."""


@dataclass(frozen=True, slots=True)
class Url:
    """
    A URL in its parts; *path* with the query, *host* without brackets.

    *user* is what stands before the host; the client shows it in messages and does not send it.
    """

    protocol: str
    host: str
    port: str = ""
    path: str = ""
    fragment: str = ""
    user: str = ""

    def __str__(self) -> str:
        user, port = f"{self.user}@" if self.user else "", f":{self.port}" if self.port else ""
        return f"{self.protocol}//{user}{self._host}{port}{self.path}{self.fragment}"

    @property
    def authority(self) -> str:
        """Host and port as in the Host header."""
        return self._host if self.number == PORTS.get(self.protocol) else f"{self._host}:{self.number}"

    @property
    def number(self) -> int:
        return int(self.port) if self.port else PORTS.get(self.protocol, 0)

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parsed(text: str) -> Url:
    """The parts of an absolute URL; without a host they are those of no server."""
    protocol, rest = _split(_slashed(text))
    if not rest.startswith("//"):
        host = re.match(r"[a-zA-Z0-9.\-+_]*", rest)
        return Url(protocol, "" if protocol == "javascript:" or host is None else host[0])
    user, host_port, path = _authority(rest[2:])
    path, fragment = _parts(path)
    return Url(protocol, *host_port, path or "/", fragment, user)


def resolved(base: Url, location: str) -> Url:
    """Where *location* leads from *base*."""
    text = _slashed(location)
    protocol, rest = _split(text)
    if protocol and protocol != base.protocol:
        return _without_dots(parsed(text))
    if rest.startswith("//"):
        return _without_dots(parsed(f"{base.protocol}{rest}"))
    path, fragment = _parts(rest)
    if not path:
        return replace(base, fragment=fragment or base.fragment)
    here, _, _ = base.path.partition("?")
    if path.startswith("?"):
        return replace(base, path=here + path, fragment=fragment)
    joined = path if path.startswith("/") else here[: here.rfind("/") + 1] + path
    return _without_dots(replace(base, path=joined, fragment=fragment))


def _slashed(text: str) -> str:
    before, mark, after = text.strip(" \t\n\r\f\ufeff\u00a0").partition("?")
    return before.replace("\\", "/") + mark + after


def _split(text: str) -> tuple[str, str]:
    protocol = _PROTOCOL.match(text)
    return ("", text) if protocol is None else (protocol[0].lower(), text[protocol.end() :])


def _authority(text: str) -> tuple[str, tuple[str, str], str]:
    found = _AUTHORITY.match(text)
    if found is None or (not found["host"] and text.startswith("[")):
        raise UnreadableUrl(f"{text!r} is no host, expected a name or an address.")
    host, path = found["host"].strip("[]").lower(), text[found.end() :]
    if not host.isascii():
        host = host.encode("idna").decode()
    return found["user"] or "", (host, found["port"] or ""), path if path[:1] in ("", "/", "?", "#") else f"/{path}"


def _parts(text: str) -> tuple[str, str]:
    """Path with query, and fragment; escaped."""
    path, mark, fragment = _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", text).partition("#")
    return (f"/{path}" if path.startswith("?") and text.startswith("/") else path), mark + fragment


def _without_dots(url: Url) -> Url:
    path, mark, query = url.path.partition("?")
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return replace(url, path="/" + "/".join(kept) + mark + query)
