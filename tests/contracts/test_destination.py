"""The table of the destination is complete, regular and fresh for each reader. The package is asked elsewhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import mockodp_contracts
import pytest
from mockodp_contracts import Evidence
from mockodp_contracts.destination import Action, Destination, Field, Preset, destination

ODP = destination()
ACTIONS = {action.slug: action for action in ODP.actions}
FIELDS = [(action, field) for action in ODP.actions for field in action.fields]

DIRECTIVES = {"@path", "@if", "@arrayPath"}
OVERLAYS: dict[str, dict[str, Any]] = {
    "Product Viewed": {"event_type": "product", "event_action": "detail"},
    "Product Added": {"event_type": "product", "event_action": "add_to_cart"},
    "Product Removed": {"event_type": "product", "event_action": "remove_from_cart"},
    "Order Completed": {"event_type": "order", "event_action": "purchase"},
    "Email Sent": {"event_action": "sent"},
    "Email Link Clicked": {"event_action": "click"},
    "Email Opened": {"event_action": "open"},
    "Unsubscribed": {"event_action": "unsubscribe"},
    "Email Marked as Spam": {"event_action": "spam_report"},
}
THE_PRODUCT_ITSELF = {
    "@arrayPath": ["$.properties", {"product_id": {"@path": "$.product_id"}, "qty": {"@path": "$.quantity"}}]
}


def test_it_says_what_it_describes_and_how_sure_we_are() -> None:
    assert (ODP.name, ODP.slug) == ("Optimizely Data Platform", "actions-optimizely-data-platform")
    assert (ODP.package.name, ODP.package.version) == ("@segment/action-destinations", "3.497.0")
    assert (ODP.evidence.grade, ODP.evidence.checked) == (Evidence.CLIENT, "2026-11-23")
    assert len(ODP.evidence.source) > 20


def test_the_settings_are_a_key_and_a_region() -> None:
    assert list(ODP.settings) == [
        ("apiKey", "Api Key", "password", True, (), None),
        ("region", "Region", "string", True, ("US", "EU", "AU"), "US"),
    ]


def test_every_region_that_can_be_set_has_a_base_url() -> None:
    assert {region.name: region.base_url for region in ODP.regions} == {
        "US": "https://function.zaius.app/twilio_segment",
        "EU": "https://function.eu1.ocp.optimizely.com/twilio_segment",
        "AU": "https://function.au1.ocp.optimizely.com/twilio_segment",
    }
    assert tuple(region.name for region in ODP.regions) == ODP.settings[1].values


def test_the_actions_their_paths_and_triggers() -> None:
    assert [(each.slug, each.title, each.path, each.default_trigger, len(each.fields)) for each in ODP.actions] == [
        ("customEvent", "Ecommerce Event", "/batch_custom_event", None, 9),
        ("nonEcommCustomEvent", "Custom Event", "/batch_custom_event", None, 7),
        ("upsertContact", "Upsert Contact", "/batch_upsert_contact", 'type = "identify"', 15),
        ("emailEvent", "Email Event", "/batch_email_event", None, 8),
    ]
    assert all(action.batch for action in ODP.actions)
    assert ODP.authentication_path == "/auth"


@pytest.mark.parametrize(
    ("action", "required", "bare"),
    [
        ("customEvent", ["user_identifiers", "event_action", "timestamp"], ["event_action"]),
        ("nonEcommCustomEvent", ["user_identifiers", "timestamp"], ["event_action"]),
        ("upsertContact", ["user_identifiers"], ["additional_traits"]),
        ("emailEvent", ["user_identifiers", "event_action", "campaign", "timestamp"], ["event_action"]),
    ],
)
def test_what_an_action_requires_and_what_has_no_default(action: str, required: list[str], bare: list[str]) -> None:
    fields = ACTIONS[action].fields
    assert [field.name for field in fields if field.required] == required
    assert [field.name for field in fields if field.default is None] == bare


def test_only_email_events_require_an_address() -> None:
    required = [
        (action.slug, field.name, inner.name)
        for action, field in FIELDS
        for inner in field.properties
        if inner.required
    ]
    assert required == [("emailEvent", "user_identifiers", "email")]


def test_batching_is_hidden_and_on_in_every_action() -> None:
    for action in ODP.actions:
        hidden = [(field.name, field.type, field.default) for field in action.fields if field.hidden]
        assert hidden == [("enable_batching", "boolean", True), ("batch_size", "integer", 100)]


def test_only_products_are_many() -> None:
    assert [(action.slug, field.name) for action, field in FIELDS if field.multiple] == [("customEvent", "products")]


def test_names_are_unique_where_they_are() -> None:
    families: list[Any] = [ODP.settings, ODP.regions, ODP.presets]
    families += [action.fields for action in ODP.actions]
    families += [field.properties for _, field in FIELDS]
    for family in families:
        names = [each.name for each in family]
        assert len(names) == len(set(names))
    assert len(ACTIONS) == len(ODP.actions)


@pytest.mark.parametrize(("action", "field"), FIELDS, ids=[f"{action.slug}-{field.name}" for action, field in FIELDS])
def test_every_field_is_whole(action: Action, field: Field) -> None:
    assert field.label
    assert field.type in {"string", "number", "integer", "boolean", "datetime", "object"}
    assert all(inner.label and inner.type in {"string", "number"} for inner in field.properties)
    assert not field.properties or field.type == "object"
    assert directives(field.default) <= DIRECTIVES


@pytest.mark.parametrize(
    ("action", "field"),
    [(action, field) for action, field in FIELDS if field.properties],
    ids=lambda each: each.slug if isinstance(each, Action) else each.name,
)
def test_the_default_of_an_object_gives_its_properties_in_their_order(action: Action, field: Field) -> None:
    default = field.default["@arrayPath"][1] if field.multiple else field.default
    assert list(default) == [inner.name for inner in field.properties]


@pytest.mark.parametrize("preset", ODP.presets, ids=lambda preset: preset.name)
def test_a_preset_is_its_actions_defaults_and_what_it_lays_over_them(preset: Preset) -> None:
    overlay = OVERLAYS[preset.name]
    if overlay.get("event_type") == "product":
        overlay = {**overlay, "products": THE_PRODUCT_ITSELF}
    defaults = {field.name: field.default for field in ACTIONS[preset.action].fields if field.default is not None}

    assert preset.mapping == {**defaults, **overlay}
    assert list(preset.mapping) == [*defaults, "event_action"]
    assert preset.trigger == f'type = "track" and event = "{preset.name}"'
    assert preset.type == "automatic"


def test_the_presets_are_nine_in_their_order() -> None:
    assert [preset.name for preset in ODP.presets] == list(OVERLAYS)
    assert [preset.action for preset in ODP.presets] == ["customEvent"] * 4 + ["emailEvent"] * 5


def test_it_cannot_be_changed_for_others() -> None:
    first = destination()
    with pytest.raises(AttributeError, match="set attribute"):
        first.actions = ()  # type: ignore[misc]
    first.actions[0].fields[0].default.clear()
    assert destination() == ODP != first


def test_a_member_that_nobody_knows_or_that_is_missing_is_refused() -> None:
    table = ODP.shown()
    table["actions"][0]["fields"][0]["lable"] = "User identifiers"
    with pytest.raises(TypeError, match="lable"):
        Destination.from_json(table)
    del table["actions"][0]["fields"][0]["lable"], table["presets"][3]["trigger"]
    with pytest.raises(TypeError, match="trigger"):
        Destination.from_json(table)


def test_an_unknown_destination_is_told_with_those_there_are() -> None:
    with pytest.raises(LookupError) as refused:
        destination("actions-nowhere")
    assert str(refused.value) == ("There is no destination 'actions-nowhere'. Known: actions-optimizely-data-platform.")


def test_importing_it_loads_nothing_heavy() -> None:
    program = "import sys, mockodp_contracts.destination; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"click", "rich", "httpx2", "starlette", "jsonschema_rs", "mockodp", "mockodp_harness"} & set(loaded)
    assert not {"mockodp_contracts.catalogue", "mockodp_contracts.violation", "orjson", "dataclasses"} & set(loaded)


def test_it_is_shown_as_the_table_it_was_read_from() -> None:
    assert Destination.from_json(ODP.shown()) == ODP
    assert ODP.shown()["evidence"]["grade"] == "client"
    assert ODP.shown()["settings"][1]["values"] == ["US", "EU", "AU"]


def test_the_public_names_of_the_package_are_loaded_when_they_are_asked_for() -> None:
    program = (
        "import mockodp_contracts.judging, mockodp_contracts as all; print(all.catalog().judge, all.catalog.__name__)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "Catalog.judge" in shown
    assert shown.endswith(" catalog\n")
    with pytest.raises(AttributeError, match="'mockodp_contracts' has no attribute 'nowhere'"):
        mockodp_contracts.nowhere  # noqa: B018


def directives(mapping: Any) -> set[str]:
    """The names of all directives in a mapping."""
    return {name for name in members(mapping) if name.startswith("@")}


def members(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from members(each)
    elif isinstance(value, list):
        for each in value:
            yield from members(each)
