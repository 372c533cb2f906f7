"""``mockodp contracts``: look at the contracts, and judge files by them; needs no running mock."""

from __future__ import annotations

from typing import Any, Final

import click
import orjson
from mockodp_contracts import Contract, Severity, catalog
from mockodp_contracts.catalogue import DIRECTIONS
from mockodp_contracts.constraints import constraints

from mockodp.cli.contract_shape import shape
from mockodp.cli.lazy import LazyGroup
from mockodp.cli.output import folded, print_json, print_table, printable
from mockodp.errors import SettingsError

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


class Contracts(LazyGroup):
    """The group, whose commands are imported when they are asked for."""

    lazy = {
        "list": "mockodp.cli.contracts:list_contracts",
        "show": "mockodp.cli.contracts:show",
        "examples": "mockodp.cli.contracts:examples",
        "check": "mockodp.cli.contract_check:check",
        "diff": "mockodp.cli.contract_changes:diff",
    }


@click.group(cls=Contracts, short_help="Look at the contracts, and judge files by them.")
def contracts() -> None:
    """
    Look at what may stand on the wire, judge files by it, and see what a change of it breaks.

    A contract is named by its whole name, items/email_event, or by the last part of it, email_event.
    """


@click.command("list", short_help="List the contracts.")
@click.option("--direction", type=click.Choice(DIRECTIONS), help="Only contracts of this direction.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_contracts(direction: str | None, as_json: bool) -> None:
    """
    List the contracts.

    Directions: request (the integration writes, ODP reads), answer (the mock writes, the integration reads), event (a
    source writes, the integration reads), report (the mock writes, other projects read).
    """
    found = [contract for contract in catalog() if direction in (None, contract.direction)]
    if as_json:
        print_json({"contracts": [_head(contract) for contract in found]})
    else:
        _print_list(found)


def _head(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.name, "version": contract.version, "direction": contract.direction, "title": contract.title,
        "description": contract.description, "evidence": contract.label.grade,
        "rules": [rule.name for rule in catalog().rules_of(contract.name)],
        "uses": sorted(name for name in contract.refs if name in catalog().names),
    }  # fmt: skip


def _print_list(found: list[Contract]) -> None:
    from rich.table import Column, Table  # noqa: PLC0415  programs need no tables

    columns = ("CONTRACT", "VERSION", "DIRECTION", "EVIDENCE", "TITLE")
    table = Table(*(Column(name, no_wrap=True) for name in columns), box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for contract in found:
        table.add_row(contract.name, contract.version, contract.direction, contract.label.grade, contract.title)
    print_table(table)


@click.command(short_help="Show what a contract asks for.")
@click.argument("name", metavar="ID")
@click.option("--schema", is_flag=True, help="The JSON Schema as it stands in its file.")
@click.option("--bundle", is_flag=True, help="One JSON Schema that needs no other file, for use elsewhere; it holds "
              "the shape without the rules beyond shape.")  # fmt: skip
def show(name: str, schema: bool, bundle: bool) -> None:
    """
    Show what the contract ID asks for: every member with its type, and every rule beyond shape with where it is from.

    What it takes from another contract is told by the name of that one: 'as shared/address'.
    """
    if schema and bundle:
        raise SettingsError("--schema and --bundle show two different things: give one of them.")
    contract = catalog().find(name)
    if schema:
        print_json(contract.schema)
    elif bundle:
        print_json(_bundle(contract))
    else:
        _print_contract(contract)


def _bundle(contract: Contract) -> dict[str, Any]:
    """The shape without our own keywords, contracts that it uses under ``$defs``."""
    used, ahead = {contract.name}, [contract.name]
    while ahead:
        more = catalog()[ahead.pop()].refs - used
        used |= more
        ahead += more
    definitions = {name: _plain(catalog()[name].schema) for name in sorted(used - {contract.name})}
    examples = [example.value for example in contract.good]
    return {**_plain(contract.schema), "examples": examples, **({"$defs": definitions} if definitions else {})}


def _plain(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _plain(value) for name, value in schema.items() if not name.startswith("x-")}
    return [_plain(value) for value in schema] if isinstance(schema, list) else schema


def _print_contract(contract: Contract) -> None:
    click.echo(f"{click.style(contract.name, bold=True)} {contract.version}  {contract.title}")
    _paragraph(contract.description)
    label = contract.label
    _paragraph(f"Direction {contract.direction}. Evidence: {label.grade}: {label.source} ({label.checked}).")
    click.echo("\nShape")
    for line in shape(contract.schema):
        click.echo(f"  {printable(line)}")
    rules = dict.fromkeys(one.rule for one in constraints(catalog(), contract) if one.rule in catalog().rules)
    if rules:
        click.echo("\nRules beyond shape")
    for name in rules:
        rule = catalog().rules[name]
        severity = click.style(f"{rule.severity:<7}", fg=_COLOURS[rule.severity])
        click.echo(f"  {severity} {rule.name}: {rule.statement} [{rule.label.grade}]")
    click.echo(f"\nExamples: mockodp contracts examples {contract.name}")


def _paragraph(text: str) -> None:
    for line in folded(text, 0):
        click.echo(line)


@click.command(short_help="Show payloads that keep a contract, and some that break it.")
@click.argument("name", metavar="ID")
@click.option("--good", "only_good", is_flag=True, help="Only those that keep it.")
@click.option("--bad", "only_bad", is_flag=True, help="Only those that break it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def examples(name: str, only_good: bool, only_bad: bool, as_json: bool) -> None:
    """Show payloads that keep the contract ID, and some that break it, each with its reason."""
    if only_good and only_bad:
        raise SettingsError("--good and --bad together leave nothing out: give one of them, or neither for both.")
    contract = catalog().find(name)
    good = contract.good if not only_bad else ()
    bad = contract.bad if not only_good else ()
    if as_json:
        print_json({
            "contract": contract.name,
            "good": [{"shows": each.shows, "value": each.value} for each in good],
            "bad": [{"shows": each.shows, "breaks": each.breaks, "value": each.value} for each in bad],
        })  # fmt: skip
        return
    for each in (*good, *bad):
        reasons = ", ".join(f"{rule} at {pointer or '(document)'}" for pointer, rule in each.breaks.items())
        word = click.style("bad ", fg="red") if each.breaks else click.style("good", fg="green")
        click.echo(f"{word} {click.style(each.shows, bold=True)}{f': {reasons}' if reasons else ''}")
        click.echo(f"     {printable(orjson.dumps(each.value).decode())}\n")
