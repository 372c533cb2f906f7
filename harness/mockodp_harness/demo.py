"""
A first look with real traffic: the published destination, over real TLS under the vendor's host names, into a mock.

For each region it tries a good and a bad key, then sends an event for each of the nine presets, an identify and a
custom event, once alone and once as a batch of two people, and shows what the mock recorded. Exit code 1 if anything
is missing, 3 if Node or its packages are.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mockodp
from mockodp.client import Client
from mockodp.errors import EnvironmentNotReady, MockODPError
from mockodp.locator import locate_mock
from mockodp.regions import Region
from mockodp_harness.node import Description, NodeDriverError, NodeRunner, install, tls_environment

Json = Mapping[str, Any]

PEOPLE = (
    {"userId": "user-ada", "anonymousId": "anon-ada", "email": "ada@example.test"},
    {"userId": "user-grace", "anonymousId": "anon-grace", "email": "grace@example.test"},
)
CUSTOM_EVENT = "Article Read"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the mock holds of one event in one region: items that came alone, items that came in a batch."""

    endpoint: str
    shape: str
    single: int
    batch: int


def main() -> None:
    """Run the demo against the mock that is up, or one of its own."""
    console = Console()
    try:
        complete = demo(console)
    except (MockODPError, NodeDriverError) as error:
        console.print(f"[red]demo:[/red] {error}", highlight=False)
        sys.exit(error.exit_code)
    sys.exit(0 if complete else 1)


def demo(console: Console) -> bool:
    """Send everything, show what arrived; whether nothing is missing."""
    events = demo_events()
    with _mock(console) as (mock, advice), _runner(mock) as runner:
        description = runner.describe()
        console.print(
            f"Destination {description.versions['@segment/action-destinations']} on Node "
            f"{description.versions['node']}, over TLS to {mock.tls_url}.", highlight=False, soft_wrap=True,
        )  # fmt: skip
        keys = {region: mock.open_account("demo", region) for region in Region}
        gone = [fault for opened in keys.values() for fault in mock.disarm_all(opened.name)]
        if gone:
            console.print(f"Took away the faults of the demo's accounts: {', '.join(fault['name'] for fault in gone)}.")
        for opened in keys.values():
            mock.reset(opened.name)
        tried = [_try_keys(console, runner, region, opened.key) for region, opened in keys.items()]
        subscriptions = [_custom_subscription(description)]
        for region, opened in keys.items():
            _send(runner, events, {"apiKey": opened.key, "region": region.value.upper()}, subscriptions)
        rows = {_title(event): _recorded(mock, event, [opened.name for opened in keys.values()]) for event in events}
        console.print(_table(rows))
        complete = all((each.single, each.batch) == (1, 2) for row in rows.values() for each in row)
        console.print("Everything arrived." if complete else "[red]Something is missing.[/red]")
        _print_verdicts(console, mock, [opened.name for opened in keys.values()])
        console.print(advice, highlight=False)
    return all(tried) and complete


def demo_events() -> list[dict[str, Any]]:
    """One event for each preset, an identify and a custom event, of nobody in particular."""
    events: list[dict[str, Any]] = json.loads(files("mockodp_harness").joinpath("demo_events.json").read_text("utf-8"))
    return events


def of_person(event: Json, person: Mapping[str, str]) -> dict[str, Any]:
    """*event* as something this person did, with the e-mail where each kind of event carries it."""
    ids = {"userId": person["userId"], "anonymousId": person["anonymousId"]}
    if event["type"] == "identify":
        return {**event, **ids, "traits": {**event["traits"], "email": person["email"]}}
    return {**event, **ids, "properties": {**event["properties"], "email": person["email"]}}


@contextmanager
def _mock(console: Console) -> Iterator[tuple[Client, str]]:
    """The mock that is up or one of our own, and what to do to look closer."""
    try:
        located = locate_mock(os.environ)
    except EnvironmentNotReady:
        located = None
    if located is not None:
        with Client(located.url, located.token, tls_url=located.tls_url, ca=located.ca) as client:
            if client.is_ready():
                yield client, "Look closer: mockodp records --account demo-eu1"
                return
    console.print("No mock is up, so this demo starts one of its own. ('make mock-up' keeps one.)")
    with mockodp.running() as client:
        yield client, "To look closer, keep a mock up ('make mock-up' in another terminal) and run this again."


