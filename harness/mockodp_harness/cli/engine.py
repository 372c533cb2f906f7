"""``mockodp engine``: the integration engine as a filter: a case a line on stdin, an answer a line on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from mockodp_harness.cases import NEEDED, CaseError, of_line
from mockodp_harness.cli.printed import named, say
from mockodp_harness.cli.readiness import complain
from mockodp_harness.conformance import KINDS, Answer, answer, malformed, refusal
from mockodp_harness.node.errors import NodeDriverError
from mockodp_harness.parity.comparison import Sides, first_difference
from mockodp_harness.parity.trees import read
from mockodp_harness.segment.values import parse, stringify

Lines = Iterable[tuple[int, bytes]]
Answers = Callable[[Lines], Iterable[str]]
Told = tuple[str, str | None]

SHOWN: Final = 3  # differences of a file that are printed
SIDES: Final[dict[str, Sides]] = {"python": ("ours", "the recorded"), "node": ("the package's", "the recorded")}
_KINDS: Final = "\n".join(f"  {kind:<18}{', '.join(NEEDED[kind]) or '-'}" for kind in KINDS)
HELP: Final = f"""
Read cases as NDJSON on stdin, write an answer for each on stdout: what Segment's framework and the destination do
with it. Nothing is sent.

With --compare print how many of the recorded answers are met, file by file, and where the first ones part; exit code
1 if one is not. With --driver node the published package answers; exit code 3 if it is not ready.

A case is an object with its "kind", with what that kind needs, and with an "id" if its answer shall have one:

\b
{_KINDS}

A line that is no case is answered by a CaseError, and the others go on. More in docs/integration.md.
"""


@click.command(short_help="Answer cases of the integration engine, one a line.", help=HELP)
@click.option("--driver", type=click.Choice(["python", "node"]), default="python", show_default=True,
              help="Who answers: our engine, or the published package.")  # fmt: skip
@click.option("--compare", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Answer every FILE.ndjson in FOLDER and compare with FILE.expected.")  # fmt: skip
def engine(driver: str, compare: Path | None) -> int:
    """Answer cases on stdin, or compare recorded ones."""
    try:
        return _compared(compare, driver) if compare is not None else _filtered(DRIVERS[driver])
    except NodeDriverError as error:
        return complain(error)


def _filtered(answers: Answers) -> int:
    for text in answers(_numbered(sys.stdin.buffer)):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    return 0


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with its number in the file."""
    return ((number, line.rstrip(b"\r\n")) for number, line in enumerate(lines, 1) if line.strip())


def _by_python(lines: Lines) -> Iterator[str]:
    return (_text(_answer(line, number)) for number, line in lines)


def _answer(line: bytes, number: int) -> Answer:
    try:
        return answer(of_line(line, number))
    except CaseError as error:
        return malformed(error)


def _by_node(lines: Lines) -> Iterator[str]:
    from mockodp_harness.node.cases import NodeCases  # noqa: PLC0415  not needed without Node

    with NodeCases() as node:
        for text in node.stream(_for_node(line, number) for number, line in lines):
            yield text.decode().rstrip("\n")


def _for_node(line: bytes, number: int) -> str | bytes:
    """The case in *line* as the package is asked, or the answer to it if it is malformed."""
    try:
        refused = refusal(of_line(line, number))
    except CaseError as error:
        refused = malformed(error)
    return line.decode() if refused is None else _text(refused).encode()


def _text(answered: Answer) -> str:
    return stringify(answered) or ""


DRIVERS: Final[dict[str, Answers]] = {"python": _by_python, "node": _by_node}


def _compared(folder: Path, driver: str) -> int:
    files = sorted(folder.glob("*.ndjson"))
    if not files:
        raise click.ClickException(f"{folder} has no file *.ndjson, expected cases with FILE.expected beside each.")
    passed = total = 0
    for file in files:
        told = list(_differences(file, driver))
        parted = [(name, where) for name, where in told if where is not None]
        passed, total = passed + len(told) - len(parted), total + len(told)
        click.echo(f"{len(told) - len(parted):>5} of {len(told):>5}  {file.stem}")
        _show(parted)
    click.echo(f"{passed:>5} of {total:>5}  all")
    return 0 if passed == total else 1


def _show(parted: list[tuple[str, str]]) -> None:
    for name, where in parted[:SHOWN]:
        say(f"{'':>16}{name}: {where}")
    if len(parted) > SHOWN:
        click.echo(f"{'':>16}and {len(parted) - SHOWN} more")


def _differences(file: Path, driver: str) -> Iterator[Told]:
    """For each recorded answer its case's id, and where the one now given parts from it."""
    recorded = file.with_suffix(".expected")
    if not recorded.is_file():
        raise click.ClickException(f"{recorded} is not there, expected the recorded answers to {file.name}.")
    cases, expected = (list(_numbered(path.read_bytes().split(b"\n"))) for path in (file, recorded))
    if len(cases) != len(expected):
        raise click.ClickException(
            f"{file} has {len(cases)} cases and {recorded.name} {len(expected)} answers, expected one to each case."
        )
    for (number, line), given in zip(expected, DRIVERS[driver](cases), strict=True):
        wanted, given_now = _recorded(line, number, recorded), parse(given)
        name = named(wanted) or f"line {number}"
        yield name, _parted(given_now, wanted, SIDES[driver])


def _recorded(line: bytes, number: int, file: Path) -> Any:
    try:
        return of_line(line, number)
    except CaseError as error:
        raise click.ClickException(f"{file}: {error}") from None


def _parted(given: Any, wanted: Any, sides: Sides) -> str | None:
    """Where two answers part as JSON texts, so that numbers and the order of items count."""
    texts = [stringify(_sorted(value)) or "" for value in (given, wanted)]
    return None if texts[0] == texts[1] else first_difference(read(texts[0]), read(texts[1]), sides=sides)


def _sorted(value: Any) -> Any:
    """*value* with members in one order: which member of an answer comes first says nothing."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
