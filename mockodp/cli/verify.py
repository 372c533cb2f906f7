"""``mockodp verify``: whether an account got what was expected, said by exit code and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click
import orjson

from mockodp.cli.connection import connected
from mockodp.cli.filters import ENDPOINT, REGION
from mockodp.cli.output import print_json, printable
from mockodp.errors import QueryError

if TYPE_CHECKING:
    from mockodp.client import Client

EXIT_CODES: Final = {"pass": 0, "fail": 1, "unknown": 4}
_COLOURS: Final = {"pass": "green", "fail": "red", "unknown": "yellow"}
_WHEN: Final = ("within", "quiet", "after")


@click.command(short_help="Check by exit code that an account got what was expected.")
@click.argument("account")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--type", metavar="TEXT", help="Event type of the items that count.")
@click.option("--action", metavar="TEXT", help="Event action of the items that count.")
@click.option("--match", metavar="JSON", help="What an item must have at least.")
@click.option("--schema", metavar="JSON|@FILE", help="A JSON Schema that an item must meet.")
@click.option("--contract", metavar="ID", help="A contract that an item must pass, such as order_completed.")
@click.option("--verdict", type=click.Choice(["pass", "fail"]), help="What its endpoint's contract says of an item.")
@click.option("--answered", metavar="STATUS", help="What went out, a fault or not: 503, 2xx, or none.")
@click.option("--endpoint", type=ENDPOINT, help="Only what came here.")
@click.option("--region", type=REGION, help="Only what came here.")
@click.option("--count", metavar="COUNT", help="N, none, at-least:N or at-most:N.  [default: 1]")
@click.option("--within", metavar="TIME", help="Wait this long for it, such as 2s or 200ms.")
@click.option("--quiet", metavar="TIME", help="Nothing else may come for this long afterwards.")
@click.option("--after", metavar="ID", help="Only what came after this record.")
@click.option("--json", "as_json", is_flag=True, help="The whole outcome, for programs.")
@connected
def verify(client: Client, account: str, file: BinaryIO | None, as_json: bool, **given: Any) -> int:
    """
    Check that ACCOUNT got what was expected.

    Exit with 0 if it did, 1 if not, 4 if records were dropped, so that nobody knows. FILE (- for stdin) holds the
    expectations as JSON, as POST /_mock/verify takes them; without it the options say what is expected.

    \b
      mockodp verify checkout --type order --match '{"order_id":"order-1001"}'
      mockodp verify checkout --action refund --count none --within 2s
      mockodp verify checkout --verdict fail --count none
      mockodp verify checkout expected.json
    """  # noqa: D301  click wants this character
    wanted = {name: value for name, value in given.items() if value is not None}
    outcome = client.verify(account, **(_from_file(file, wanted) if file else _from_options(wanted)))
    if as_json:
        print_json(outcome)
    else:
        click.echo("\n".join(told(outcome)))
    return EXIT_CODES[outcome["verdict"]]


def _from_options(wanted: Mapping[str, Any]) -> dict[str, Any]:
    read = {"match": _match, "schema": _schema, "count": _count}
    return {name: read[name](value) if name in read else value for name, value in wanted.items()}


def _from_file(file: BinaryIO, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The expectations of *file*; options may only say when."""
    other = sorted(set(wanted) - set(_WHEN))
    if other:
        raise QueryError(f"--{other[0]} and a file of expectations do not go together: write it into the file.")
    name = getattr(file, "name", "<stdin>")
    document = _json(file.read(), name)
    if not isinstance(document, dict):
        raise QueryError(f"{name} is not a JSON object.")
    return {name: value for name, value in {**document, **wanted}.items() if name != "account"}


def _match(text: str) -> Any:
    return _json(text.encode(), "--match")


def _schema(text: str) -> Any:
    if not text.startswith("@"):
        return _json(text.encode(), "--schema")
    try:
        return _json(Path(text[1:]).read_bytes(), text[1:])
    except OSError as error:
        raise QueryError(f"--schema: {text[1:]!r} cannot be read: {error.strerror}.") from error


def _count(text: str) -> Any:
    found = re.fullmatch(r"(?:(at-least|at-most):)?(\d{1,7})", text, re.ASCII)
    if text != "none" and not found:
        raise QueryError(f"--count is {text!r}, expected a number, none, at-least:NUMBER or at-most:NUMBER.")
    if not found:
        return text
    return {found[1].replace("-", "_"): int(found[2])} if found[1] else int(found[2])


def _json(text: bytes, where: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"{where} is not JSON: {error}.") from None


def told(outcome: Mapping[str, Any]) -> Iterator[str]:
    """The outcome for a person: the verdict, then place by place where the nearest items fall short."""
    verdict = outcome["verdict"]
    yield f"{click.style(verdict, fg=_COLOURS[verdict], bold=True)}: {printable(outcome['message'])}"
    several = len(outcome["expectations"]) > 1
    for number, tally in enumerate(outcome["expectations"]):
        for miss in tally.get("nearest", ()):
            of = f" of expectation {number}" if several else ""
            yield f"\nNearest miss{of}: {miss['id']}"
            for difference in miss["differences"]:
                yield from _difference(difference)
    dropped = f", {outcome['dropped']} were dropped" if outcome["dropped"] else ""
    yield f"\n{_counted(outcome['considered'], 'accepted record')} considered{dropped}."


def _difference(difference: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {printable(difference['pointer'] or '(item)')}"
    if "message" in difference:
        yield click.style(f"    - {printable(difference['message'])}", fg="red")
        return
    yield click.style(f"    - expected {_shown(difference['expected'])}", fg="green")
    was = f"was {_shown(difference['actual'])}" if "actual" in difference else "was absent"
    yield click.style(f"    + {was}", fg="red")


def _shown(value: Any) -> str:
    """A value on one line."""
    return printable(orjson.dumps(value).decode())


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
