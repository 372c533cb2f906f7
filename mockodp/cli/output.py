"""How things get to stdout: JSON for programs, tables for people. Imports rich only where a person reads."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TextIO

import click
import orjson

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_UNBOUNDED: Final = 10_000


def pretty(value: Any) -> bytes:
    """*value* as indented JSON with a line's end."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def print_json(value: Any) -> None:
    """Show *value* to a program."""
    click.echo(pretty(value), nl=False)


def printable(text: str, *, keep: str = "") -> str:
    """*text* without control characters, but those in *keep*: what arrived must not steer a terminal."""
    return "".join(c if c.isprintable() or c in keep else "\N{REPLACEMENT CHARACTER}" for c in text)


def console(file: TextIO | None = None) -> Console:
    """A console as wide as the terminal; without one, so wide that nothing is cut."""
    from rich.console import Console  # noqa: PLC0415

    file = file or sys.stdout
    width = None if file.isatty() or "COLUMNS" in os.environ else _UNBOUNDED
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def print_table(table: RenderableType, file: BinaryIO | None = None) -> None:
    """Show a table; to *file* if that is no terminal."""
    if file is None or file is sys.stdout.buffer:
        console().print(table)
        return
    text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
    console(text).print(table)
    text.detach()
