"""``mockodp fidelity``: how true the mock is to ODP; needs no running mock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from mockodp.cli.output import console, print_json
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
    from rich.padding import Padding  # noqa: PLC0415  programs need no layout
    from rich.text import Text  # noqa: PLC0415

    out = console()
    for rule in listed:
        grade = str(rule["evidence"])
        out.print(Text.assemble((rule["name"], "bold"), "  ", (grade, _COLOURS.get(grade, ""))))
        out.print(Padding(Text(rule["statement"]), (0, 0, 0, 2)))
        out.print(Padding(Text(_origin(rule), "dim"), (0, 0, 1, 2)))


def _origin(rule: Mapping[str, Any]) -> str:
    switch = f" Settings: {rule['switch']}." if rule["switch"] else ""
    return f"{rule['source']} ({rule['checked']}).{switch}"
