"""A running mock as the tests of its control API use it: sends events, calls the API, keeps whole answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from mockodp import Client, running


class Api:
    """The control API of one mock, and its emulated endpoints."""

    def __init__(self, mock: Client) -> None:
        self.mock = mock
        self.http = httpx2.Client(base_url=mock.url, timeout=20, trust_env=False)

    def __call__(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """A call below ``/_mock`` with the token."""
        headers = {"authorization": f"Bearer {self.mock.token}", **more.pop("headers", {})}
        return self.http.request(method, f"/_mock{path}", headers=headers, **more)

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, status: int, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The detail of a refusal, which must have the one documented shape."""
        answer = self(method, path, **more)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        document = answer.json()
        assert set(document) == {"title", "status", "timestamp", "detail"}
        detail: dict[str, Any] = document["detail"]
        return detail

    def send(
        self, *items: Any, account: str = "shop", endpoint: str = "batch_custom_event", region: str = "us", **more: Any
    ) -> str:
        """Send a batch; the id of its record."""
        headers = {"authorization": f"Bearer odp_test_{account}"}
        self.http.post(f"/{region}/twilio_segment/{endpoint}", headers=headers, **(more or {"json": items}))
        newest: str = self.get("/records", account=account, order="newest", limit=1)["records"][0]["id"]
        return newest


@contextmanager
def an_api(**switches: Any) -> Iterator[Api]:
    with running(tls_port=-1, **switches) as mock:
        api = Api(mock)
        try:
            yield api
        finally:
            api.http.close()
