"""A verdict is whole, in order, and within bounds whatever the document is."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from mockodp_contracts import NotJudged, Severity, catalog, judge, judging
from mockodp_contracts.catalogue import Catalog
from mockodp_contracts.explained import NOT_LOOKED_AT
from mockodp_contracts.pruned import Pruned

from tests.contracts.altered import Altered

CATALOG = catalog()
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ITEM = CATALOG["items/custom_event"].good[0].value
ORDER = CATALOG["items/ecommerce_event"].good[0].value


def _said(document: Any, name: str, now: datetime | None = None) -> set[tuple[str, str]]:
    return {(violation.rule, violation.pointer) for violation in judge(document, name, now).violations}


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        (timedelta(seconds=300), False),
        (timedelta(seconds=301), True),
        (timedelta(days=400), True),
        (timedelta(days=-1), False),
    ],
)
def test_a_time_after_the_arrival_is_told_beyond_five_minutes(ahead: timedelta, told: bool) -> None:
    for text in ((NOW + ahead).isoformat(), (NOW + ahead).strftime("%Y-%m-%dT%H:%M:%S.000Z")):
        said = _said({**ITEM, "timestamp": text}, "custom_event", NOW)
        assert (("timestamp-in-future", "/timestamp") in said) is told


def test_without_an_arrival_no_rule_about_time_is_asked() -> None:
    late = {**ITEM, "timestamp": "2996-01-02T03:04:05.678Z"}
    assert ("timestamp-in-future", "/timestamp") in _said(late, "custom_event", NOW)
    assert ("timestamp-in-future", "/timestamp") not in _said(late, "custom_event")


@pytest.mark.parametrize("timestamp", [5, None, "yesterday", "", [], {"a": 1}])
def test_what_is_no_time_is_not_said_to_be_in_the_future(timestamp: Any) -> None:
    assert "timestamp-in-future" not in {
        rule for rule, _ in _said({**ITEM, "timestamp": timestamp}, "custom_event", NOW)
    }


def test_all_violations_come_at_once_by_item_and_worst_first() -> None:
    broken = {**ORDER, "total": "", "order_id": 7, "type": "Order"}
    violations = judge([ORDER, broken, broken], "batch_custom_event").violations
    places = [(v.pointer.split("/")[1], list(Severity).index(v.severity)) for v in violations]
    assert places == sorted(places)
    assert {v.pointer for v in violations if v.severity is Severity.ERROR} == {"/1/order_id", "/2/order_id"}


def test_a_warning_alone_does_not_fail() -> None:
    verdict = judge({**ORDER, "total": ""}, "ecommerce_event")
    assert verdict.of(Severity.WARNING)
    assert verdict.passed


@pytest.mark.parametrize("name", ["", "0", "a/b~c", "~1", "\ue000", "Ω"])
def test_a_strange_name_is_told_as_it_is(name: str) -> None:
    pointer = f"/data/{name.replace('~', '~0').replace('/', '~1')}/0"
    assert ("wrong-type", pointer) in _said(
        {"identifiers": {"email": "a"}, "type": "t", "data": {name: ["red"]}}, "rest/event"
    )


def test_an_empty_name_beneath_an_empty_name_is_told_as_it_is() -> None:
    assert _said({"": "text", "a": {"": {"": 1}}}, "rest/identifiers") >= {("wrong-type", "/a"), ("bad-name", "")}
    assert _said({"": ["red"]}, "rest/event_data") >= {("wrong-type", "//0"), ("bad-name", "")}


def test_two_million_wrong_items_are_judged_in_bounded_memory() -> None:
    document = [1] * 2_000_000
    tracemalloc.start()
    found, left_off = CATALOG.judge("batch_custom_event").findings(document)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [finding.rule for finding in found] == ["too-long", "wrong-type", NOT_LOOKED_AT]
    assert len(found[1].items or ()) == judging.MOST_VALUES
    assert left_off == 2_000_000 - judging.MOST_VALUES
    assert most < 150 * 2**20


def test_a_document_that_was_not_looked_at_as_a_whole_does_not_pass() -> None:
    item = {"user_identifiers": {"userId": "u"}, "type": "t", "timestamp": "2026-01-02", "data": {}, "x": [1]}
    verdict = judge([{**item, "x": [1] * judging.MOST_VALUES}], "batch_custom_event")
    assert verdict.left_off == 7
    assert [error.rule for error in verdict.of(Severity.ERROR)] == [NOT_LOOKED_AT, "unknown-member"]


def test_findings_are_bounded_however_long_their_places_are() -> None:
    item = {**ITEM, "data": {"x" * 100_000: ["y" * 1025] * 50}}
    found, _ = CATALOG.judge("batch_custom_event").findings([item])
    warned = [finding.pointer for finding in found if finding.severity is Severity.WARNING]
    assert warned == [("/data/" + "x" * 100_000)[: judging.LONGEST_POINTER] + "…"]
    (error,) = judge({**ITEM, "z" * 5_000: 1}, "custom_event").of(Severity.ERROR)
    assert (error.rule, error.came) == ("unknown-member", "at a place too long to be kept")
    many = [{**ITEM, f"member-{number}": 1} for number in range(3_000)]
    assert len(CATALOG.judge("batch_custom_event").findings(many)[0]) <= judging.MOST_FINDINGS + 2


def test_a_large_batch_tells_its_one_reason_however_far_back_it_stands() -> None:
    products = [{"product_id": f"P-{number}", "qty": 1} for number in range(12)]
    order = {**ORDER, "products": products}
    verdict = judge([order] * 499 + [{**order, "order_id": 7}], "batch_custom_event")
    assert verdict.left_off == 0
    assert [(error.rule, error.pointer) for error in verdict.of(Severity.ERROR)] == [("wrong-type", "/499/order_id")]


def test_a_large_batch_that_only_warns_passes() -> None:
    products = [{"product_id": f"P-{number}", "qty": 1} for number in range(12)]
    verdict = judge([{**ORDER, "products": products, "total": ""}] * 500, "batch_custom_event")
    assert (verdict.passed, verdict.left_off, len(verdict.of(Severity.WARNING))) == (True, 0, 500)


def test_an_item_too_many_is_told() -> None:
    verdict = judge([ORDER] * 501, "batch_custom_event")
    assert [(error.rule, error.pointer) for error in verdict.of(Severity.ERROR)] == [("too-long", "")]


def test_what_is_nested_too_deep_is_refused_with_a_reason() -> None:
    data: Any = 1
    for _ in range(300):
        data = {"a": data}
    with pytest.raises(NotJudged, match=r"^The document cannot be judged: it is nested deeper than 254 levels\.$"):
        judge([{"data": data}], "batch_custom_event")


def test_a_member_whose_name_has_blanks_is_told() -> None:
    schema = {
        "$id": "urn:mockodp:own/x", "x-version": "1.0.0", "x-direction": "report", "title": "X", "description": "X.",
        "x-evidence": {"grade": "docs", "source": "A page", "checked": "2026-01-02"},
        "properties": {"order id": {"type": "string"}},
    }  # fmt: skip
    verdict = Catalog(Altered({"own/x": orjson.dumps(schema)})).judge("own/x")({"order id": 5})
    assert [(v.rule, v.pointer) for v in verdict.violations] == [("wrong-type", "/order id")]


GOOD = [(name, index) for name in CATALOG.names for index in range(len(CATALOG[name].good))]


@pytest.mark.parametrize(("name", "index"), GOOD)
def test_nothing_is_said_to_be_wrong_because_it_was_cut(monkeypatch: pytest.MonkeyPatch, name: str, index: int) -> None:
    """Cut anywhere, a document breaks nothing that it does not break as a whole."""
    document = CATALOG[name].good[index].value
    findings = CATALOG.judge(name).findings
    whole = {(f.location, f.pointer) for f in findings(document)[0]}
    monkeypatch.setattr(CATALOG.judge(name), "_validator", _Refusing(CATALOG.judge(name)._validator))
    for most in range(60):
        monkeypatch.setattr(judging, "MOST_VALUES", most)
        cut = {(f.location, f.pointer) for f in findings(document)[0] if f.rule != NOT_LOOKED_AT}
        assert cut <= whole


class _Refusing:
    """A validator that finds every document broken, so that each is looked at value by value."""

    def __init__(self, validator: Any) -> None:
        self.iter_errors = validator.iter_errors

    def is_valid(self, _: Any) -> bool:
        return False


def test_a_document_within_the_limit_is_itself() -> None:
    pruned = Pruned(ITEM, 1000)
    assert pruned.document is ITEM
    assert pruned.left_off == 0


@pytest.mark.parametrize("most", range(9))
def test_a_copy_holds_no_more_than_it_may_and_says_what_is_left_off(most: int) -> None:
    document = {"a": [1, 2, {"b": 3}], "0": {"c": 4}, "d": 5}
    pruned = Pruned(document, most)
    assert pruned.left_off == 8 - most
    assert _size(pruned.document) == most


def _size(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(1 + _size(member) for member in members)


@pytest.mark.parametrize(
    ("path", "cut"), [([], True), (["0"], True), ([0], True), (["a"], False), (["0", "b"], False), (["d"], False)]
)
def test_what_was_cut_is_known_by_its_path(path: list[str | int], cut: bool) -> None:
    assert Pruned({"a": [1], "0": {"b": 1, "c": 2}, "d": 5}, 4).is_cut(path) is cut


def test_an_empty_name_is_known_by_its_path() -> None:
    pruned = Pruned({"": {"": 1, "a": 2}}, 2)
    (outer,) = pruned.document
    (inner,) = pruned.document[outer]
    assert pruned.original([outer, inner, 0]) == ["", "", 0]
    assert pruned.is_cut([outer])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"{}", "The document is not JSON, so it cannot be judged: it holds b'{}'."),
        ({1: 2}, "The document is not JSON, so it cannot be judged: it holds 1."),
        ([{"at": NOW}], "The document is not JSON, so it cannot be judged: it holds datetime.datetime("),
        (["\ud800"], "The document cannot be judged: 'utf-8' codec can't encode character"),
    ],
)
def test_what_is_not_json_is_refused_with_a_reason(document: Any, words: str) -> None:
    with pytest.raises(NotJudged) as told:
        judge(document, "batch_custom_event")
    assert str(told.value).startswith(words)


def test_a_number_beyond_64_bits_is_a_number() -> None:
    assert judge([{**ORDER, "products": [{"product_id": "P-1", "qty": 2**70}]}], "batch_custom_event").passed


def test_a_hundred_thousand_levels_are_refused_and_do_not_crash() -> None:
    data: Any = 1
    for _ in range(100_000):
        data = {"a": data}
    with pytest.raises(NotJudged, match="nested deeper than 254 levels"):
        judge([{**ITEM, "data": data}], "batch_custom_event")


def test_an_arrival_needs_a_zone() -> None:
    with pytest.raises(ValueError, match=r"^The time of arrival has no zone: datetime\.datetime\(2026, 1, 2, 0, 0\)"):
        judge([ITEM], "batch_custom_event", datetime(2026, 1, 2))
