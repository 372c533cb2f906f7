"""The contract of each item says of shape what the destination's definition says of the action that sends it."""

from __future__ import annotations

import pytest
from mockodp_contracts import catalog

from tests.contracts.altered import with_schema
from tests.contracts.following import ACTIONS, ALWAYS, ITEMS, ON_THE_WIRE, asked_of, follows, said_by

CATALOG = catalog()


@pytest.mark.parametrize("slug", ITEMS)
def test_an_item_says_what_its_action_sends(slug: str) -> None:
    said, asked = said_by(CATALOG, ITEMS[slug]), asked_of(ACTIONS[slug])
    assert said["members"] == asked["members"]
    assert said == asked


def test_every_action_has_its_item_and_every_item_its_action() -> None:
    assert set(ITEMS) == set(ACTIONS) == set(ALWAYS)
    assert sorted(ITEMS.values()) == [name for name in CATALOG.names if name.startswith("items/")]


def test_every_field_of_another_name_on_the_wire_is_one_of_the_definition() -> None:
    assert {field.name for action in ACTIONS.values() for field in action.fields} >= set(ON_THE_WIRE)


@pytest.mark.parametrize(
    ("slug", "members", "required"),
    [
        (
            "customEvent",
            {"user_identifiers", "action", "type", "timestamp", "order_id", "total", "products"},
            {"user_identifiers", "action", "type", "timestamp"},
        ),
        (
            "nonEcommCustomEvent",
            {"user_identifiers", "action", "type", "timestamp", "data"},
            {"user_identifiers", "type", "timestamp"},
        ),
        (
            "emailEvent",
            {"user_identifiers", "action", "type", "timestamp", "campaign", "campaign_id", "campaign_event_value"},
            {"user_identifiers", "action", "type", "timestamp", "campaign", "campaign_event_value"},
        ),
        (
            "upsertContact",
            {
                "user_identifiers", "title", "name", "first_name", "last_name", "age", "gender", "phone", "address",
                "company", "image_url", "dob_year", "dob_month", "dob_day",
            },
            {"user_identifiers"},
        ),
    ],
)  # fmt: skip
def test_the_members_that_travel(slug: str, members: set[str], required: set[str]) -> None:
    asked = asked_of(ACTIONS[slug])
    assert set(asked["members"]) == members
    assert asked["required"] == required
    assert asked["closed"] is (slug != "upsertContact")


def test_an_item_that_asks_for_less_does_not_follow() -> None:
    def weakened(schema: dict[str, object]) -> None:
        del schema["additionalProperties"]
        schema["required"] = ["user_identifiers"]

    assert follows(CATALOG)
    assert not follows(with_schema("items/ecommerce_event", weakened))
