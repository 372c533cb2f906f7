"""Listings for people: they fit 80 columns, and what arrived is shown as text, never as markup or control codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import orjson
from rich.table import Column, Table
from rich.text import Text

from mockodp.cli.output import printable
from mockodp.fault_words import what_went_out


def records_table(records: Sequence[Mapping[str, Any]], today: date | None = None) -> Table:
    """One line a request."""
    table = _table(
        _fixed("TIME", style="dim"), _fixed("STATUS"), _fixed("VERDICT"), _fixed("REG"),
        Column("ENDPOINT", min_width=12), _fixed("ITEMS", justify="right"), Column("ACCOUNT", min_width=8),
        _fixed("ID"),
    )  # fmt: skip
    times = clock([record["received_at"] for record in records], today or datetime.now().astimezone().date())
    for record, time in zip(records, times, strict=True):
        table.add_row(
            time, status_text(record), verdict_text(record), record["region"],
            _shown(record["endpoint"] or record["path"]),
            "" if record["item_count"] is None else str(record["item_count"]), _shown(record["account"]), record["id"],
        )  # fmt: skip
    return table


def items_table(items: Sequence[Mapping[str, Any]]) -> Table:
    """One line an item, as much of it as fits."""
    several = len({item["account"] for item in items}) > 1
    accounts = [Column("ACCOUNT", max_width=12)] if several else []
    columns = [_fixed("ID"), _fixed("VERDICT"), *accounts, Column("ENDPOINT", max_width=20)]
    table = _table(*columns, Column("ITEM", min_width=20))
    for item in items:
        account = [_shown(item["account"])] if several else []
        content = _shown(orjson.dumps(item["item"]).decode())
        table.add_row(item["id"], verdict_text(item), *account, _shown(item["endpoint"]), content)
    return table


def accounts_table(accounts: Sequence[Mapping[str, Any]], today: date | None = None) -> Table:
    """One line an account."""
    table = _table(
        Column("ACCOUNT"), _fixed("RECORDS", justify="right"), _fixed("BYTES", justify="right"),
        _fixed("DROPPED", justify="right"), _fixed("OPENED", style="dim"),
    )  # fmt: skip
    times = clock([account["created_at"] for account in accounts], today or datetime.now().astimezone().date())
    for account, time in zip(accounts, times, strict=True):
        dropped = account["dropped"]["records"]
        table.add_row(
            _shown(account["name"]), f"{account['records']:,}", f"{account['bytes']:,}",
            Text(f"{dropped:,}", "red" if dropped else "dim"), time,
        )  # fmt: skip
    return table


def faults_table(faults: Sequence[Mapping[str, Any]]) -> Table:
    """One line a fault."""
    table = _table(
        _fixed("ID"), Column("NAME", min_width=8), Column("ACCOUNT", min_width=7), _fixed("MET", justify="right"),
        _fixed("STRUCK", justify="right"), _fixed("STATE"), Column("WHAT IT DOES", min_width=20),
    )  # fmt: skip
    for fault in faults:
        table.add_row(
            fault["id"], _shown(fault["name"] if fault["name"] != fault["id"] else ""), _shown(fault["account"]),
            f"{fault['met']:,}", Text(f"{fault['struck']:,}", "yellow" if fault["idle"] else ""),
            Text(fault["state"].replace("_", " "), "green" if fault["state"] == "armed" else "dim"),
            Text(printable(fault["does"])),
        )  # fmt: skip
    return table


def presets_table(presets: Sequence[Mapping[str, Any]]) -> Table:
    """One line a preset, folded."""
    table = _table(_fixed("NAME"), _fixed("EVIDENCE"), Column("WHAT IT DOES"))
    for preset in presets:
        table.add_row(preset["name"], preset["evidence"], printable(preset["summary"]))
    return table


def status_text(record: Mapping[str, Any]) -> Text:
    """The status, green if the request was accepted; behind it what a fault sent instead."""
    text = Text(str(record["status"]), "green" if record["accepted"] else "red")
    return text.append(what_went_out(record["status"], record.get("faults", ())), "yellow")


def verdict_text(judged: Mapping[str, Any]) -> Text:
    """What the contract says, with a mark if it also warns."""
    if judged["verdict"] is None:
        return Text("-", "dim")
    counts = judged.get("violation_counts") or Counter(violation["severity"] for violation in judged["violations"])
    text = Text(judged["verdict"], "green" if judged["verdict"] == "pass" else "red")
    return text.append(" !", "yellow") if counts["warning"] else text


def clock(stamps: Sequence[str], today: date) -> list[str]:
    """Times of day on this machine's clock; with dates unless all are of *today*."""
    moments = [datetime.fromisoformat(stamp).astimezone() for stamp in stamps]
    form = "%H:%M:%S" if all(moment.date() == today for moment in moments) else "%m-%d %H:%M:%S"
    return [moment.strftime(form) for moment in moments]


def _table(*columns: Column) -> Table:
    return Table(*columns, box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")


def _fixed(header: str, *, justify: Literal["left", "right"] = "left", style: str = "") -> Column:
    """A column that gives nothing of its width away."""
    return Column(header, no_wrap=True, justify=justify, style=style)


def _shown(text: str | None) -> Text:
    """Text in a column that gives way: cut, never folded."""
    return Text(printable(text or ""), no_wrap=True, overflow="ellipsis")
