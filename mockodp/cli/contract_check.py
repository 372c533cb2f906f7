"""``mockodp contracts check``: judge the payloads in files, each by its contract; needs no running mock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from mockodp_contracts import Contract, NotJudged, Severity, Verdict, Violation, catalog
from mockodp_contracts.recognised import contract_of_item, recognised, takes_arrays

from mockodp.cli.output import print_json, printable
from mockodp.cli.payloads import Payload, payloads
from mockodp.errors import SettingsError

BROKEN: Final = 1
UNKNOWN: Final = 4
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_ORDER: Final = list(Severity)
_UNTOLD: Final = (
    "Its shape does not tell which contract it is meant for. Give --contract ID; 'mockodp contracts list' names them."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One payload of a file and what its contract says of it; without a *verdict* the *reason* why there is none."""

    place: str
    verdict: Verdict | None = None
    reason: str = ""

    def is_bad(self, least: Severity) -> bool:
        """Whether a violation is of severity *least* or worse."""
        if self.verdict is None:
            return False
        return not self.verdict.passed or any(self.verdict.of(each) for each in _ORDER[: _ORDER.index(least) + 1])


@click.command(short_help="Judge the payloads in files.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--contract", metavar="ID", help="The contract to judge by; told by the shape of each payload if left "
              "out. The contract of an item, or a preset, is asked of each item of a batch.")  # fmt: skip
@click.option("--fail-on", type=click.Choice([each.value for each in Severity]), default="error", show_default=True,
              help="The least severity that fails.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="Of many payloads, show also those without errors and warnings.")
@click.option("--quiet", is_flag=True, help="Only the last line, which counts.")
@click.option("--json", "as_json", is_flag=True, help="All of it, for programs.")
def check(
    files: tuple[Path, ...], contract: str | None, *, fail_on: str, every: bool, quiet: bool, as_json: bool
) -> int:
    """
    Judge the payloads in each FILE, or on standard input with '-'.

    A payload is a batch or an item as the destination sends it, a body of the REST API, or an event of a Segment
    source. A file holds one as JSON, or one a line, as NDJSON; what 'mockodp records' and 'mockodp items' write as JSON
    or NDJSON is read as well.

    Exit with 0 if all pass, 1 if one fails, 4 if none fails but one could not be judged, 2 after wrong use (a file that
    is no JSON or holds no payload, a contract that is not known), 3 if a file cannot be read.
    """
    if quiet and (every or as_json):
        raise SettingsError("--quiet shows only the last line: it goes neither with --all nor with --json.")
    asked, now, least = catalog().find(contract) if contract else None, datetime.now(UTC), Severity(fail_on)
    checked = [_checked(each, now) for file in files for payload in payloads(file) for each in _held(payload, asked)]
    if as_json:
        print_json(_report(checked))
    else:
        _print(checked if every or len(checked) == 1 else [one for one in checked if _is_telling(one, least)], quiet)
        click.echo(_summary(checked, least))
    if any(each.is_bad(least) for each in checked):
        return BROKEN
    return UNKNOWN if any(each.verdict is None for each in checked) else 0


@dataclass(frozen=True, slots=True)
class _Held:
    """A document, and the name of the contract it is held to; *reason* says why to none."""

    place: str
    document: Any = None
    contract: str = ""
    reason: str = ""


def _held(payload: Payload, asked: Contract | None) -> Iterator[_Held]:
    """*payload*, or each item of it, held to the contract that is *asked*, or to its own."""
    place, document = payload.place, payload.document
    if payload.reason:
        yield _Held(place, reason=payload.reason)
        return
    name = asked.name if asked else _own_contract(payload)
    if not isinstance(document, list) or (name is not None and takes_arrays(catalog()[name])):
        yield _Held(place, document, name or "", "" if name else _UNTOLD)
        return
    if not document:
        yield _Held(place, reason=f"An empty array has no item to hold to {name}." if name else _UNTOLD)
    for index, item in enumerate(document):
        of_item = name or recognised(catalog(), item)
        yield _Held(f"{place}[{index}]", item, of_item or "", "" if of_item else _UNTOLD)


def _own_contract(payload: Payload) -> str | None:
    """The contract that a payload is meant for, by where the mock received it, or else by its shape."""
    if payload.of_batch:
        return contract_of_item(catalog(), payload.endpoint, payload.document)
    by_endpoint = f"envelopes/{payload.endpoint}"
    return by_endpoint if by_endpoint in catalog().names else recognised(catalog(), payload.document)


def _checked(held: _Held, now: datetime) -> Checked:
    if held.reason:
        return Checked(held.place, reason=held.reason)
    try:
        return Checked(held.place, catalog().judge(held.contract)(held.document, now))
    except NotJudged as error:
        return Checked(held.place, reason=str(error))


def _report(checked: Sequence[Checked]) -> dict[str, Any]:
    return {
        "payloads": [{"place": each.place, **each.verdict.shown()} for each in checked if each.verdict],
        "not_judged": [{"place": each.place, "reason": each.reason} for each in checked if not each.verdict],
    }


def _is_telling(checked: Checked, least: Severity) -> bool:
    """Whether somebody should look at it."""
    return checked.verdict is None or checked.is_bad(Severity.WARNING) or checked.is_bad(least)


def _print(checked: Sequence[Checked], quiet: bool) -> None:
    for each in () if quiet else checked:
        if each.verdict is None:
            word = click.style("not judged", fg="yellow", bold=True)
            click.echo(f"{printable(each.place)}: {word}: {printable(each.reason)}")
        else:
            _print_verdict(each.place, each.verdict)


def _print_verdict(place: str, verdict: Verdict) -> None:
    word = click.style(verdict.word, fg="green" if verdict.passed else "red", bold=True)
    click.echo(f"{printable(place)}: {word} by {verdict.contract}")
    for violation in verdict.violations:
        _print_violation(violation)
    if verdict.left_off:
        click.echo(f"  {verdict.left_off:,} more values were not looked at.")


def _print_violation(violation: Violation) -> None:
    severity = click.style(f"{violation.severity:<7}", fg=_COLOURS[violation.severity])
    click.echo(f"  {severity} {printable(str(violation))}")
    click.echo(click.style(f"          {printable(violation.hint)}", dim=True))


def _summary(checked: Sequence[Checked], least: Severity) -> str:
    """All in one line: how many payloads, their verdicts, their violations by severity."""
    words = Counter(each.verdict.word if each.verdict else "not judged" for each in checked)
    told = Counter(violation.severity for each in checked if each.verdict for violation in each.verdict.violations)
    verdicts = ", ".join(f"{words[word]:,} {word}" for word in ("pass", "fail", "not judged") if words[word])
    severities = ", ".join(_counted(told[each], each.value) for each in Severity if told[each])
    line = f"{_counted(len(checked), 'payload')}: {verdicts}.{f' {severities}.' if severities else ''}"
    bad = sum(each.is_bad(least) for each in checked)
    return line if bad == words["fail"] else f"{line} By --fail-on {least} {bad:,} {'fail' if bad > 1 else 'fails'}."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1 and noun != Severity.INFO)}"
