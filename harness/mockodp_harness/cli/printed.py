"""How cases and what is found out about them are printed."""

from __future__ import annotations

from typing import Any, Final

import click

from mockodp_harness.segment.values import stringify

LONGEST: Final = 60


def say(text: str) -> None:
    """Print a line; lone surrogates, which JSON may hold and no output can, are written as escapes."""
    click.echo(text.encode(errors="backslashreplace").decode())


def named(case: Any) -> str:
    """The id of a case or of an answer as JSON, cut if it is long; empty if it has none."""
    given = case.get("id") if isinstance(case, dict) else None
    if given is None:
        return ""
    text = "…" if isinstance(given, dict | list) else stringify(given) or ""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
