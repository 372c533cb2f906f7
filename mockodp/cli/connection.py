"""``--url`` and ``--token`` of the commands that talk to a running mock, and the client these lead to."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from mockodp.errors import SettingsError
from mockodp.locator import Located, locate_mock

if TYPE_CHECKING:
    from mockodp.client import Client


def located_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* the options that say which mock is meant."""
    command = click.option("--token", metavar="TOKEN", help="Its token.  [env: MOCKODP_TOKEN]")(command)
    return click.option("--url", metavar="URL", help="The mock to talk to.  [env: MOCKODP_URL]")(command)


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* those options, and a client in their place."""

    @wraps(command)
    def with_client(*args: Any, url: str | None, token: str | None, **more: Any) -> Any:
        with client_of(located(url, token)) as client:
            return command(*args, client=client, **more)

    return located_options(with_client)


def located(url: str | None = None, token: str | None = None) -> Located:
    """The mock that options, environment or locator file name."""
    found = locate_mock(os.environ, url=url, token=token)
    if not found.url.startswith(("http://", "https://")):
        raise SettingsError(f"{found.source} is {found.url!r}, expected an address such as http://127.0.0.1:8090.")
    return found


def client_of(found: Located) -> Client:
    """A client of that mock."""
    from mockodp.client import Client  # noqa: PLC0415  importing it takes longer than all else

    return Client(found.url, found.token, tls_url=found.tls_url, ca=found.ca)
