"""``mockodp parity``: our engine against the published packages, on generated cases or on given ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from mockodp_harness.cli.readiness import complain
from mockodp_harness.node.cases import NodeCases
from mockodp_harness.node.errors import NodeDriverError
from mockodp_harness.parity.cases import case
from mockodp_harness.parity.running import Summary, asked, run, told
from mockodp_harness.parity.trees import read, written

CASES = 20_000


@click.command(short_help="Compare the engine with the published package on generated cases.")
@click.option("--cases", type=click.IntRange(min=1), default=CASES, show_default=True, help="How many to make.")
@click.option("--seed", type=int, default=1, show_default=True, help="Other cases for another seed.")
@click.option("--replay", metavar="FILE", type=click.File("r", encoding="utf-8"),
              help="Compare the cases in FILE, one a line, instead; - is stdin.")  # fmt: skip
@click.option("--keep", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Append the cases that differ, made small, to FILE.")  # fmt: skip
def parity(cases: int, seed: int, replay: TextIO | None, keep: Path | None) -> int:
    """
    Put cases to our engine and to the published package and compare the whole answers: results, requests, errors.

    A case that differs is made small and printed with what to replay it by. Exit code 1 if any differs, 3 if Node.js
    or the packages are not ready.
    """
    try:
        with NodeCases() as node:
            return _generated(node, cases, seed, keep) if replay is None else _replayed(node, replay)
    except NodeDriverError as error:
        return complain(error)


def _generated(node: NodeCases, cases: int, seed: int, keep: Path | None) -> int:
    texts = (written(case(seed, index)) for index in range(cases))
    with _progress(cases) as tick:
        summary = run(node, texts, tick)
    for outcome in summary.shrunk.values():
        click.echo(f"{outcome.case}\n  {told(outcome)}\n  Replay: echo CASE | mockodp parity --replay -")
    if keep is not None and summary.shrunk:
        with keep.open("a", encoding="utf-8") as file:
            file.writelines(f"{outcome.case}\n" for outcome in summary.shrunk.values())
    _report(summary, seed)
    return 1 if summary.differences else 0


def _report(summary: Summary, seed: int) -> None:
    click.echo("  ".join(f"{kind} {count}" for kind, count in summary.kinds.most_common()))
    click.echo("  ".join(f"{fate} {count}" for fate, count in summary.fates.most_common()) + "  of whole calls")
    for name, count in summary.excepted.items():
        click.echo(f"excepted {count}: {name}")
    noun = "difference" if summary.differences == 1 else "differences"
    click.echo(f"{summary.kinds.total()} cases of seed {seed}: {summary.differences or 'no'} {noun}")


def _replayed(node: NodeCases, replay: TextIO) -> int:
    differences = 0
    for number, line in enumerate(replay, 1):
        if not line.strip():
            continue
        try:
            text = written(read(line))
        except ValueError as error:
            raise click.ClickException(f"Line {number} of {replay.name} is not JSON: {error}.") from None
        (outcome,) = asked(node, [text])
        differences += not outcome.agrees
        click.echo(f"{number}: {told(outcome)}")
    return 1 if differences else 0


@contextmanager
def _progress(cases: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415  only where a person reads
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("cases", total=cases)
        yield lambda: progress.advance(task)
