"""The flags of `serve`, made from the fields of `Settings`; a field without a flag cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import click

from mockodp.settings import CONFIG_FILE, Effective, Settings, resolve, variable_of

F = TypeVar("F", bound=Callable[..., Any])

_METAVARS: Final[dict[str, str]] = {
    "log": "LEVEL",
    "store": "FILE",
    "key": "NAME[:REGION]",
    "auth_answer": "JSON",
    "write_answer": "JSON",
    "cors_origin": "ORIGIN",
    "faults": "FILE",
    "fault_member": "NAME",
}
_CONFIG_HELP: Final = f"TOML file with settings; {CONFIG_FILE} here if there is one.  [env: MOCKODP_CONFIG]"


def settings_flags(command: F) -> F:
    """Give *command* a flag for each setting, and ``--config``; values are read by `effective`, not by click."""
    kinds = get_type_hints(Settings)
    command = click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help=_CONFIG_HELP)(command)
    for item in reversed(fields(Settings)):
        command = _flag(item, kinds[item.name])(command)
    return command


def effective(flags: Mapping[str, Any], config: Path | None, defaults: Mapping[str, Any] | None = None) -> Effective:
    """
    The settings of *flags* over this process's environment over a file.

    *defaults* take the place of environment and file for fields that no flag gives.
    """
    return resolve({**flags, **{name: value for name, value in (defaults or {}).items() if not given(flags, name)}},
                   os.environ, config)  # fmt: skip


def given(flags: Mapping[str, Any], name: str) -> bool:
    """Whether a flag was given for the field *name*."""
    return flags.get(name) not in (None, ())


def _flag(item: Field[Any], kind: Any) -> Callable[[F], F]:
    name = item.name.replace("_", "-")
    text = f"{item.metadata['help']}  [env: {variable_of(item.name)}; default: {_default(item.default)}]"
    if kind is bool:
        return click.option(f"--{name}/--no-{name}", default=None, help=text)
    metavar = _METAVARS.get(item.name) or {int: "NUMBER", Path: "FOLDER"}.get(kind, "TEXT")
    return click.option(f"--{name}", multiple=kind == tuple[str, ...], metavar=metavar, help=text)


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if value not in ("", ()) else "none"
