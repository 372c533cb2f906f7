"""``mockodp clock``: the time in an account, which drives its time stamps, rates and the expiry of its faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mockodp.cli.connection import connected
from mockodp.cli.filters import Moment
from mockodp.cli.lazy import LazyGroup
from mockodp.cli.output import print_json

if TYPE_CHECKING:
    from mockodp.client import Client


class Clock(LazyGroup):
    """The group, whose commands are imported when they are asked for."""

    lazy = {
        "show": "mockodp.cli.clock:show",
        "freeze": "mockodp.cli.clock:freeze",
        "thaw": "mockodp.cli.clock:thaw",
        "set": "mockodp.cli.clock:set_clock",
        "advance": "mockodp.cli.clock:advance",
        "reset": "mockodp.cli.clock:reset",
    }


@click.group(cls=Clock, short_help="Freeze, set and advance the time in an account.")
def clock() -> None:
    """
    Freeze, set and advance the time in an account.

    It drives the time stamps of records, the rates and the expiry of faults: four hours pass at once. It does not
    shorten what a client has to sit through, such as a stall.
    """


def _of_account(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* what every command on a clock takes."""
    command = click.option("--json", "as_json", is_flag=True, help="For programs.")(connected(command))
    return click.argument("account")(command)


@click.command(short_help="Show the time in an account.")
@_of_account
def show(client: Client, account: str, as_json: bool) -> None:
    """Show the time in ACCOUNT."""
    _tell(client, account, as_json)


@click.command(short_help="Let time stand still in an account.")
@click.option("--at", type=Moment(), metavar="TIME", help="Stand still at this time, not at the one it shows.")
@_of_account
def freeze(client: Client, account: str, as_json: bool, at: str | None) -> None:
    """Let time stand still in ACCOUNT."""
    client.clock(account).freeze(at)
    _tell(client, account, as_json)


@click.command(short_help="Let time go on in an account.")
@_of_account
def thaw(client: Client, account: str, as_json: bool) -> None:
    """Let time go on in ACCOUNT from where it stands."""
    client.clock(account).thaw()
    _tell(client, account, as_json)


@click.command("set", short_help="Set the time in an account.")
@_of_account
@click.argument("time", type=Moment())
def set_clock(client: Client, account: str, as_json: bool, time: str) -> None:
    """Make it TIME in ACCOUNT, such as 2026-11-23T10:00:00Z; a clock that stands still goes on standing."""
    client.clock(account).set(time)
    _tell(client, account, as_json)


@click.command(short_help="Let time pass in an account at once.")
@_of_account
@click.argument("time")
def advance(client: Client, account: str, as_json: bool, time: str) -> None:
    """Let TIME pass in ACCOUNT at once, such as 90s or 4h."""
    client.clock(account).advance(time)
    _tell(client, account, as_json)


@click.command(short_help="Make it real time again in an account.")
@_of_account
def reset(client: Client, account: str, as_json: bool) -> None:
    """Make it real time again in ACCOUNT."""
    client.clock(account).reset()
    _tell(client, account, as_json)


def _tell(client: Client, account: str, as_json: bool) -> None:
    shown = client.clock(account).shown()
    if as_json:
        print_json(shown)
        return
    kind = "frozen" if shown["frozen"] else "real time" if shown["real"] else "moved, and going on"
    click.echo(f"{shown['account']}: {shown['now']}, {kind}")
