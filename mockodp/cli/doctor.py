"""``mockodp doctor``: what is wrong with this machine or these settings, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from mockodp.cli.checks import Check, check_all
from mockodp.cli.connection import located_options
from mockodp.cli.flags import effective
from mockodp.cli.output import folded, print_json, printable
from mockodp.settings import Effective

NOT_READY: Final = 3
_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}
_INDENT: Final = 16
_MASK: Final = "****"


@click.command(short_help="Look for what is wrong, and say what to do.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="TOML file with settings.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@located_options
def doctor(config: Path | None, as_json: bool, url: str | None, token: str | None) -> int:
    """Look at locator, server, TLS, names, Node and settings. Exit with 3 if something is wrong, else with 0."""
    settings = effective({}, config)
    checks = check_all(settings.settings, url, token)
    if as_json:
        print_json({"checks": [asdict(check) for check in checks], "settings": shown_settings(settings)})
    else:
        click.echo("\n".join([*_told(checks), "", *_table(shown_settings(settings))]))
    return NOT_READY if any(check.level == "fail" for check in checks) else 0


def _told(checks: Sequence[Check]) -> list[str]:
    lines = []
    for check in checks:
        found, *more = folded(printable(check.found), _INDENT)
        lines.append(f"{click.style(f'{check.level:<4}', fg=_COLOURS[check.level])}  {check.name:<8}  {found}")
        lines += [" " * _INDENT + line for line in (*more, *folded(check.remedy, _INDENT))]
    return lines


def shown_settings(effective: Effective) -> dict[str, dict[str, Any]]:
    """What a mock started here would run with, and why; without secrets."""
    shown = {}
    for name, source in effective.sources.items():
        value = getattr(effective.settings, name)
        shown[name] = {"value": _masked(name, value), "source": source}
    return shown


def _masked(name: str, value: Any) -> Any:
    if name == "token":
        return _MASK if value else ""
    if name == "key":
        return [_MASK for _ in value]
    return str(value) if isinstance(value, Path) else value


def _table(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = ["Settings of a mock that is started here:"]
    for name, each in settings.items():
        value = each["value"]
        text = ", ".join(value) if isinstance(value, list | tuple) else str(value)
        lines.append(f"  {name:<13} {printable(text) or '-':<28} {each['source']}")
    return lines
