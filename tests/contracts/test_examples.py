"""Every good example passes, every bad one fails for exactly its stated reason; every file has enough of both."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from mockodp_contracts import Severity, catalog, judge
from mockodp_contracts.catalogue import Example

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CATALOG = catalog()
TEXT_OF = {
    "items/upsert_contact": "name", "shared/user_identifiers": "userId", "shared/address": "street",
    "shared/product": "product_id",
}  # fmt: skip
GOOD = [(name, example) for name in CATALOG.names for example in CATALOG[name].good]
BAD = [(name, example) for name in CATALOG.names for example in CATALOG[name].bad]


def _id(value: object) -> str | None:
    return value.shows.replace(" ", "-") if isinstance(value, Example) else None


@pytest.mark.parametrize(("name", "example"), GOOD, ids=_id)
def test_a_good_example_passes_without_a_warning(name: str, example: Example) -> None:
    verdict = judge(example.value, name, NOW)
    assert verdict.passed
    assert [str(violation) for violation in verdict.violations if violation.severity is not Severity.INFO] == []


@pytest.mark.parametrize(("name", "example"), BAD, ids=_id)
def test_a_bad_example_fails_for_exactly_its_stated_reason(name: str, example: Example) -> None:
    verdict = judge(example.value, name, NOW)
    assert verdict.word == "fail"
    assert {violation.pointer: violation.rule for violation in verdict.of(Severity.ERROR)} == example.breaks


@pytest.mark.parametrize("name", CATALOG.names)
def test_a_contract_has_two_good_and_three_bad_examples_that_differ(name: str) -> None:
    contract = CATALOG[name]
    assert len(contract.good) >= 2
    assert len(contract.bad) >= 3
    values = [json.dumps(example.value, sort_keys=True) for example in (*contract.good, *contract.bad)]
    assert len(values) == len(set(values))
    told = [example.shows for example in (*contract.good, *contract.bad)]
    assert all(told)
    assert len(told) == len(set(told))


@pytest.mark.parametrize("name", CATALOG.rules)
def test_the_examples_of_a_rule_keep_and_break_it(name: str) -> None:
    rule = CATALOG.rules[name]
    assert rule.good
    assert rule.bad
    for contract in rule.contracts:
        for value, broken in [*((good, False) for good in rule.good), *((bad, True) for bad in rule.bad)]:
            violations = judge(_item_with(contract, rule.at, value), contract, NOW).violations
            assert (name in {violation.rule for violation in violations}) is broken, (contract, value)


def _item_with(contract: str, at: str, value: object) -> object:
    """The first good example of *contract* with *value* at *at*, ``*`` a first item or a userId, ``**`` a text."""
    if at == "":
        return value
    if at == "**":
        return {**CATALOG[contract].good[0].value, TEXT_OF.get(contract, "action"): value}
    item = json.loads(json.dumps(CATALOG[contract].good[0].value))
    place, parts = item, at.removeprefix("/").split("/")
    for part in parts[:-1]:
        place = place[0] if part == "*" else place.setdefault(part, {})
    if parts[-1] != "*":
        place[parts[-1]] = value
    elif isinstance(place, list):
        place[0] = value
    else:
        place["userId"] = value
    return item
