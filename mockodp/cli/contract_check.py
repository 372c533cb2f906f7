"""``mockodp contracts check``: judge the payloads in a file; exit code 1 if one breaks its contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import orjson
from mockodp_contracts import Severity, Verdict, Violation, catalog
from mockodp_contracts.recognised import recognised

from mockodp.cli.output import print_json, printable
from mockodp.errors import EnvironmentNotReady, SettingsError

BROKEN: Final = 1
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_ORDER: Final = list(Severity)


@dataclass(frozen=True, slots=True)
class Checked:
    """One payload of a file and what its contract says of it."""

    place: str
    verdict: Verdict

    def is_bad(self, least: Severity) -> bool:
        """Whether a violation is of severity *least* or worse."""
        return not self.verdict.passed or any(self.verdict.of(each) for each in _ORDER[: _ORDER.index(least) + 1])


@click.command(short_help="Judge the payloads in a file.")
@click.argument("file", metavar="FILE.json", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--contract", metavar="ID", help="The contract to judge by; told by the shape of each payload if left out."
)
@click.option("--fail-on", type=click.Choice([each.value for each in Severity]), default="error", show_default=True,
              help="The least severity that fails.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(file: Path, contract: str | None, fail_on: str, as_json: bool) -> int:
    """
    Judge the payloads in FILE.json, or on standard input with '-'.

    A payload is a batch or an item as the destination sends it, a body of the REST API, or an event of a Segment
    source. A file holds one as JSON, or one a line, as NDJSON; the mock's own export of records is read as well.
    Exit code 1 if one of them fails.
    """
    now = datetime.now(UTC)
    checked = [_checked(place, document, contract, now) for place, document in list(_payloads(file))]
    if as_json:
        print_json({"payloads": [{"place": each.place, **each.verdict.shown()} for each in checked]})
    else:
        _print(checked)
    return BROKEN if any(each.is_bad(Severity(fail_on)) for each in checked) else 0


def _checked(place: str, document: Any, contract: str | None, now: datetime) -> Checked:
    if contract is None and _is_record(document):
        place, contract, document = f"{place}, record {document['id']}", document["endpoint"], document["items"]
    name = contract or recognised(catalog(), document)
    if name is None:
        raise SettingsError(
            f"{place}: its shape does not tell which contract it is meant for. Give --contract ID; "
            "'mockodp contracts list' names them."
        )
    return Checked(place, _judged(document, name, now))


def _judged(document: Any, contract: str, now: datetime) -> Verdict:
    return catalog().judge(catalog().find(contract).name)(document, now)


def _is_record(document: Any) -> bool:
    """Whether it is a record as the mock exports it."""
    return isinstance(document, dict) and {"id", "endpoint", "items", "received_at"} <= document.keys()


def _payloads(file: Path) -> Iterator[tuple[str, Any]]:
    """Each payload in *file* with the place it stands at."""
    name = "standard input" if str(file) == "-" else str(file)
    text = sys.stdin.buffer.read() if str(file) == "-" else _read(file)
    try:
        yield name, orjson.loads(text)
    except orjson.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004  one line is no NDJSON
            raise SettingsError(f"{name} is not JSON: {error}.") from None
        yield from _lines(name, lines)


def _lines(name: str, lines: Sequence[tuple[int, bytes]]) -> Iterator[tuple[str, Any]]:
    for number, line in lines:
        try:
            yield f"{name}:{number}", orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise SettingsError(f"{name} is neither JSON nor NDJSON: line {number}: {error}.") from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EnvironmentNotReady(f"{str(file)!r} cannot be read: {error.strerror}.") from error


def _print(checked: Sequence[Checked]) -> None:
    for each in checked:
        word = click.style(each.verdict.word, fg="green" if each.verdict.passed else "red", bold=True)
        click.echo(f"{printable(each.place)}: {word} by {each.verdict.contract}")
        for violation in each.verdict.violations:
            _print_violation(violation)
        if each.verdict.left_off:
            click.echo(f"  {each.verdict.left_off:,} more values were not looked at.")


def _print_violation(violation: Violation) -> None:
    severity = click.style(f"{violation.severity:<7}", fg=_COLOURS[violation.severity])
    click.echo(f"  {severity} {printable(str(violation))}")
    click.echo(click.style(f"          {violation.hint}", dim=True))
