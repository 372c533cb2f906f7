"""``mockodp tail``: records as they arrive."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import orjson

from mockodp.cli.connection import connected
from mockodp.cli.output import printable
from mockodp.fault_words import what_went_out

if TYPE_CHECKING:
    from mockodp.client import Client


@click.command(short_help="Follow what arrives, a line a request.")
@click.option("--account", metavar="NAME", help="Only this account.")
@click.option("--after", metavar="ID", help="Begin after this record instead of now.")
@click.option("--json", "as_json", is_flag=True, help="Whole records as NDJSON.")
@connected
def tail(client: Client, account: str | None, after: str | None, as_json: bool) -> None:
    """Follow what arrives, a line a request, until Ctrl-C or until the mock stops."""
    try:
        for record in client.stream(account, after):
            sys.stdout.write((orjson.dumps(record).decode() if as_json else record_line(record)) + "\n")
            sys.stdout.flush()
    except KeyboardInterrupt:
        return
    click.echo("mockodp: the mock has stopped.", err=True)


def record_line(record: Mapping[str, Any]) -> str:
    """A record in one line; what a client chose cannot steer the terminal."""
    time = datetime.fromisoformat(record["received_at"]).astimezone().strftime("%H:%M:%S")
    status = (
        click.style(str(record["status"]), fg="green" if record["accepted"] else "red")
        if _colours()
        else str(record["status"])
    ) + what_went_out(record["status"], record["faults"])
    count = "" if record["item_count"] is None else str(record["item_count"])
    endpoint = printable(record["endpoint"] or record["path"][:20])
    line = f"{time} {status} {record['region']} {endpoint:<20} {count:>3} {record['id']} {printable(record['account'])}"
    if record["refusal"] is not None:
        line = f"{line}  {printable(record['refusal']['message'])}"
    elif record["verdict"]:
        line = f"{line}  {verdict_text(record)}"
    faults = ", ".join(f"fault {each['name']}: {each['effect']}" for each in record["faults"])
    return f"{line}  {printable(faults)}" if faults else line


def verdict_text(record: Mapping[str, Any]) -> str:
    """The verdict, and which rules are broken."""
    colour = "green" if record["verdict"] == "pass" else "red"
    word = click.style(record["verdict"], fg=colour) if _colours() else record["verdict"]
    return f"{word}: {printable(', '.join(record['broken_rules']))}" if record["broken_rules"] else word


def _colours() -> bool:
    return sys.stdout.isatty()
