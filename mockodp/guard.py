"""Who may use the control API: whoever has the token, and, if that was asked for, this machine's own programs."""

from __future__ import annotations

import hmac
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from mockodp.control_answers import refused
from mockodp.regions import VENDOR_HOSTS

_OPEN_PATHS = frozenset({"/_mock/ready"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", *VENDOR_HOSTS})


class Guard:
    """Middleware that lets a call through or answers 401."""

    def __init__(self, app: ASGIApp, *, token: str, open_control: bool) -> None:
        self._app = app
        self._token = token
        self._open = open_control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS or self._may(scope, headers):
            await self._app(scope, receive, send)
            return
        authorization = headers.get(b"authorization")
        what = "is missing" if authorization is None else "does not hold the token of this mock"
        expected = "expected 'Bearer TOKEN'. The token is in the ready line and the locator file."
        response = refused(401, "Unauthorized", f"Header 'authorization' {what}, {expected}")
        response.headers["www-authenticate"] = 'Bearer realm="mockodp control"'
        await response(scope, receive, send)

    def _may(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        authorization = headers.get(b"authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(b" ")
            return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token.encode())
        is_foreign_page = b"origin" in headers or headers.get(b"sec-fetch-site") == b"cross-site"
        return self._open and not is_foreign_page and _is_local(scope.get("client"), headers.get(b"host", b""))


def _is_local(client: Any, host: bytes) -> bool:
    """A loopback peer that also names this machine: a page of another site that was led here by name does not."""
    peer = client[0] if client else ""
    name = host.decode("latin-1").lower()
    name = name.rpartition(":")[0] if ":" in name and not name.endswith("]") else name
    return (peer.startswith("127.") or peer in ("::1", "::ffff:127.0.0.1")) and name in _LOOPBACK_NAMES
