"""What contracts of requests let through is what the table allows; and whatever asks for less is noticed."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
from mockodp_contracts import Catalog, Severity, catalog, judge
from mockodp_contracts.mutation.blind import (
    Allowed,
    Blind,
    Sieve,
    blind,
    broken_promises,
    is_sieved,
    passes,
    promised,
    sieved,
    stale,
)
from mockodp_contracts.mutation.mutants import main, sieve_report
from mockodp_contracts.mutation.nursery import ARRIVAL

from tests.contracts.altered import with_rules, with_schema
from tests.contracts.following import follows
from tests.contracts.weakened import Weakening, weakenings

CATALOG = catalog()
NAMES = [name for name in CATALOG.names if is_sieved(name)]
WEAKENINGS = list(weakenings(CATALOG))
LONG = "x" * 1025

THE_SAME: dict[str, str] = {
    "items/upsert_contact /type *": "The part about the birthday asks for an object too.",
    "presets/* /type *": "The item asks for an object.",
    "presets/* /properties/products/type *": "The item asks for an array.",
    "presets/* /properties/products/items/type *": "The item asks for an object.",
    "presets/* /properties/products/contains/type *": "The item asks for objects.",
    "presets/* /properties/*/const or null": "The item asks for a text.",
    "envelopes/batch_custom_event /items/if/type *": "What is no object is refused by either contract.",
    "envelopes/batch_custom_event /items/else/if/type *": "What is no object is refused by either contract.",
    "rules/email-unusual /schema/if/type *": "A pattern asks nothing of what is no text.",
    "rules/phone-not-e164 /schema/if/type *": "A pattern asks nothing of what is no text.",
    "rules/country-not-iso /schema/if/type *": "A pattern asks nothing of what is no text.",
    "rules/product-without-id /schema/if/type *": "Required members are asked of objects only.",
    "rules/product-event-without-product /schema/then/properties/products/if/type *": (
        "A number of items is asked of arrays only."
    ),
}
"""Weakenings that let nothing more through, and why."""


@cache
def _sieve(name: str) -> Sieve:
    return sieved(CATALOG, CATALOG[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_lets_through_what_the_table_allows_and_nothing_else(name: str) -> None:
    found = _sieve(name)
    assert found.total > 50
    assert [(each.operator, each.place) for each in found.survivors] == []
    assert [(each.operator, each.place) for each in found.refused] == []


def test_each_part_of_the_table_lets_something_through() -> None:
    assert stale([_sieve(name) for name in NAMES]) == []


def test_the_rules_are_those_promised() -> None:
    assert list(broken_promises(CATALOG)) == []
    assert list(promised()) == sorted(promised())


@pytest.mark.parametrize("member", ["order_id", "total", "products"])
def test_one_member_makes_an_item_of_the_batch_an_ecommerce_event(member: str) -> None:
    order = CATALOG["items/ecommerce_event"].good[0].value
    item = {
        name: held for name, held in order.items() if name == member or name not in ("order_id", "total", "products")
    }
    assert judge([item], "envelopes/batch_custom_event", ARRIVAL).passed
    without = {name: held for name, held in item.items() if name != "action"}
    assert not judge([without], "envelopes/batch_custom_event", ARRIVAL).passed


@pytest.mark.parametrize("data", [{"a": LONG}, {"a": [LONG]}, {"a": {"b": [[LONG]]}}])
def test_a_long_text_is_named_wherever_it_is(data: Any) -> None:
    assert _long_texts(CATALOG, data)


def _long_texts(catalog: Catalog, data: Any) -> list[str]:
    item = {**CATALOG["items/custom_event"].good[0].value, "data": data}
    verdict = catalog.judge("items/custom_event")(item, ARRIVAL)
    return [each.pointer for each in verdict.violations if each.rule == "text-too-long"]


@cache
def _expected(name: str) -> list[tuple[Blind, bool]]:
    return [(mutant, passes(CATALOG, mutant)) for mutant in blind(CATALOG[name])]


@cache
def _touched(where: str) -> Sequence[str]:
    """The contracts that what stands *where* has a part in, its own first."""
    return [where, *(name for name in NAMES if name != where and _uses(name, where))]


def _uses(name: str, where: str) -> bool:
    return name == where or any(_uses(ref, where) for ref in CATALOG[name].refs)


def _noticed(weakening: Weakening) -> bool:
    weak = weakening.catalog()
    if weakening.where.startswith("rules/"):
        return any(broken_promises(weak)) or not all(_long_texts(weak, data) for data in (LONG, [LONG], {"a": LONG}))
    if not follows(weak):
        return True
    names = _touched(weakening.where)
    return (
        any(passes(weak, mutant) is not before for name in names for mutant, before in _expected(name))
        or _batches_differ(weak)
        or any(_example_differs(weak, name) for name in names)
    )


def _batches_differ(weak: Catalog) -> bool:
    """Whether an item that holds one member of an order alone is judged otherwise."""
    order = CATALOG["items/ecommerce_event"].good[0].value
    rest = {name: held for name, held in order.items() if name not in ("order_id", "total", "products")}
    batches = [[{**rest, name: order[name]}] for name in ("order_id", "total", "products")]
    judges = [each.judge("envelopes/batch_custom_event") for each in (CATALOG, weak)]
    return any(judges[0](batch).passed is not judges[1](batch).passed for batch in batches)


def _example_differs(weak: Catalog, name: str) -> bool:
    """Whether an example does not pass or fail as it says, but for the name of what it breaks."""
    contract, judged = CATALOG[name], weak.judge(name)
    good = all(judged(example.value, ARRIVAL).passed for example in contract.good)
    found = [{v.pointer for v in judged(e.value, ARRIVAL).of(Severity.ERROR)} for e in contract.bad]
    return not good or found != [set(example.breaks) for example in contract.bad]


@pytest.mark.parametrize("weakening", WEAKENINGS, ids=str)
def test_whatever_asks_for_less_is_noticed(weakening: Weakening) -> None:
    reasons = [reason for pattern, reason in THE_SAME.items() if fnmatchcase(str(weakening), pattern)]
    assert _noticed(weakening) is not bool(reasons)


def test_every_reason_is_about_a_weakening() -> None:
    told = [str(weakening) for weakening in WEAKENINGS]
    assert [pattern for pattern in THE_SAME if not any(fnmatchcase(each, pattern) for each in told)] == []


def test_what_is_let_through_and_not_allowed_survives() -> None:
    open_ = with_schema("shared/product", lambda schema: schema.pop("additionalProperties"))
    found = sieved(open_, open_["shared/product"])
    assert not found.passed
    assert {(each.operator, each.place) for each in found.survivors} == {
        ("add/text", ""), ("add/number", ""), ("add/null", ""), ("add/capitals", ""),
    }  # fmt: skip
    told = list(sieve_report([found], [], []))
    assert told[0].endswith("8 survived  FAILED")
    assert "passes, not allowed: shared/product (document) add/text, of 'two of one product'" in told


def test_what_is_allowed_and_refused_is_told_and_so_is_what_is_stale() -> None:
    table = [
        Allowed("Nobody asks.", ("shared/product",), ("drop", "retype/text"), ("/product_id", "/qty", "/price"), ())
    ]
    found = sieved(CATALOG, CATALOG["shared/product"], table)
    assert {(each.operator, each.place) for each in found.refused} == {("retype/text", "/qty")}
    old = stale([found], table)
    assert [part for _, part in old] == ["/price", "retype/text"]
    told = list(sieve_report([found], old, []))
    assert "allowed, does not pass: shared/product /qty retype/text, of 'two of one product'" in told
    assert "stale: '/price' lets nothing through: Nobody asks." in told


def test_a_rule_that_is_not_as_promised_is_told() -> None:
    def change(rules: dict[str, Any]) -> None:
        rules["no-identifier"]["severity"] = "warning"
        rules["total-empty"]["schema"] = {}
        rules["address-empty"]["contracts"] = []
        rules["new"] = {**rules.pop("age-null"), "name": "new"}

    assert list(broken_promises(with_rules(change))) == [
        "Rule 'address-empty' holds for [], promised was ['items/upsert_contact'].",
        "Rule 'age-null' is promised, and there is none.",
        "Rule 'new' is not promised: list it with its severity 'warning'.",
        "Rule 'no-identifier' is of severity 'warning', promised was 'error'.",
        "Rule 'total-empty' is kept by \"\".",
    ]


def test_the_command_tells_of_blind_mutants_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shared/product"]) == 0
    assert "0 survived" in capsys.readouterr().out.splitlines()[-1]
