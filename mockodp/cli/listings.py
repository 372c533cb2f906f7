"""``mockodp records`` and ``mockodp items``: what arrived, as a table or for programs."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import click
import orjson

from mockodp.cli.connection import connected
from mockodp.cli.filters import filters
from mockodp.cli.output import pretty, print_table
from mockodp.errors import SettingsError

if TYPE_CHECKING:
    from mockodp.client import Client

F = TypeVar("F", bound=Callable[..., Any])

_PAGE: Final = 1_000
_LIMIT: Final = 100


def _output(*forms: str) -> Callable[[F], F]:
    def add(command: F) -> F:
        command = click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                               help="Write to this file.")(command)  # fmt: skip
        command = click.option("--json", "form", flag_value="json", help="Short for --format json.")(command)
        return click.option("--format", "form", type=click.Choice(forms), default="table", show_default=True,
                            help="How to show them.")(command)  # fmt: skip

    return add


@click.command(short_help="List the requests that arrived.")
@filters
@_output("table", "json", "ndjson", "har")
@connected
def records(client: Client, form: str, output: Path | None, **narrowed: Any) -> None:
    """
    List the requests that arrived, refused ones too.

    As table and JSON the newest 100 come first; as NDJSON and HAR all that meet the filters, in the order they came.
    """
    _list(client, "records", form, output, narrowed)


@click.command(short_help="List the items of the batches that arrived.")
@filters
@_output("table", "json", "ndjson")
@connected
def items(client: Client, form: str, output: Path | None, **narrowed: Any) -> None:
    """List the items of accepted batches one by one, the newest 100 first; as NDJSON all, in the order they came."""
    _list(client, "items", form, output, narrowed)


def _list(client: Client, kind: str, form: str, output: Path | None, narrowed: Mapping[str, Any]) -> None:
    wanted = {name: value for name, value in narrowed.items() if name not in ("limit", "newest") and value != ()}
    limit, newest = narrowed["limit"], narrowed["newest"]
    if form == "har":
        if limit is not None or newest is not None:
            raise SettingsError(
                "A HAR holds all records that meet the filters: --limit, --newest and --oldest do not apply."
            )
        _write(output, client.export("har", **wanted))
    elif form == "ndjson":
        found = _paged(client, kind, wanted, newest=bool(newest), page=min(limit or _PAGE, _PAGE))
        listed = itertools.chain.from_iterable(page[kind] for page in found)
        _write(output, (orjson.dumps(one) + b"\n" for one in itertools.islice(listed, limit)))
    else:
        page = _gathered(client, kind, wanted, newest=newest is not False, limit=limit or _LIMIT)
        if form == "json":
            _write(output, iter([pretty(page)]))
        else:
            _table(kind, page, output, newest=newest is not False)
            if not page[kind] and "status" in wanted and wanted["status"] is not None:
                click.echo(
                    "--status asks for what would be answered without faults; --answered for what was.", err=True
                )


def _paged(
    client: Client, kind: str, wanted: Mapping[str, Any], *, newest: bool, page: int
) -> Iterator[dict[str, Any]]:
    """Page after page."""
    cursor = None
    while True:
        ask = client.records if kind == "records" else client.items
        found = ask(**wanted, order="newest" if newest else "oldest", limit=page, cursor=cursor)
        yield found
        cursor = found["next"]
        if cursor is None:
            return


def _gathered(client: Client, kind: str, wanted: Mapping[str, Any], *, newest: bool, limit: int) -> dict[str, Any]:
    """One page of *limit*, put together from as many as it takes."""
    whole: dict[str, Any] = {kind: []}
    for page in _paged(client, kind, wanted, newest=newest, page=min(limit, _PAGE)):
        whole = {kind: whole[kind] + page[kind], "dropped": page["dropped"], "next": page["next"]}
        if len(whole[kind]) >= limit:
            break
    if len(whole[kind]) > limit:
        kept = whole[kind][:limit]
        whole = {**whole, kind: kept, "next": kept[-1]["id"]}
    return whole


def _table(kind: str, page: Mapping[str, Any], output: Path | None, *, newest: bool) -> None:
    from mockodp.cli.tables import items_table, records_table  # noqa: PLC0415  programs need no tables

    table = records_table(page[kind]) if kind == "records" else items_table(page[kind])
    with _open(output) as file:
        if page[kind]:
            print_table(table, file if output else None)
    if not page[kind]:
        click.echo(f"No {kind} meet this.", err=True)
    if page["next"]:
        which = "newest" if newest else "oldest"
        click.echo(f"These are the {which} {len(page[kind])}; there are more. Narrow down, or give --limit.", err=True)
    if page["dropped"]:
        click.echo(f"{page['dropped']} older records were dropped to keep within the limits of the mock.", err=True)


def _write(output: Path | None, pieces: Iterator[bytes]) -> None:
    with _open(output) as file:
        for piece in pieces:
            file.write(piece)


@contextmanager
def _open(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        file = output.open("wb")
    except OSError as error:
        raise SettingsError(f"{str(output)!r} cannot be written: {error.strerror}.") from error
    with file:
        yield file
