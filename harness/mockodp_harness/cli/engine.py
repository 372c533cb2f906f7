"""``mockodp engine``: the integration engine as a filter: a case a line on stdin, an answer a line on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mockodp_harness.conformance import KINDS, answer
from mockodp_harness.segment.values import parse, stringify


@click.command(short_help="Answer cases of the integration engine, one a line.")
@click.option("--compare", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Answer every FILE.ndjson in FOLDER and compare with FILE.expected.")  # fmt: skip
def engine(compare: Path | None) -> int:
    """
    Read cases as NDJSON on stdin, write an answer for each on stdout: what Segment's framework and the destination do
    with it. Nothing is sent.

    With --compare print how many of the recorded answers are met, file by file; exit code 1 if one is not.
    """
    if compare is not None:
        return _compared(compare)
    for number, line in enumerate(sys.stdin.buffer, 1):
        if line.strip():
            sys.stdout.write(f"{stringify(_answer(line, number))}\n")
            sys.stdout.flush()
    return 0


def _answer(line: bytes, number: int) -> dict[str, Any]:
    """The answer to the case in *line*; one that is no case is told so, and the others go on."""
    try:
        case = parse(line)
    except ValueError as error:
        return _refused(None, f"Line {number} is not JSON: {error}.")
    if not isinstance(case, dict):
        return _refused(None, f"Line {number} is no object.")
    if case.get("kind") not in KINDS:
        return _refused(case.get("id"), f"{case.get('kind')!r} is not a kind. Known: {', '.join(KINDS)}.")
    try:
        return answer(case)
    except KeyError as error:
        return _refused(case.get("id"), f"The case lacks {error}.")


def _refused(case_id: Any, message: str) -> dict[str, Any]:
    return {"id": case_id, "ok": False, "error": {"name": "CaseError", "message": message}, "requests": []}


def _compared(folder: Path) -> int:
    passed = total = 0
    for file in sorted(folder.glob("*.ndjson")):
        met = [expected == given for expected, given in _pairs(file)]
        passed, total = passed + sum(met), total + len(met)
        click.echo(f"{sum(met):>5} of {len(met):>5}  {file.stem}")
    click.echo(f"{passed:>5} of {total:>5}  all")
    return 0 if total and passed == total else 1


def _pairs(file: Path) -> Iterator[tuple[Any, Any]]:
    """Each recorded answer and ours, as JSON texts so that numbers and order count."""
    cases, expected = file.read_bytes().splitlines(), file.with_suffix(".expected").read_bytes().splitlines()
    for number, (case, recorded) in enumerate(zip(cases, expected, strict=True), 1):
        yield _sorted(parse(recorded)), _sorted(_answer(case, number))


def _sorted(value: Any) -> Any:
    """*value* with members in one order: which member of an answer comes first says nothing."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
