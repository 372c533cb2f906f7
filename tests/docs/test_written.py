"""The pages made from the code are as the code is, and every rule and setting says what it must."""

from __future__ import annotations

from dataclasses import fields

import pytest
from mockodp_contracts import Evidence

from mockodp.fidelity import RULES, every_rule
from mockodp.settings import Settings
from tests.docs.written import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name](), f"docs/{name} is stale: run 'make docs'"


def test_every_rule_is_labelled_and_sourced() -> None:
    rules = list(every_rule())
    assert {rule.kind for rule in rules} == {"mock", "rule", "contract"}
    assert len({(rule.kind, rule.name) for rule in rules}) == len(rules)
    for rule in rules:
        assert isinstance(rule.evidence, Evidence)
        assert len(rule.source) > 20
        assert rule.checked


def test_every_switch_named_by_a_rule_is_a_setting() -> None:
    names = {item.name for item in fields(Settings)}
    switches = {name.strip() for rule in RULES if rule.switch for name in rule.switch.split(",")}
    assert switches <= names
    assert all(item.metadata["help"] for item in fields(Settings))
