"""``mockodp env``: the settings that lead programs of this shell to the located mock."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import click

from mockodp.cli.connection import client_of, located, located_options
from mockodp.cli.environment import Access, Variable, variables
from mockodp.errors import MockODPError, SettingsError
from mockodp.keys import ACCOUNT_NAME, ACCOUNT_NAME_RULE
from mockodp.locator import Located


@click.command(short_help="Print settings that lead a shell's programs to the mock.")
@click.option("--shell", type=click.Choice(["sh", "fish", "json", "dotenv"]), default="sh", show_default=True,
              help="For whom to write.")  # fmt: skip
@click.option(
    "--key", "name", default="local", show_default=True, metavar="NAME", help="The account that MOCKODP_KEY opens."
)
@located_options
def env(url: str | None, token: str | None, shell: str, name: str) -> None:
    """
    Print the settings that lead programs of this shell to the mock.

    \b
      eval "$(mockodp env)" && npm test  in sh, bash and zsh
      mockodp env --shell fish | source  in fish
    """  # noqa: D301  click wants this character
    try:
        found = variables(access_to(located(url, token), name), os.environ)
    except MockODPError:
        if shell in ("sh", "fish"):
            click.echo("false")  # else an eval of nothing succeeds, and what follows it talks to the real platform
        raise
    click.echo(_WRITERS[shell](found), nl=False)


def access_to(found: Located, name: str) -> Access:
    """What a program must be told of the mock that was found; it is asked how its keys begin."""
    if not ACCOUNT_NAME.match(name):
        raise SettingsError(f"--key {name!r}: the name must be {ACCOUNT_NAME_RULE}.")
    with client_of(found) as client:
        prefix = client.settings()["key_prefix"]
    return Access(
        url=found.url,
        tls_url=found.tls_url,
        ca=str(Path(found.ca).resolve()) if found.ca else None,
        token=found.token,
        key=prefix + name,
        account=name,
        locator=str(Path(found.source).resolve()) if Path(found.source).is_file() else None,
    )


def _sh(found: Sequence[Variable]) -> str:
    return "".join(f"export {each.name}={shlex.quote(each.value)};\n" for each in found) + _purposes(found)


def _fish(found: Sequence[Variable]) -> str:
    return "".join(f"set -gx {each.name} {_fish_quoted(each.value)};\n" for each in found) + _purposes(found)


def _purposes(found: Sequence[Variable]) -> str:
    """Comments, behind all else: an eval without quotes makes one line of everything."""
    return "#\n" + "".join(f"# {each.name:<21}{each.purpose}\n" for each in found)


def _fish_quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _json(found: Sequence[Variable]) -> str:
    return json.dumps({each.name: each.value for each in found}, indent=2) + "\n"


def _dotenv(found: Sequence[Variable]) -> str:
    return "".join(f"{each.name}={_dotenv_quoted(each.value)}\n" for each in found)


def _dotenv_quoted(value: str) -> str:
    """Bare where every reader agrees, else in double quotes."""
    if re.fullmatch(r"[\w@%+=:,./-]*", value, re.ASCII):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


_WRITERS: Final[dict[str, Callable[[Sequence[Variable]], str]]] = {
    "sh": _sh, "fish": _fish, "json": _json, "dotenv": _dotenv,
}  # fmt: skip
