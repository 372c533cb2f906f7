"""
A certificate authority of one's own and a certificate for the vendor's host names, made once and kept in a folder.

The authority is only ever trusted by programs that are told so. Its own key is thrown away once it has signed the one
certificate, whose key never leaves the folder (mode 0600).
"""

from __future__ import annotations

import fcntl
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mockodp.regions import REGION_OF_HOST, VENDOR_HOSTS, Region

NAMES: Final = (*VENDOR_HOSTS, "localhost", "127.0.0.1", "::1")
_DAYS: Final = 365
_RENEW_BEFORE: Final = 30


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files of the authority's certificate and of the server's certificate with its key."""

    ca: Path
    server: Path

    def context(self, fails: Callable[[Region | None], bool] = lambda _: False) -> ssl.SSLContext:
        """What a TLS listener needs; *fails* says whether a handshake is to fail, for the region of the name asked."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        context.sslobject_class = _Handshake

        def on_name(handshake: Any, name: str | None, _: ssl.SSLContext) -> ssl.AlertDescription | None:
            if not fails(REGION_OF_HOST.get((name or "").lower())):
                return None
            handshake.has_failed = True
            return ssl.AlertDescription.ALERT_DESCRIPTION_HANDSHAKE_FAILURE

        context.sni_callback = on_name
        return context


class _Handshake(ssl.SSLObject):
    """A connection whose handshake may fail on purpose, with an alert that reaches the client."""

    has_failed = False

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            if not self.has_failed:
                raise
            self.has_failed = False
            raise ssl.SSLWantReadError from error  # the event loop drops the alert of an error, and sends it for this


def certificates(folder: Path, *, now: datetime | None = None) -> Certificates:
    """The certificates in *folder*, made if they are not there, are about to expire or lack a name."""
    made = Certificates(folder / "ca.pem", folder / "server.pem")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tls.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first starts at once would leave an authority that signed nothing
        if not (made.ca.is_file() and made.server.is_file() and _serves(folder, now or datetime.now(UTC))):
            _make(folder, made, now or datetime.now(UTC))
    return made


def _serves(folder: Path, now: datetime) -> bool:
    """Whether the certificate was made for these names and lives for a while, by the note kept beside it."""
    note = folder / "server.names"
    if not note.is_file():
        return False
    until, _, names = note.read_text().partition("\n")
    return names.split() == list(NAMES) and datetime.fromisoformat(until) > now + timedelta(days=_RENEW_BEFORE)


def _make(folder: Path, made: Certificates, now: datetime) -> None:
    import trustme  # noqa: PLC0415  only the first start pays for its import

    until = now + timedelta(days=_DAYS)
    authority = trustme.CA(organization_name="mockodp", organization_unit_name="local test authority")
    issued = authority.issue_cert(*NAMES, not_after=until)
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    _write_private(made.server, issued.private_key_pem.bytes() + chain)
    made.ca.write_bytes(authority.cert_pem.bytes())
    (folder / "server.names").write_text(until.isoformat() + "\n" + "\n".join(NAMES))


def _write_private(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)
