"""``mockodp fidelity``: how true the mock is to ODP; needs no running mock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click
from mockodp_contracts import Evidence

from mockodp.cli.output import folded, print_json
from mockodp.fidelity import fidelity as rules

_COLOURS: Final = {"docs": "green", "client": "green", "observed": "green", "inferred": "yellow", "unknown": "red"}


@click.command(short_help="Show how true the mock is to ODP, rule by rule.")
@click.option("--kind", type=click.Choice(["mock", "rule", "contract"]), help="Only rules of this kind.")
@click.option("--evidence", type=click.Choice([grade.value for grade in Evidence]), help="Only rules of this grade.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def fidelity(kind: str | None, evidence: str | None, as_json: bool) -> None:
    """
    Show how true the mock is to ODP: what it does, how sure that is, where it is from, which setting changes it.

    Kinds are mock (what it does itself), rule (of the contracts, beyond shape), contract (shapes).
    """
    listed = [rule for rule in rules() if kind in (None, rule["kind"]) and evidence in (None, rule["evidence"])]
    if as_json:
        print_json({"rules": listed})
    else:
        _print(listed)


def _print(listed: list[dict[str, Any]]) -> None:
    for rule in listed:
        grade = str(rule["evidence"])
        severity = f"  {rule['severity']}" if rule["severity"] else ""
        click.echo(f"{click.style(rule['name'], bold=True)}  {click.style(grade, fg=_COLOURS.get(grade))}{severity}")
        for line in folded(rule["statement"], 2):
            click.echo(f"  {line}")
        for line in folded(_origin(rule), 2):
            click.echo(click.style(f"  {line}", dim=True))
        click.echo()


def _origin(rule: Mapping[str, Any]) -> str:
    switch = f" Settings: {rule['switch']}." if rule["switch"] else ""
    return f"{rule['source']} ({rule['checked']}).{switch}"
