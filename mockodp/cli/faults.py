"""``mockodp fault``: make the mock misbehave on purpose, and see whether anybody felt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mockodp.cli.connection import connected
from mockodp.cli.lazy import LazyGroup
from mockodp.cli.output import print_json, print_table, printable
from mockodp.errors import SettingsError

if TYPE_CHECKING:
    from mockodp.client import Client


class Faults(LazyGroup):
    """The group, whose commands are imported when they are asked for."""

    lazy = {
        "add": "mockodp.cli.fault_add:add",
        "ls": "mockodp.cli.faults:list_faults",
        "rm": "mockodp.cli.faults:remove",
        "check": "mockodp.cli.faults:check",
        "presets": "mockodp.cli.faults:presets",
    }


@click.group(cls=Faults, short_help="Make the mock misbehave on purpose.")
def fault() -> None:
    """
    Make the mock misbehave on purpose, as real services do.

    A fault falls on the requests of one account, until it is taken away, expires, or the mock stops. The record of a
    request keeps what would have been answered, and names the faults that touched it.
    """


@click.command("ls", short_help="List the faults and what they did.")
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@connected
def list_faults(client: Client, account: str | None, as_json: bool) -> None:
    """
    List the faults that are armed, or those that may fall on ACCOUNT, and what they did there.

    MET counts the requests that a fault was asked about, STRUCK those that it did something to.
    """
    found = client.faults(account)
    if as_json:
        print_json({"faults": found})
    elif found:
        from mockodp.cli.tables import faults_table  # noqa: PLC0415  programs need no tables

        print_table(faults_table(found))
    else:
        click.echo("No fault is armed.", err=True)


@click.command("rm", short_help="Take faults away.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--account", metavar="NAME", help="All faults of this account; '*': those armed for '*'.")
@click.option("--all", "everything", is_flag=True, help="All faults there are.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@connected
def remove(client: Client, ids: tuple[str, ...], account: str | None, everything: bool, as_json: bool) -> None:
    """Take the faults with these IDs away, or those of an account, or all; and say what they did."""
    if sum((bool(ids), account is not None, everything)) != 1:
        raise SettingsError("Name the faults to take away by their ids, or give --account, or --all: one of these.")
    gone = [client.disarm(each) for each in ids] if ids else client.disarm_all(account)
    if as_json:
        print_json({"faults": gone})
        return
    for each in gone:
        named = f" ({printable(each['name'])})" if each["name"] != each["id"] else ""
        click.echo(f"{each['id']}{named} is gone; met {each['met']}, struck {each['struck']}")
    if not gone:
        click.echo("No fault was armed.", err=True)


@click.command(short_help="Check by exit code that every fault was felt.")
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="The whole outcome, for programs.")
@connected
def check(client: Client, account: str | None, as_json: bool) -> int:
    """
    Check that every fault, or every one that may fall on ACCOUNT, did what it was armed for.

    Exit with 0 if so; with 1 if one met no request or fell on none of those it met, or if no fault is armed: a test
    that asked for a failure and got none proves nothing. A rate that nobody went over is no failure.
    """
    outcome = client.check_faults(account)
    if as_json:
        print_json(outcome)
    else:
        colour = "green" if outcome["verdict"] == "pass" else "red"
        click.echo(f"{click.style(outcome['verdict'], fg=colour, bold=True)}: {printable(outcome['message'])}")
    return 0 if outcome["verdict"] == "pass" else 1


@click.command(short_help="List the ready faults.")
@click.option("--json", "as_json", is_flag=True, help="For programs, with all their members.")
@connected
def presets(client: Client, as_json: bool) -> None:
    """List the ready faults, as 'mockodp fault add ACCOUNT --preset NAME' arms them, and how sure it is they happen."""
    listed = client.fault_presets()
    if as_json:
        print_json({"presets": listed})
    else:
        from mockodp.cli.tables import presets_table  # noqa: PLC0415  programs need no tables

        print_table(presets_table(listed))
