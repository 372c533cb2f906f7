"""``mockodp ready``: whether the located mock takes requests."""

from __future__ import annotations

import os
import time
from typing import Final

import click

from mockodp.cli.connection import client_of, located, located_options
from mockodp.errors import EnvironmentNotReady

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.25


@click.command(short_help="Say by exit code whether a mock is up.")
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", default=0.0, help="Wait for it this long.")
@located_options
def ready(url: str | None, token: str | None, wait: float) -> None:
    """Exit with 0 if the mock takes requests, with 3 if it does not; with --wait, once it does or time is up."""
    click.echo(await_ready(url, token, wait))


def await_ready(url: str | None, token: str | None, wait: float) -> str:
    """The URL of the mock once it answers; `EnvironmentNotReady` with the last reason when the time is over."""
    deadline, pause = time.monotonic() + wait, _FIRST_PAUSE
    while True:
        try:
            return _answering(url, token)
        except EnvironmentNotReady:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)


def _answering(url: str | None, token: str | None) -> str:
    found = located(url, token)
    with client_of(found) as client:
        if not client.is_ready():
            raise EnvironmentNotReady(f"No mock answers at {found.url} (from {_origin(found.source)}). Is it up?")
    return found.url


def _origin(source: str) -> str:
    return os.path.relpath(source) if os.sep in source else source
