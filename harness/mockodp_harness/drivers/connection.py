"""
One connection to a server: opened, secured, read; what goes wrong in Node's words.

Nothing here knows of HTTP.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

RECEIVED: Final = 65536
_NAMELESS: Final = {socket.EAI_AGAIN: "EAI_AGAIN"}
_HUNG_UP: Final = "Client network socket disconnected before secure TLS connection was established"
# OpenSSL's numbers. Node goes on after 20 to what it means for a certificate that came alone: 21.
_UNVERIFIED: Final = {
    9: ("CERT_NOT_YET_VALID", "certificate is not yet valid"),
    10: ("CERT_HAS_EXPIRED", "certificate has expired"),
    18: ("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"),
    19: ("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain"),
    20: ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"),
    21: ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"),
}


class Broken(Exception):
    """A connection could not be made or kept; *message* and *code* are Node's."""

    def __init__(self, message: str, code: str | None = None, name: str = "Error") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.name = name

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "message": self.message, "code": self.code}


class Late(Exception):
    """Nothing came in time."""


class Connection:
    """A socket that gives up at a moment of the monotonic clock."""

    def __init__(self, host: str, port: int, until: float, tls: ssl.SSLContext | None) -> None:
        self._socket = _opened(host, port, until)
        if tls is not None:
            try:
                self._socket = _secured(self._socket, host, tls, until)
            except BaseException:
                self._socket.close()
                raise

    def send(self, said: bytes, until: float) -> None:
        try:
            self._wait(until)
            self._socket.sendall(said)
        except TimeoutError:
            raise Late from None
        except OSError:
            # A server may answer and hang up before it has heard all: what it said is read first, as Node does.
            return

    def receive(self, until: float) -> bytes:
        """What came next; empty at the end."""
        try:
            self._wait(until)
            return self._socket.recv(RECEIVED)
        except TimeoutError:
            raise Late from None
        except ssl.SSLEOFError:
            return b""
        except OSError as error:
            raise Broken(f"read {_code(error)}", _code(error)) from None

    def close(self) -> None:
        self._socket.close()

    def _wait(self, until: float) -> None:
        self._socket.settimeout(_left(until))


def _opened(host: str, port: int, until: float) -> socket.socket:
    failures = []
    for address in _addresses(host, port):
        try:
            return socket.create_connection(address, _left(until))
        except TimeoutError:
            raise Late from None
        except OSError as error:
            failures.append(Broken(f"connect {_code(error)} {address[0]}:{address[1]}", _code(error)))
    if len(failures) == 1:
        raise failures[0]
    raise Broken("", failures[0].code, "AggregateError")  # Node tries all addresses, and has no word for their failures


def _addresses(host: str, port: int) -> list[tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        code = _NAMELESS.get(error.errno or 0, "ENOTFOUND")
        raise Broken(f"getaddrinfo {code} {host}", code) from None
    return [(str(address[0]), port) for *_, address in found]


def _secured(plain: socket.socket, host: str, tls: ssl.SSLContext, until: float) -> socket.socket:
    plain.settimeout(_left(until))
    try:
        secured = tls.wrap_socket(plain, server_hostname=host)
    except TimeoutError:
        raise Late from None
    except ssl.SSLCertVerificationError as error:
        code, message = _UNVERIFIED.get(error.verify_code, ("CERT_UNTRUSTED", str(error.verify_message)))
        raise Broken(message, code) from None
    except ssl.SSLEOFError:
        raise Broken(_HUNG_UP, "ECONNRESET") from None
    except ssl.SSLError as error:
        raise Broken(f"write EPROTO {error.reason}", "EPROTO") from None
    except OSError as error:
        raise Broken(_HUNG_UP if _code(error) == "ECONNRESET" else f"read {_code(error)}", _code(error)) from None
    named = secured.getpeercert() or {}
    if not (reason := _misnamed(host, named)):
        return secured
    secured.close()
    raise Broken(f"Hostname/IP does not match certificate's altnames: {reason}", "ERR_TLS_CERT_ALTNAME_INVALID")


def _misnamed(host: str, certificate: Mapping[str, Any]) -> str | None:
    """Why a certificate is not *host*'s, as Node words it; the standard library's own words say less."""
    names = [(kind, str(name)) for kind, name in certificate.get("subjectAltName", ())]
    if (address := _address(host)) is not None:
        addresses = [str(_address(name.strip())) for kind, name in names if kind == "IP Address"]
        listed = ", ".join(addresses)
        return None if str(address) in addresses else f"IP: {host} is not in the cert's list: {listed}"
    if not any(kind == "DNS" for kind, _ in names):
        return "Cert does not contain a DNS name"
    if any(_matches(host, name) for kind, name in names if kind == "DNS"):
        return None
    listed = ", ".join(f"{kind}:{name}" for kind, name in names)
    return f"Host: {host}. is not in the cert's altnames: {listed}"


def _matches(host: str, pattern: str) -> bool:
    first, _, rest = pattern.lower().partition(".")
    label, _, domain = host.lower().partition(".")
    return pattern.lower() == host.lower() or (first == "*" and bool(label) and "." in rest and domain == rest)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise Late
    return left


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "EIO")
