"""How things get to stdout: JSON for programs, tables for people. Imports rich only where a person reads."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TextIO

import click
import orjson

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_NARROWEST: Final = 20
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


def folded(text: str, indent: int) -> list[str]:
    """*text* in lines that fit the terminal behind *indent* blanks; in one line where there is no terminal."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return [text] if text else []
    width = max(shutil.get_terminal_size().columns - indent, _NARROWEST)
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)


def console(file: TextIO | None = None) -> Console:
    """A console as wide as the terminal; without one, so wide that nothing is cut."""
    from rich.console import Console as RichConsole  # noqa: PLC0415

    class Console(RichConsole):
        def on_broken_pipe(self) -> None:
            raise  # noqa: PLE0704  rich calls it while it handles the error; `Commands` knows what to do

    file = file or sys.stdout
    width = None if file.isatty() or "COLUMNS" in os.environ else _UNBOUNDED
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def print_table(table: RenderableType, file: BinaryIO | None = None) -> None:
    """Show a table on stdout, or write it to *file*; without the blanks that would fill its lines."""
    out = console(io.StringIO() if file else None)
    with out.capture() as captured:
        out.print(table)
    text = "".join(line.rstrip() + "\n" for line in captured.get().splitlines())
    if file:
        file.write(text.encode())
    else:
        sys.stdout.write(text)
