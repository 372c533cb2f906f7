"""``mockodp fidelity``: how true the mock is to ODP; needs no running mock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from mockodp.cli.output import folded, print_json
from mockodp.fidelity import fidelity as rules

_COLOURS: Final = {"docs": "green", "client": "green", "observed": "green", "inferred": "yellow", "unknown": "red"}


@click.command(short_help="Show how true the mock is to ODP, rule by rule.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def fidelity(as_json: bool) -> None:
    """Show how true the mock is to ODP: what it does, how sure that is, where it is from, which setting changes it."""
    if as_json:
        print_json({"rules": rules()})
    else:
        _print(rules())


def _print(listed: list[dict[str, Any]]) -> None:
    for rule in listed:
        grade = str(rule["evidence"])
        click.echo(f"{click.style(rule['name'], bold=True)}  {click.style(grade, fg=_COLOURS.get(grade))}")
        for line in folded(rule["statement"], 2):
            click.echo(f"  {line}")
        for line in folded(_origin(rule), 2):
            click.echo(click.style(f"  {line}", dim=True))
        click.echo()


def _origin(rule: Mapping[str, Any]) -> str:
    switch = f" Settings: {rule['switch']}." if rule["switch"] else ""
    return f"{rule['source']} ({rule['checked']}).{switch}"
