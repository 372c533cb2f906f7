"""``mockodp contracts diff``: what a change of the contracts breaks, shown by payloads; needs no running mock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson
from mockodp_contracts import ContractError, Severity

from mockodp.cli.output import print_json, printable
from mockodp.errors import EnvironmentNotReady, SettingsError

if TYPE_CHECKING:
    from mockodp_contracts.changes.approvals import Approvals
    from mockodp_contracts.changes.corpus import Recorded
    from mockodp_contracts.changes.sources import Side

_UNKNOWN: Final = 4
_FORMATS: Final = ("text", "json", "markdown")
_MAY_FAIL: Final = (Severity.ERROR.value, Severity.WARNING.value)


@click.command(short_help="Show what a change of the contracts breaks.")
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--against", metavar="SOURCE", help="Compare with where NEW left this branch; or with a wheel or folder.")
@click.option("--approvals", metavar="FILE", type=click.Path(path_type=Path),
              help="Approved breaks.  [default: contracts/approvals.toml if there]")  # fmt: skip
@click.option("--corpus", metavar="FILE", type=click.Path(path_type=Path), multiple=True,
              help="Recorded payloads to try as well, JSON or NDJSON; may be given again.")  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to show it."
)
@click.option("--fail-on", type=click.Choice(_MAY_FAIL), default="error", show_default=True,
              help="The least severity that fails.")  # fmt: skip
def diff(old: str | None, new: str | None, against: str | None, **more: Any) -> int:
    """
    Show what a change of the contracts breaks, each with the smallest payload that shows it.

    OLD and NEW are a git ref, a wheel (*.whl) or a folder. OLD is where NEW left the default branch, or the commit
    before NEW if it is on that branch; NEW is HEAD, or in a repository without contracts what is installed. Refs are
    read from git, never from the work tree; uncommitted changes are told of, and looked at if NEW is a folder: HEAD ./

    Exit with 1 if a break is not approved, even where an approval has expired or something is unknown as well; else 5
    if the approval of something found has expired; else 4 if something could not be compared; else 0: nothing breaks
    or all of it is approved. An approval that matches nothing, expired or not, is only noted.
    """
    from mockodp_contracts.changes.repository import SourceError  # noqa: PLC0415  only this command compares
    from mockodp_contracts.changes.sources import sides  # noqa: PLC0415

    if old is not None and against is not None:
        raise SettingsError("OLD and --against both say what to compare with: give one of them.")
    try:
        older, newer = sides(old, new, against, Path.cwd())
    except SourceError as error:
        return _complain(error, error.exit_code)
    return _shown(older, newer, **more)


def _shown(
    older: Side, newer: Side, *, approvals: Path | None, corpus: tuple[Path, ...], form: str, fail_on: str
) -> int:
    """Show how the sides differ; the exit code."""
    from mockodp_contracts.changes.compatibility import compare  # noqa: PLC0415
    from mockodp_contracts.changes.report import ChangeReport  # noqa: PLC0415

    approved, recorded = _approvals(approvals), list(_recorded(corpus))
    try:
        comparison = compare(older, newer, recorded)
    except ContractError as error:
        return _complain(error, _UNKNOWN)
    except Exception as error:  # 1 would mean that something breaks
        return _complain(ContractError(f"Contracts cannot be compared: {type(error).__name__}: {error}."), _UNKNOWN)
    report = ChangeReport(comparison, approved, datetime.now(UTC), Severity(fail_on))
    if form == "json":
        print_json(report.shown())
    else:
        click.echo(printable(report.text() if form == "text" else report.markdown(), keep="\n"), nl=False)
    return report.exit_code


def _approvals(file: Path | None) -> Approvals:
    from mockodp_contracts.changes.approvals import DEFAULT, Approvals, ApprovalsError, read  # noqa: PLC0415

    if file is None and not DEFAULT.exists():
        return Approvals()
    try:
        return read(file or DEFAULT)
    except ApprovalsError as error:
        raise (EnvironmentNotReady if error.exit_code == EnvironmentNotReady.exit_code else SettingsError)(
            str(error)
        ) from None


def _recorded(files: tuple[Path, ...]) -> Iterator[Recorded]:
    from mockodp_contracts.changes.corpus import recorded  # noqa: PLC0415

    for file in files:
        found = [each for document in _documents(file) for each in recorded(document)]
        if not any(each.is_readable for each in found):
            skipped = f": {len(found):,} without a batch that can be read" if found else ""
            raise SettingsError(f"{file} holds no payload{skipped}.")
        yield from found


def _documents(file: Path) -> list[Any]:
    """The JSON document in *file*, or one of each line."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise EnvironmentNotReady(f"{str(file)!r} cannot be read: {error.strerror}.") from None
    try:
        return [orjson.loads(text)]
    except orjson.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
        if len(lines) == 1 or not text:
            raise SettingsError(f"{file} is not JSON: {error}.") from None
    return [_line(file, number, line) for number, line in lines]


def _line(file: Path, number: int, line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"{file} is neither JSON nor NDJSON: line {number}: {error}.") from None


def _complain(error: ContractError, code: int) -> int:
    from mockodp.cli.group import complain  # noqa: PLC0415  the group imports this module

    return complain(str(error), code)
