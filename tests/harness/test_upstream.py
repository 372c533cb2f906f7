"""Our table of the destination against the real package, and each kind of difference at its place."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mockodp_contracts.destination import Destination, Field, Property, Setting, destination
from mockodp_harness import upstream as upstream_module
from mockodp_harness.node import Description, NodeRunner, RunnerDied
from mockodp_harness.upstream import Difference, NothingCompared, differences, extent, main

from tests.harness.node_upstream import Reply, Upstream

ODP = destination()
EXTENT = "4 actions, 39 fields, 31 inner properties, 9 presets, 2 settings, 3 regions"
EQUAL = f"{EXTENT} equal to @segment/action-destinations 3.497.0\n"

Table = dict[str, Any]
Plant = Callable[[Table], object]


@pytest.mark.node
def test_our_table_says_what_the_package_says(packages: Path) -> None:
    with NodeRunner(hosts={}, folder=packages) as runner:
        assert differences(destination(), runner.describe()) == []


@pytest.mark.node
def test_as_a_program_it_says_how_much_is_equal(packages: Path) -> None:
    done = program(MOCKODP_HOSTS='{"US": "http://127.0.0.1:1"}')
    assert (done.returncode, done.stdout, done.stderr) == (0, EQUAL, "")


@pytest.mark.node
def test_requests_go_to_our_paths(runner: NodeRunner, upstream: Upstream) -> None:
    settings = {"apiKey": "odp_test_secret", "region": "US"}
    event = {"type": "track", "userId": "u1", "timestamp": "2026-01-02T03:04:05.000Z"}
    upstream.reply = lambda _: Reply(headers={"connection": "close"})  # or Node may use the connection once more
    runner.test_authentication(settings)
    for action in ODP.actions:
        own = {
            "subscribe": 'type = "track"',
            "partnerAction": action.slug,
            "mapping": {
                **{field.name: "given" for field in action.fields if field.required},
                "user_identifiers": {"email": "ada@example.test"},
            },
        }
        assert runner.event(event, settings=settings, subscriptions=[own]).ok

    paths = [ODP.authentication_path, *(action.path for action in ODP.actions)]
    assert [seen.path for seen in upstream.seen] == [f"/twilio_segment{path}" for path in paths]


def test_what_is_equal_has_no_differences() -> None:
    assert differences(ODP, description()) == []
    assert extent(ODP) == EXTENT


def field_of(said: Table, action: str, name: str) -> Table:
    return row(row(said["actions"], action, "slug")["fields"], name, "key")


def row(rows: list[Table], name: str, key: str = "name") -> Table:
    return next(each for each in rows if each[key] == name)


def without(rows: list[Table], name: str, key: str = "name") -> None:
    rows.remove(row(rows, name, key))


def swapped(rows: list[Table], one: int, other: int) -> None:
    rows[one], rows[other] = rows[other], rows[one]


def moved_to_the_end(members: Table, name: str) -> None:
    members[name] = members.pop(name)


def one_dropped_and_two_swapped(said: Table) -> None:
    fields = row(said["actions"], "emailEvent", "slug")["fields"]
    without(fields, "link_url", "key")
    swapped(fields, 0, 1)


CASES: dict[str, tuple[Plant, list[tuple[str, str, str]]]] = {
    "label of a field": (
        lambda said: field_of(said, "emailEvent", "campaign").update(label="Campaign"),
        [("actions / emailEvent / fields / campaign / label", '"Campaign Name"', '"Campaign"')],
    ),
    "type of a field": (
        lambda said: field_of(said, "customEvent", "total").update(type="number"),
        [("actions / customEvent / fields / total / type", '"string"', '"number"')],
    ),
    "required of a field": (
        lambda said: field_of(said, "nonEcommCustomEvent", "event_action").update(required=True),
        [("actions / nonEcommCustomEvent / fields / event_action / required", "false", "true")],
    ),
    "required without a word": (
        lambda said: field_of(said, "upsertContact", "user_identifiers").pop("required"),
        [("actions / upsertContact / fields / user_identifiers / required", "true", "false")],
    ),
    "required on a condition": (
        lambda said: field_of(said, "emailEvent", "link_url").update(required={"match": "all", "conditions": []}),
        [("actions / emailEvent / fields / link_url / required", "false", '{"match": "all", "conditions": []}')],
    ),
    "multiple": (
        lambda said: field_of(said, "customEvent", "products").update(multiple=False),
        [("actions / customEvent / fields / products / multiple", "true", "false")],
    ),
    "hidden": (
        lambda said: field_of(said, "emailEvent", "batch_size").pop("unsafe_hidden"),
        [("actions / emailEvent / fields / batch_size / hidden", "true", "false")],
    ),
    "default": (
        lambda said: field_of(said, "emailEvent", "campaign_id").update(default={"@path": "$.properties.id"}),
        [
            (
                "actions / emailEvent / fields / campaign_id / default / @path",
                '"$.properties.campaign_id"',
                '"$.properties.id"',
            )
        ],
    ),
    "default deep inside": (
        lambda said: field_of(said, "customEvent", "user_identifiers")["default"]["email"]["@if"].update({"else": ""}),
        [
            (
                "actions / customEvent / fields / user_identifiers / default / email / @if / else",
                '{"@path": "$.traits.email"}',
                '""',
            )
        ],
    ),
    "default inside an array": (
        lambda said: field_of(said, "customEvent", "products")["default"]["@arrayPath"][1].update(qty=1),
        [
            (
                "actions / customEvent / fields / products / default / @arrayPath / 1 / qty",
                '{"@path": "$.quantity"}',
                "1",
            )
        ],
    ),
    "default of another type that Python takes for equal": (
        lambda said: field_of(said, "customEvent", "enable_batching").update(default=1),
        [("actions / customEvent / fields / enable_batching / default", "true", "1")],
    ),
    "default taken away": (
        lambda said: field_of(said, "nonEcommCustomEvent", "data").pop("default"),
        [("actions / nonEcommCustomEvent / fields / data / default", '{"@path": "$.properties"}', "null")],
    ),
    "default added": (
        lambda said: field_of(said, "upsertContact", "additional_traits").update(default={"@path": "$.traits"}),
        [("actions / upsertContact / fields / additional_traits / default", "null", '{"@path": "$.traits"}')],
    ),
    "order of a default's members": (
        lambda said: moved_to_the_end(field_of(said, "upsertContact", "address")["default"], "zip"),
        [("actions / upsertContact / fields / address / default (order)", "zip, country", "country, zip")],
    ),
    "label of a property": (
        lambda said: field_of(said, "upsertContact", "address")["properties"]["zip"].update(label="Zip"),
        [("actions / upsertContact / fields / address / properties / zip / label", '"Zip code"', '"Zip"')],
    ),
    "type of a property": (
        lambda said: field_of(said, "customEvent", "products")["properties"]["qty"].update(type="integer"),
        [("actions / customEvent / fields / products / properties / qty / type", '"number"', '"integer"')],
    ),
    "required of a property": (
        lambda said: field_of(said, "customEvent", "user_identifiers")["properties"]["email"].update(required=True),
        [("actions / customEvent / fields / user_identifiers / properties / email / required", "false", "true")],
    ),
    "property dropped": (
        lambda said: field_of(said, "upsertContact", "address")["properties"].pop("state"),
        [
            (
                "actions / upsertContact / fields / address / properties / state",
                '{"label": "State", "type": "string", "required": false}',
                "absent",
            )
        ],
    ),
    "order of properties": (
        lambda said: moved_to_the_end(field_of(said, "customEvent", "products")["properties"], "product_id"),
        [
            (
                "actions / customEvent / fields / products / properties (order)",
                "product_id, qty",
                "qty, product_id",
            )
        ],
    ),
    "order of fields": (
        lambda said: swapped(row(said["actions"], "emailEvent", "slug")["fields"], 2, 3),
        [("actions / emailEvent / fields (order)", "campaign, campaign_id", "campaign_id, campaign")],
    ),
    "field renamed": (
        lambda said: field_of(said, "customEvent", "order_id").update(key="orderId"),
        [
            (
                "actions / customEvent / fields / order_id",
                '{"label": "Order ID", "type": "string", "required": false, …',
                "absent",
            ),
            (
                "actions / customEvent / fields / orderId",
                "absent",
                '{"label": "Order ID", "type": "string", "required": false, …',
            ),
        ],
    ),
    "member of a field that we do not know": (
        lambda said: field_of(said, "upsertContact", "gender").update(choices=["female", "male"]),
        [("actions / upsertContact / fields / gender / choices", "absent", '["female", "male"]')],
    ),
    "title of an action": (
        lambda said: row(said["actions"], "customEvent", "slug").update(title="Order Event"),
        [("actions / customEvent / title", '"Ecommerce Event"', '"Order Event"')],
    ),
    "default trigger": (
        lambda said: row(said["actions"], "upsertContact", "slug").update(defaultTrigger=None),
        [("actions / upsertContact / default_trigger", '"type = \\"identify\\""', "null")],
    ),
    "batches": (
        lambda said: row(said["actions"], "upsertContact", "slug").update(batch=False),
        [("actions / upsertContact / batch", "true", "false")],
    ),
    "order of actions": (
        lambda said: swapped(said["actions"], 0, 1),
        [("actions (order)", "customEvent, nonEcommCustomEvent", "nonEcommCustomEvent, customEvent")],
    ),
    "action added": (
        lambda said: said["actions"].append(
            {"slug": "deleteContact", "title": "Delete", "defaultTrigger": None, "batch": False, "fields": []}
        ),
        [
            (
                "actions / deleteContact",
                "absent",
                '{"title": "Delete", "default_trigger": null, "batch": false…',
            )
        ],
    ),
    "preset dropped": (
        lambda said: without(said["presets"], "Email Opened"),
        [
            (
                "presets / Email Opened",
                '{"action": "emailEvent", "trigger": "type = \\"track\\" and e…',
                "absent",
            )
        ],
    ),
    "preset twice": (
        lambda said: said["presets"].append(said["presets"][-1]),
        [
            (
                "presets / Email Marked as Spam (again)",
                "absent",
                '{"action": "emailEvent", "trigger": "type = \\"track\\" and e…',
            )
        ],
    ),
    "order of presets": (
        lambda said: swapped(said["presets"], 4, 6),
        [
            (
                "presets (order)",
                "Email Sent, Email Link Clicked, Email Opened",
                "Email Opened, Email Link Clicked, Email Sent",
            )
        ],
    ),
    "action of a preset": (
        lambda said: row(said["presets"], "Order Completed").update(partnerAction="nonEcommCustomEvent"),
        [("presets / Order Completed / action", '"customEvent"', '"nonEcommCustomEvent"')],
    ),
    "trigger of a preset": (
        lambda said: row(said["presets"], "Unsubscribed").update(subscribe='event = "Unsubscribed"'),
        [
            (
                "presets / Unsubscribed / trigger",
                '"type = \\"track\\" and event = \\"Unsubscribed\\""',
                '"event = \\"Unsubscribed\\""',
            )
        ],
    ),
    "type of a preset": (
        lambda said: row(said["presets"], "Unsubscribed").update(type="specificEvent"),
        [("presets / Unsubscribed / type", '"automatic"', '"specificEvent"')],
    ),
    "mapping of a preset": (
        lambda said: row(said["presets"], "Product Viewed")["mapping"].update(event_action="view"),
        [("presets / Product Viewed / mapping / event_action", '"detail"', '"view"')],
    ),
    "member order of a preset's mapping": (
        lambda said: moved_to_the_end(row(said["presets"], "Product Viewed")["mapping"], "batch_size"),
        [("presets / Product Viewed / mapping (order)", "batch_size, event_action", "event_action, batch_size")],
    ),
    "label of a setting": (
        lambda said: row(said["settings"], "apiKey", "key").update(label="API Key"),
        [("settings / apiKey / label", '"Api Key"', '"API Key"')],
    ),
    "value of a setting": (
        lambda said: row(said["settings"], "region", "key")["choices"][2].update(value="JP"),
        [("settings / region / values / 2", '"AU"', '"JP"')],
    ),
    "values of a setting, bare and one more": (
        lambda said: row(said["settings"], "region", "key").update(choices=["US", "EU", "AU", "JP"]),
        [("settings / region / values", '["US", "EU", "AU"]', '["US", "EU", "AU", "JP"]')],
    ),
    "order of settings": (
        lambda said: said["settings"].reverse(),
        [("settings (order)", "apiKey, region", "region, apiKey")],
    ),
    "base URL of a region": (
        lambda said: said["hosts"].update(AU="https://au.example.test"),
        [
            (
                "regions / AU / base_url",
                '"https://function.au1.ocp.optimizely.com/twilio_segment"',
                '"https://au.example.test"',
            )
        ],
    ),
    "version": (
        lambda said: said["versions"].update({"@segment/action-destinations": "3.498.0"}),
        [("package / version", '"3.497.0"', '"3.498.0"')],
    ),
    "order and a field dropped at once": (
        one_dropped_and_two_swapped,
        [
            (
                "actions / emailEvent / fields / link_url",
                '{"label": "Link URL", "type": "string", "required": false, …',
                "absent",
            ),
            (
                "actions / emailEvent / fields (order)",
                "user_identifiers, event_action",
                "event_action, user_identifiers",
            ),
        ],
    ),
}


@pytest.mark.parametrize(("plant", "expected"), CASES.values(), ids=CASES)
def test_a_difference_is_told_at_its_place(plant: Plant, expected: list[tuple[str, str, str]]) -> None:
    said = package()
    plant(said)
    assert differences(ODP, Description.from_json(said)) == [Difference(*each) for each in expected]


def test_what_only_a_form_shows_is_no_difference() -> None:
    said = package()
    field_of(said, "upsertContact", "gender").update(description="Whatever", defaultObjectUI="keyvalue")
    row(said["actions"], "upsertContact", "slug").update(description="Whatever")
    row(said["settings"], "region", "key")["choices"][1].update(label="Europa")
    assert differences(ODP, Description.from_json(said)) == []


def test_what_we_lack_is_absent_on_our_side() -> None:
    assert differences(ODP._replace(presets=ODP.presets[:-1]), description()) == [
        Difference(
            "presets / Email Marked as Spam",
            "absent",
            '{"action": "emailEvent", "trigger": "type = \\"track\\" and e…',
        )
    ]


def test_a_table_of_ours_without_actions_lacks_them_all() -> None:
    found = differences(ODP._replace(actions=()), description())
    assert [(each.place, each.ours) for each in found] == [(f"actions / {each.slug}", "absent") for each in ODP.actions]


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (lambda said: said["actions"].clear(), "actions"),
        (lambda said: [action["fields"].clear() for action in said["actions"]], "fields"),
        (
            lambda said: [field.update(properties={}) for action in said["actions"] for field in action["fields"]],
            "inner properties",
        ),
        (lambda said: said["presets"].clear(), "presets"),
        (lambda said: said["settings"].clear(), "settings"),
        (lambda said: said["hosts"].clear(), "regions"),
    ],
    ids=["actions", "fields", "properties", "presets", "settings", "regions"],
)
def test_a_package_that_describes_nothing_is_an_error(plant: Plant, name: str) -> None:
    said = package()
    plant(said)
    with pytest.raises(NothingCompared) as refused:
        differences(ODP, Description.from_json(said))
    assert str(refused.value) == f"The package describes no {name}, expected some to compare with ours."


def test_packages_that_are_missing_end_it_with_3(tmp_path: Path) -> None:
    done = program(MOCKODP_CACHE_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"PackagesMissing: The destination's packages are not ready in {tmp_path}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.node
def test_node_that_is_missing_ends_it_with_3(packages: Path, tmp_path: Path) -> None:
    done = program(PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("NodeMissing: node was not found on PATH")


def test_differences_are_a_line_each_and_end_it_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    said = package()
    field_of(said, "emailEvent", "campaign").update(label="Campaign", required=False)
    monkeypatch.setattr(upstream_module, "NodeRunner", answering(said))
    shown = CliRunner().invoke(main, [])

    assert (shown.exit_code, shown.stderr) == (1, "")
    assert shown.stdout == (
        'actions / emailEvent / fields / campaign / label: ours "Campaign Name", theirs "Campaign"\n'
        "actions / emailEvent / fields / campaign / required: ours true, theirs false\n"
    )


def test_a_package_that_says_nothing_ends_it_with_4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_module, "NodeRunner", answering({**package(), "actions": []}))
    shown = CliRunner().invoke(main, [])

    assert (shown.exit_code, shown.stdout) == (4, "")
    assert shown.stderr == ("NothingCompared: The package describes no actions, expected some to compare with ours.\n")


def test_a_runner_that_dies_ends_it_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_module, "NodeRunner", answering(RunnerDied("The Node runner ended.")))
    shown = CliRunner().invoke(main, [])

    assert (shown.exit_code, shown.stdout, shown.stderr) == (3, "", "RunnerDied: The Node runner ended.\n")


def test_the_equal_case_needs_no_more_than_equal_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_module, "NodeRunner", answering(package()))
    shown = CliRunner().invoke(main, [])

    assert (shown.exit_code, shown.stdout) == (0, EQUAL)


def description() -> Description:
    return Description.from_json(package())


def package(definition: Destination = ODP) -> Table:
    """What the runner would say of a package that is equal to *definition*: the package's own names and omissions."""
    said = {
        "versions": {"node": "20.20.2", definition.package.name: definition.package.version},
        "tz": "UTC",
        "hosts": {region.name: region.base_url for region in definition.regions},
        "settings": [said_setting(setting) for setting in definition.settings],
        "actions": [
            {
                "slug": action.slug,
                "title": action.title,
                "description": f"About {action.title}.",
                "defaultTrigger": action.default_trigger,
                "batch": action.batch,
                "fields": [said_field(field) for field in action.fields],
            }
            for action in definition.actions
        ],
        "presets": [
            {
                "name": preset.name,
                "subscribe": preset.trigger,
                "partnerAction": preset.action,
                "mapping": preset.mapping,
                "type": preset.type,
            }
            for preset in definition.presets
        ],
    }
    return copy.deepcopy(said)


