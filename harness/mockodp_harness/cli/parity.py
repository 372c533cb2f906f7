"""``mockodp parity``: our engine against the published packages, on generated cases or on given ones."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import click
from click.core import ParameterSource

from mockodp_harness.cases import CaseError, check, of_line
from mockodp_harness.cli.printed import named, say
from mockodp_harness.cli.readiness import complain
from mockodp_harness.conformance import KINDS
from mockodp_harness.node.cases import NodeCases
from mockodp_harness.node.errors import NodeDriverError
from mockodp_harness.parity.cases import case
from mockodp_harness.parity.running import Summary, asked, run, told
from mockodp_harness.parity.trees import read, written

CASES: Final = 20_000
TOO_DEEP: Final = "It is nested too deep, expected at most several hundred levels."


@click.command(short_help="Compare the engine with the published package on generated cases.")
@click.option("--cases", type=click.IntRange(min=1), default=CASES, show_default=True, help="How many to make.")
@click.option("--seed", type=int, default=1, show_default=True, help="Other cases for another seed.")
@click.option("--replay", metavar="FILE", type=click.File("rb"),
              help="Compare the cases in FILE, one a line, instead; - is stdin.")  # fmt: skip
@click.option("--keep", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Append the cases that differ, made small, to FILE.")  # fmt: skip
def parity(cases: int, seed: int, replay: BinaryIO | None, keep: Path | None) -> int:
    """
    Put cases to our engine and to the published package and compare the whole answers: results, requests, errors.

    A case that differs is made small and printed with what to replay it by. Exit code 1 if any differs, 3 if Node.js
    or the packages are not ready.

    With --replay a line that is no case is told and not compared. Exit code 2 if there is one and nothing differs, or
    if there are no cases at all.
    """
    _check_options(replay, keep)
    try:
        with NodeCases() as node:
            return _generated(node, cases, seed, keep) if replay is None else _replayed(node, replay)
    except NodeDriverError as error:
        return complain(error)


def _check_options(replay: BinaryIO | None, keep: Path | None) -> None:
    source = click.get_current_context().get_parameter_source
    useless = [name for name in ("cases", "seed", "keep") if source(name) is ParameterSource.COMMANDLINE]
    if replay is not None and useless:
        raise click.UsageError(
            f"--{useless[0]} is for generated cases and --replay for given ones, expected one of them."
        )
    if keep is not None and not keep.parent.is_dir():
        raise click.BadParameter(f"{keep.parent} is no folder.", param_hint="--keep")


def _generated(node: NodeCases, cases: int, seed: int, keep: Path | None) -> int:
    texts = (written(case(seed, index)) for index in range(cases))
    with _progress(cases) as tick:
        summary = run(node, texts, tick)
    for outcome in summary.shrunk.values():
        say(f"{outcome.case}\n  {told(outcome)}\n  Replay: echo CASE | mockodp parity --replay -")
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


def _replayed(node: NodeCases, replay: BinaryIO) -> int:
    counted: Counter[str] = Counter()
    for number, line in enumerate(replay, 1):
        if not line.strip():
            continue
        name, agrees, said = _compared(node, line, number)
        counted["cases"] += 1
        counted["malformed" if agrees is None else "same" if agrees else "different"] += 1
        say(f"{number} (id {name}): {said}" if name else f"{number}: {said}")
    click.echo(_counts(counted))
    return 1 if counted["different"] else 2 if counted["malformed"] or not counted["cases"] else 0


def _compared(node: NodeCases, line: bytes, number: int) -> tuple[str, bool | None, str]:
    """The id of the case in *line*, whether both agree on it (None: it is malformed), and that in words."""
    name = ""
    try:
        case = of_line(line, number)
        name = named(case)
        check(case, KINDS)
        (outcome,) = asked(node, [written(read(line))])
        return name, outcome.agrees, told(outcome)
    except CaseError as error:
        return name, None, f"Malformed, not compared. {error}"
    except RecursionError:
        return name, None, f"Malformed, not compared. {TOO_DEEP}"


def _counts(counted: Counter[str]) -> str:
    if not counted["cases"]:
        return "0 cases, expected one a line."
    different, noun = counted["different"], "difference" if counted["different"] == 1 else "differences"
    malformed = f", {counted['malformed']} malformed" if counted["malformed"] else ""
    cases = f"{counted['cases']} case{'' if counted['cases'] == 1 else 's'}"
    return f"{cases}: {different or 'no'} {noun}{malformed}"


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
