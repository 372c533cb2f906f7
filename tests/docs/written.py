"""Writes the pages that are made from the code: ``docs/fidelity.md`` and ``docs/settings.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from mockodp_harness.segment.mapping.liquid import DIFFERENCES

from mockodp.fidelity import Rule, every_rule
from mockodp.settings import Settings, variable_of

DOCS = Path(__file__).parents[2] / "docs"


def fidelity_page() -> str:
    rules = list(every_rule())
    return "\n".join([
        "# Fidelity: how true the mock is to ODP",
        "",
        "Public sources do not say what every answer of ODP looks like. So each rule carries the grade of its source:",
        "`docs` (the vendor's documentation), `client` (source or tests of an official client), `observed` (seen when",
        "the real client ran), `inferred` (concluded from other facts), `unknown` (no source; a stated default).",
        "The same table: `mockodp fidelity`, `GET /_mock/fidelity`. This page is written by `make docs`.",
        "",
        "## What the mock does",
        "",
        *_table(("rule", "what the mock does", "evidence", "source", "checked", "setting"),
                [(r.name, r.statement, *_label(r), r.switch or "-") for r in rules if r.kind == "mock"]),
        "",
        "## Rules of the contracts beyond shape",
        "",
        "[What a rule asks for and how to read a verdict](contracts.md). An error fails the verdict; with",
        "`--strict` it is refused.",
        "",
        *_table(("rule", "what must hold", "severity", "evidence", "source", "checked"),
                [(r.name, r.statement, r.severity, *_label(r)) for r in rules if r.kind == "rule"]),
        "",
        "## Shapes",
        "",
        "One line for each contract, and one for each place in it whose source is another.",
        "",
        *_table(("contract", "what", "evidence", "source", "checked"),
                [(r.name, r.statement, *_label(r)) for r in rules if r.kind == "contract"]),
        "",
        "## Liquid in mappings",
        "",
        "The engine in Python renders `@liquid` with python-liquid, Segment with LiquidJS. Known differences:",
        "",
        *(f"- {difference}" for difference in DIFFERENCES),
        "",
    ])  # fmt: skip


def _label(rule: Rule) -> tuple[str, str, str]:
    return rule.evidence.value, rule.source, rule.checked


def _table(heads: Sequence[str], rows: Iterable[Sequence[str | None]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def settings_page() -> str:
    rows = [
        f"| `--{item.name.replace('_', '-')}` | `{variable_of(item.name)}` | `{_shown(item.default)}` | "
        f"{item.metadata['help']} |"
        for item in fields(Settings)
    ]
    return "\n".join([
        "# Settings",
        "",
        "A value is taken from the first of: the flag, the environment, a TOML file (`--config FILE`,",
        "`MOCKODP_CONFIG`, or `mockodp.toml` in the working directory, with the flag's name: `tls-port = 0`),",
        "the default. `mockodp doctor` shows each value of a mock started here and where it is from.",
        "This page is written by `make docs`.",
        "",
        "| flag of `mockodp serve` | environment | default | what it does |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
    ])  # fmt: skip


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if default not in ((), "") else "(none)"


PAGES = {"fidelity.md": fidelity_page, "settings.md": settings_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