def said_setting(setting: Setting) -> Table:
    said: Table = {"key": setting.name, "label": setting.label, "type": setting.type, "required": setting.required}
    if setting.values:
        said["choices"] = [{"label": f"In {value}", "value": value} for value in setting.values]
    if setting.default is not None:
        said["default"] = setting.default
    return said


def said_field(field: Field) -> Table:
    said: Table = {"key": field.name, "label": field.label, "description": "About it.", "type": field.type}
    if field.required:
        said["required"] = True
    if field.multiple:
        said["multiple"] = True
    if field.properties:
        said["properties"] = {each.name: said_property(each) for each in field.properties}
    if field.default is not None:
        said["default"] = field.default
    if field.hidden:
        said["unsafe_hidden"] = True
    return said


def said_property(inner: Property) -> Table:
    said: Table = {"label": inner.label, "description": "About it.", "type": inner.type}
    return {**said, "required": True} if inner.required else said


def answering(said: Table | Exception) -> Callable[..., Any]:
    """What stands in for a `NodeRunner` that says this."""

    class Runner:
        def __init__(self, **_: object) -> None: ...

        def __enter__(self) -> Runner:
            return self

        def __exit__(self, *_: object) -> None: ...

        def describe(self) -> Description:
            if isinstance(said, Exception):
                raise said
            return Description.from_json(said)

    return Runner


def program(**env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mockodp_harness.upstream"]
    return subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
