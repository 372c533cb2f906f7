"""``mockodp engine``: the integration engine as a filter: a case a line on stdin, an answer a line on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from mockodp_harness.cli.readiness import complain
from mockodp_harness.conformance import answer
from mockodp_harness.node.errors import NodeDriverError
from mockodp_harness.segment.values import parse, stringify

Answers = Callable[[Iterable[str]], Iterable[str]]


@click.command(short_help="Answer cases of the integration engine, one a line.")
@click.option("--driver", type=click.Choice(["python", "node"]), default="python", show_default=True,
              help="Who answers: our engine, or the published package.")  # fmt: skip
@click.option("--compare", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Answer every FILE.ndjson in FOLDER and compare with FILE.expected.")  # fmt: skip
def engine(driver: str, compare: Path | None) -> int:
    """
    Read cases as NDJSON on stdin, write an answer for each on stdout: what Segment's framework and the destination do
    with it. Nothing is sent.

    With --compare print how many of the recorded answers are met, file by file; exit code 1 if one is not. With
    --driver node the published package answers; exit code 3 if it is not ready.
    """
    try:
        return _compared(compare, DRIVERS[driver]) if compare is not None else _filtered(DRIVERS[driver])
    except NodeDriverError as error:
        return complain(error)


def _filtered(answers: Answers) -> int:
    lines = (line.decode(errors="surrogateescape") for line in sys.stdin.buffer)
    for text in answers(line.rstrip("\r\n") for line in lines if line.strip()):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    return 0


def _by_python(lines: Iterable[str]) -> Iterator[str]:
    return (stringify(_answer(line, number)) or "" for number, line in enumerate(lines, 1))


def _answer(line: str, number: int) -> dict[str, Any]:
    """The answer to the case in *line*; one that is no case is told so, and the others go on."""
    try:
        case = parse(line)
    except ValueError as error:
        told = {"name": "CaseError", "message": f"Line {number} is not JSON: {error}."}
        return {"id": None, "ok": False, "error": told, "requests": []}
    return answer(case)


def _by_node(lines: Iterable[str]) -> Iterator[str]:
    from mockodp_harness.node.cases import NodeCases  # noqa: PLC0415  not needed without Node

    with NodeCases() as node:
        for text in node.stream(lines):
            yield text.decode().rstrip("\n")


DRIVERS: Final[dict[str, Answers]] = {"python": _by_python, "node": _by_node}


def _compared(folder: Path, answers: Answers) -> int:
    passed = total = 0
    for file in sorted(folder.glob("*.ndjson")):
        met = [expected == given for expected, given in _pairs(file, answers)]
        passed, total = passed + sum(met), total + len(met)
        click.echo(f"{sum(met):>5} of {len(met):>5}  {file.stem}")
    click.echo(f"{passed:>5} of {total:>5}  all")
    return 0 if total and passed == total else 1


def _pairs(file: Path, answers: Answers) -> Iterator[tuple[Any, Any]]:
    """Each recorded answer and the one now given, as JSON texts so that numbers and order count."""
    expected = file.with_suffix(".expected").read_text(encoding="utf-8").split("\n")
    cases = [line for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
    recorded = (line for line in expected if line.strip())
    for wanted, given in zip(recorded, answers(cases), strict=True):
        yield _sorted(parse(wanted)), _sorted(parse(given))


def _sorted(value: Any) -> Any:
    """*value* with members in one order: which member of an answer comes first says nothing."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
