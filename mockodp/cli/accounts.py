"""``mockodp accounts`` and ``mockodp reset``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mockodp.cli.connection import connected
from mockodp.cli.output import print_json, print_table
from mockodp.errors import SettingsError

if TYPE_CHECKING:
    from mockodp.client import Client


@click.command(short_help="List the accounts and what they hold.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@connected
def accounts(client: Client, as_json: bool) -> None:
    """List the accounts and what they hold."""
    listed = client.accounts()
    if as_json:
        print_json({"accounts": listed})
    elif listed:
        from mockodp.cli.tables import accounts_table  # noqa: PLC0415  programs need no tables

        print_table(accounts_table(listed))
    else:
        click.echo("No account yet: the first request with a test key opens one.", err=True)


@click.command(short_help="Forget accounts and all their records.")
@click.argument("names", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--all", "everything", is_flag=True, help="All accounts, and every fault and moved clock.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@connected
def reset(client: Client, names: tuple[str, ...], everything: bool, yes: bool) -> int:
    """Forget accounts, all their records and the faults armed for them, and make it real time there."""
    if bool(names) == everything:
        raise SettingsError("Name the accounts to reset, or give --all; not both.")
    if everything:
        if not yes and not _agreed(len(client.accounts())):
            click.echo("mockodp: nothing was reset.", err=True)
            return 2
        for each in client.reset_all():
            click.echo(f"{each['name']}: {each['records']} records forgotten")
        return 0
    for name in names:
        click.echo(f"{name}: {client.reset(name)} records forgotten")
    return 0


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise SettingsError("Resetting all accounts needs --yes where nobody can be asked.")
    return click.confirm(f"Forget all records of {count} accounts, and every fault and moved clock?", err=True)