@contextmanager
def _runner(mock: Client) -> Iterator[NodeRunner]:
    if mock.tls_url is None or mock.ca is None:
        raise EnvironmentNotReady(f"The mock at {mock.url} has no TLS port. Start it with a --tls-port other than -1.")
    folder = install()
    with NodeRunner(folder=folder, tls=tls_environment(mock.tls_url, mock.ca, plain_url=mock.url)) as runner:
        yield runner


def _try_keys(console: Console, runner: NodeRunner, region: Region, key: str) -> bool:
    name = region.value.upper()
    good = runner.test_authentication({"apiKey": key, "region": name})
    bad = runner.test_authentication({"apiKey": "not-a-test-key", "region": name})
    as_it_should = good.ok and not bad.ok
    verdict = "passes with the test key and fails with another" if as_it_should else "[red]is not as it should be[/red]"
    console.print(f"Authentication test in {name} {verdict} ({bad.error}).", highlight=False, soft_wrap=True)
    return as_it_should


def _custom_subscription(description: Description) -> Json:
    """The custom event action with its default mapping; no preset has it."""
    action = next(each for each in description.actions if each["slug"] == "nonEcommCustomEvent")
    mapping = {field["key"]: field["default"] for field in action["fields"] if field.get("default") is not None}
    return {
        "name": "Custom Event",
        "subscribe": f'type = "track" and event = "{CUSTOM_EVENT}"',
        "partnerAction": "nonEcommCustomEvent",
        "mapping": mapping,
    }


def _send(runner: NodeRunner, events: Sequence[Json], settings: Json, subscriptions: Sequence[Json]) -> None:
    instance: dict[str, Any] = {
        "settings": settings,
        "subscriptions": subscriptions,
        "presets": True,
        "defaults": ["upsertContact"],
    }
    asked = [runner.submit("event", event=of_person(event, PEOPLE[0]), **instance) for event in events]
    asked += [
        runner.submit("batch", events=[of_person(event, person) for person in PEOPLE], **instance) for event in events
    ]
    for future in asked:
        future.result()


def _recorded(mock: Client, event: Json, accounts: Sequence[str]) -> list[Recorded]:
    return [_recorded_in(mock, event, account) for account in accounts]


def _recorded_in(mock: Client, event: Json, account: str) -> Recorded:
    """The items of *event* in *account*, found by what the wire carries of it."""
    records = mock.records(account=account, limit=1000)["records"]
    counts: Counter[str] = Counter()
    endpoint = shape = "-"
    for record in records:
        mine = [item for item in record["items"] if _is_of(event, item)]
        if mine:
            endpoint = record["endpoint"].removeprefix("batch_")
            shape = " / ".join(str(mine[0][name]) for name in ("type", "action") if name in mine[0]) or "profile"
            counts["single" if record["item_count"] == 1 else "batch"] += len(mine)
    return Recorded(endpoint, shape, counts["single"], counts["batch"])


def _is_of(event: Json, item: Json) -> bool:
    """A contact carries no time; everything else carries the event's own."""
    return "timestamp" not in item if event["type"] == "identify" else item.get("timestamp") == event["timestamp"]


def _print_verdicts(console: Console, mock: Client, accounts: Sequence[str]) -> None:
    """What the contracts say of all items, and which rules were broken how often."""
    items = [item for account in accounts for item in mock.items(account=account, limit=1000)["items"]]
    failed = sum(item["verdict"] == "fail" for item in items)
    rules = Counter((v["severity"], v["rule"]) for item in items for v in item["violations"])
    console.print(f"{len(items)} items judged by contract: {len(items) - failed} pass, {failed} fail.", highlight=False)
    for (severity, rule), count in sorted(rules.items()):
        console.print(f"  {severity:<7} {rule}: {count}", highlight=False)


def _title(event: Json) -> str:
    return str(event.get("event") or event["type"])


def _table(rows: Mapping[str, Sequence[Recorded]]) -> Table:
    table = Table(
        title="Items recorded: sent alone + in a batch of two",
        title_justify="left",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("Segment event", no_wrap=True)
    table.add_column("endpoint", no_wrap=True)
    table.add_column("type / action", no_wrap=True)
    for region in Region:
        table.add_column(region.value.upper(), no_wrap=True)
    for title, row in rows.items():
        table.add_row(title, row[0].endpoint, row[0].shape, *(f"{each.single}+{each.batch}" for each in row))
    return table


if __name__ == "__main__":
    main()
