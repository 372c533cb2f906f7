"""Which fault falls on which request: everything is counted, per account, and the same in each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockodp.faults import Clocks, FaultPlan, Occasion, Strike, read_fault

S = 1_000_000
MINUTE, HOUR = 60 * S, 3_600 * S
START = 1_767_323_045 * S
FAIL: dict[str, Any] = {"status": 503}


def a_plan(*documents: dict[str, Any], now_us: int = START) -> FaultPlan:
    """A plan of faults named ``f0``, ``f1`` …, of account ``shop`` where they say nothing else."""
    plan = FaultPlan()
    for number, document in enumerate(documents):
        plan.arm(read_fault({"account": "shop", **document}, f"f{number}"), now_us=now_us)
    return plan


def ask(plan: FaultPlan, account: str = "shop", *, at: int = START, **members: Any) -> list[Strike]:
    """What falls on a request of *account*."""
    values: dict[str, Any] = {"region": "us", "endpoint": "batch_custom_event", "items": list}
    return plan.strikes(Occasion(account=account, now_us=at, **{**values, **members}))


def hits(plan: FaultPlan, count: int, account: str = "shop", *, at: int = START) -> str:
    """Of so many requests, which ones were struck: ``x`` or ``.``."""
    return "".join("x" if ask(plan, account, at=at) else "." for _ in range(count))


def counted(plan: FaultPlan) -> list[tuple[int, int]]:
    return [(armed.met, armed.struck) for armed in plan.armed()]


# -- which requests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "struck"),
    [
        ({}, "xxxxxxxxxxxx"),
        ({"match": {"nth": 3}}, "..x........."),
        ({"match": {"nth": [1, 2, 5]}}, "xx..x......."),
        ({"match": {"every": 4}}, "...x...x...x"),
        ({"match": {"every": 2, "nth": [4, 8]}}, "...x...x...."),
        ({"expires": {"requests": 2}}, "xx.........."),
        ({"match": {"every": 3}, "expires": {"requests": 2}}, "..x..x......"),
        ({"match": {"region": "eu"}}, "............"),
        ({"match": {"endpoint": "batch_upsert_contact"}}, "............"),
    ],
)
def test_requests_are_chosen_by_number_and_place(document: dict[str, Any], struck: str) -> None:
    assert hits(a_plan({"effect": FAIL, **document}), 12) == struck


@pytest.mark.parametrize(
    ("sequence", "repeat", "struck"),
    [
        ([{"effect": FAIL, "times": 3}], False, "xxx........."),
        ([{"effect": FAIL}, {"effect": None, "times": 2}], True, "x..x..x..x.."),
        ([{"effect": None, "times": 2}, {"effect": FAIL}], False, "..x........."),
        ([{"effect": FAIL, "times": 9}, {"effect": None}], True, "xxxxxxxxx.xx"),
    ],
)
def test_a_sequence_takes_its_steps_by_number(sequence: list[Any], repeat: bool, struck: str) -> None:
    document = {"sequence": sequence, **({"repeat": True} if repeat else {})}
    assert hits(a_plan(document), 12) == struck


def test_a_step_is_used_up_only_by_requests_that_were_chosen() -> None:
    plan = a_plan({"match": {"every": 2}, "sequence": [{"effect": FAIL, "times": 2}]})
    assert hits(plan, 8) == ".x.x...."
    assert counted(plan) == [(4, 2)], "after its last step it meets nothing more"


def test_an_item_has_to_meet_the_predicate() -> None:
    plan = FaultPlan()
    fault = read_fault({"account": "shop", "effect": FAIL, "match": {"item": {"type": "order"}}}, "f0")
    plan.arm(fault, lambda item: item["type"] == "order", START)
    assert not ask(plan, items=list)
    assert not ask(plan, items=lambda: [{"type": "product"}])
    assert ask(plan, items=lambda: [{"type": "product"}, {"type": "order"}])
    assert counted(plan) == [(1, 1)]


# -- time --------------------------------------------------------------------------------------------------------


def test_four_hours_of_flapping_follow_the_clock_and_no_other() -> None:
    plan = a_plan({"preset": "flap-4h"})
    seen = [bool(ask(plan, at=START + minute * MINUTE)) for minute in range(5 * 60)]
    assert seen == [minute % 15 < 10 and minute < 240 for minute in range(5 * 60)]
    assert plan.armed()[0].is_over(START + 4 * HOUR)
    assert not plan.armed()[0].is_over(START + 4 * HOUR - 1)


def test_steps_by_time_begin_with_the_arming_and_those_behind_a_number_with_its_last_request() -> None:
    by_time = a_plan({"sequence": [{"effect": FAIL, "for": "10s"}]})
    assert hits(by_time, 1, at=START + 10 * S) == "."
    mixed = a_plan({"sequence": [{"effect": None, "times": 2}, {"effect": FAIL, "for": "10s"}]})
    assert hits(mixed, 2, at=START + HOUR) == ".."
    assert hits(mixed, 1, at=START + HOUR + 10 * S - 1) == "x"
    assert hits(mixed, 1, at=START + HOUR + 10 * S) == "."


def test_a_step_by_time_that_is_not_met_by_any_request_still_ends() -> None:
    plan = a_plan({"match": {"nth": 5}, "sequence": [{"effect": FAIL, "for": "1m"}, {"effect": None, "for": "1m"}],
                   "repeat": True})  # fmt: skip
    assert hits(plan, 4, at=START) == "...."
    assert hits(plan, 1, at=START + 2 * MINUTE) == "x"


def test_a_sequence_that_repeats_for_years_costs_no_time() -> None:
    sequence = [{"effect": FAIL, "for": "1ms"}, {"effect": None, "for": "2ms"}]
    plan = a_plan({"sequence": sequence, "repeat": True}, now_us=0)
    assert hits(plan, 1, at=START) == ("x" if START // 1000 % 3 == 0 else ".")
    assert hits(plan, 1, at=(START // 3000 + 1) * 3000) == "x"


def test_a_lifetime_ends_on_the_clock_of_the_account() -> None:
    plan = a_plan({"effect": FAIL, "expires": {"after": "4h"}})
    assert hits(plan, 1, at=START + 4 * HOUR - 1) == "x"
    assert hits(plan, 1, at=START + 4 * HOUR) == "."
    assert counted(plan) == [(1, 1)]


def test_a_fault_of_everybody_counts_its_lifetime_on_each_clock_from_its_arming() -> None:
    clocks = Clocks(lambda: START)
    clocks.freeze("past")
    clocks.set("past", 7 * HOUR)
    plan = FaultPlan()
    plan.arm(
        read_fault({"account": "*", "effect": FAIL, "expires": {"after": "1h"}}, "f0"), None, START, clocks.moved()
    )
    assert hits(plan, 1, "past", at=8 * HOUR - 1) == "x"
    assert hits(plan, 1, "past", at=8 * HOUR) == "."
    assert hits(plan, 1, "shop", at=START + HOUR - 1) == "x"
    assert hits(plan, 1, "shop", at=START + HOUR) == "."


# -- budgets -----------------------------------------------------------------------------------------------------


def budget(requests: int, per: str) -> FaultPlan:
    return a_plan({"effect": {"status": 429}, "budget": {"requests": requests, "per": per}})


def test_a_budget_strikes_what_is_over_it_and_says_when_to_come_again() -> None:
    plan = budget(2, "10s")
    assert hits(plan, 2) == ".."
    assert [strike.retry_after for strike in ask(plan)] == [5]
    assert [strike.retry_after for strike in ask(plan, at=START + 4 * S)] == [1]
    assert [strike.retry_after for strike in ask(plan, at=START + 4 * S - 1)] == [1]
    assert hits(plan, 2, at=START + 5 * S) == ".x"
    assert hits(plan, 3, at=START + HOUR) == "..x"


def test_whoever_waits_as_long_as_it_was_told_gets_through() -> None:
    plan, now = budget(3, "7s"), START
    for _ in range(200):
        for strike in ask(plan, at=now):
            assert strike.retry_after
            now += strike.retry_after * S
            assert not ask(plan, at=now)
    assert now > START


def test_a_standing_clock_fills_no_bucket_and_one_set_back_neither() -> None:
    plan = budget(1, "1s")
    assert hits(plan, 3) == ".xx"
    assert hits(plan, 2, at=START - HOUR) == "xx"
    assert hits(plan, 1, at=START - HOUR + S) == "."


@given(st.integers(1, 50), st.integers(1, 10_000), st.lists(st.integers(0, 20_000), max_size=60))
def test_no_more_gets_through_than_the_budget_and_its_refill(tokens: int, per_ms: int, waits: list[int]) -> None:
    plan, now, passed = budget(tokens, f"{per_ms}ms"), START, 0
    for wait in waits:
        now += wait * 1000
        passed += not ask(plan, at=now)
        assert passed <= tokens + (now - START) * tokens / (per_ms * 1000)


# -- chance ------------------------------------------------------------------------------------------------------


def test_with_the_same_seed_the_same_requests_are_struck_in_each_run() -> None:
    def run(seed: int, account: str) -> str:
        return hits(
            a_plan({"account": account, "effect": FAIL, "match": {"probability": 0.3, "seed": seed}}), 40, account
        )

    assert run(7, "shop") == run(7, "shop") == run(7, "another-name-in-each-run")
    assert run(7, "shop") != run(8, "shop")
    assert 4 <= run(7, "shop").count("x") <= 20


def test_a_fault_of_everybody_draws_for_each_account_by_its_name() -> None:
    def run() -> list[str]:
        plan = a_plan({"account": "*", "effect": FAIL, "match": {"probability": 0.5}})
        return [hits(plan, 30, account) for account in ("a", "b", "c")]

    assert run() == run()
    assert len(set(run())) == 3


def test_what_is_drawn_for_a_delay_does_not_depend_on_having_been_chosen() -> None:
    plan = a_plan({"effect": {"delay": {"uniform": ["0ms", "1s"]}}, "match": {"probability": 0.05, "seed": 3}})
    draws = [strike.draw for _ in range(2_000) for strike in ask(plan)]
    assert 50 < len(draws) < 200
    assert max(draws) > 0.9
    assert min(draws) < 0.1


# -- several faults ----------------------------------------------------------------------------------------------


def named(strikes: Sequence[Strike]) -> list[str]:
    return [strike.fault.id for strike in strikes]


def test_the_fault_that_was_armed_first_strikes_alone_and_the_next_keeps_its_steps() -> None:
    plan = a_plan({"sequence": [{"effect": FAIL, "times": 2}]}, {"sequence": [{"effect": {"status": 401}, "times": 1}]})
    assert [named(ask(plan)) for _ in range(4)] == [["f0"], ["f0"], ["f1"], []]
    assert counted(plan) == [(2, 2), (1, 1)]


def test_a_request_that_was_struck_takes_no_token_of_a_later_budget() -> None:
    plan = a_plan({"effect": FAIL, "expires": {"requests": 5}},
                  {"effect": {"status": 429}, "budget": {"requests": 1, "per": "1h"}})  # fmt: skip
    assert [named(ask(plan)) for _ in range(7)] == [["f0"]] * 5 + [[], ["f1"]]


def test_delays_add_to_each_other_and_to_one_other_effect_wherever_they_stand() -> None:
    plan = a_plan({"effect": {"delay": "1s"}}, {"effect": FAIL}, {"effect": {"status": 500}}, {"effect": {"delay": 5}})
    assert named(ask(plan)) == ["f0", "f1", "f3"]
    assert counted(plan) == [(1, 1), (1, 1), (0, 0), (1, 1)]


def test_a_step_without_effect_lets_the_next_fault_strike() -> None:
    plan = a_plan({"sequence": [{"effect": None}, {"effect": FAIL}], "repeat": True}, {"effect": {"status": 401}})
    assert [named(ask(plan)) for _ in range(4)] == [["f1"], ["f0"], ["f1"], ["f0"]]


def test_what_is_disarmed_falls_on_nothing_and_the_others_keep_their_order() -> None:
    plan = a_plan({"effect": FAIL}, {"account": "*", "effect": {"status": 500}}, {"effect": {"status": 401}})
    assert [armed.fault.id for armed in plan.disarm(["f0", "no such"])] == ["f0"]
    assert named(ask(plan)) == ["f1"]
    plan.disarm(["f1", "f2"])
    assert (ask(plan), plan.is_empty) == ([], True)


def test_an_account_that_is_forgotten_begins_anew_and_what_was_counted_stays() -> None:
    plan = a_plan({"account": "*", "sequence": [{"effect": FAIL}]})
    assert (hits(plan, 2, "a"), hits(plan, 2, "b")) == ("x.", "x.")
    plan.forget("a")
    assert (hits(plan, 2, "a"), hits(plan, 2, "b")) == ("x.", "..")
    assert counted(plan) == [(3, 3)]


# -- handshakes --------------------------------------------------------------------------------------------------

NO_TLS: dict[str, Any] = {"account": "*", "effect": {"wire": "tls_failure"}}


def test_a_handshake_fails_for_its_region_and_no_request_is_touched() -> None:
    plan = a_plan({**NO_TLS, "match": {"region": "eu"}})
    assert plan.is_empty, "a request has nothing to be asked"
    assert plan.fails_handshake("eu", START)
    assert not plan.fails_handshake("us", START)
    assert not plan.fails_handshake(None, START)
    assert ask(plan, region="eu") == []
    assert counted(plan) == [(1, 1)]


def test_handshakes_know_sequences_expiry_and_lifetime_too() -> None:
    plan = a_plan({**NO_TLS, "match": {"every": 2}, "expires": {"requests": 2, "after": "1h"}})
    assert [bool(plan.fails_handshake(None, START)) for _ in range(6)] == [False, True, False, True, False, False]
    plan = a_plan({**NO_TLS, "expires": {"after": "1h"}})
    assert [bool(plan.fails_handshake(None, START + at)) for at in (HOUR - 1, HOUR)] == [True, False]


# -- properties --------------------------------------------------------------------------------------------------

ACCOUNTS = ("a", "b", "c")
EFFECTS = st.sampled_from([FAIL, {"status": 429}, {"delay": "1s"}, {"status": 500, "delay": "1s"}, {"wire": "reset"}])
STEPS = st.one_of(
    st.fixed_dictionaries({"effect": st.one_of(st.none(), EFFECTS), "times": st.integers(1, 3)}),
    st.fixed_dictionaries({"effect": st.one_of(st.none(), EFFECTS), "for": st.sampled_from(["1s", "5s"])}),
)
WHAT = st.one_of(
    st.fixed_dictionaries({"effect": EFFECTS}),
    st.fixed_dictionaries(
        {
            "sequence": st.lists(STEPS, max_size=3).map(lambda steps: [*steps, {"effect": FAIL}]),
            "repeat": st.booleans(),
        }
    ),
)
MORE = st.fixed_dictionaries(
    {},
    optional={
        "match": st.fixed_dictionaries({}, optional={"every": st.integers(1, 3), "probability": st.just(0.5)}),
        "budget": st.fixed_dictionaries({"requests": st.integers(1, 3), "per": st.just("5s")}),
        "expires": st.fixed_dictionaries({"requests": st.integers(1, 4)}),
    },
)
FAULTS = st.lists(
    st.builds(
        lambda account, what, more: {"account": account, **what, **more}, st.sampled_from([*ACCOUNTS, "*"]), WHAT, MORE
    ),
    max_size=5,
)
REQUESTS = st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.integers(0, 3)), max_size=40)


def story(faults: list[dict[str, Any]], requests: list[tuple[str, int]]) -> list[tuple[str, list[tuple[str, float]]]]:
    """For each request, a few seconds after the one before, its account and what fell on it."""
    plan, now, told = a_plan(*faults), START, []
    for account, seconds in requests:
        now += seconds * S
        told.append((account, [(strike.fault.id, strike.draw) for strike in ask(plan, account, at=now)]))
    return told


@given(FAULTS, REQUESTS)
def test_a_second_run_is_the_same(faults: list[dict[str, Any]], requests: list[tuple[str, int]]) -> None:
    assert story(faults, requests) == story(faults, requests)


@given(FAULTS, REQUESTS)
def test_an_account_meets_the_same_whatever_others_do(
    faults: list[dict[str, Any]], requests: list[tuple[str, int]]
) -> None:
    together = story(faults, requests)
    for account in ACCOUNTS:
        now, alone = 0, []
        plan = a_plan(*faults)
        for whose, seconds in requests:
            now += seconds * S
            if whose == account:
                alone.append([(strike.fault.id, strike.draw) for strike in ask(plan, account, at=START + now)])
        assert [struck for whose, struck in together if whose == account] == alone


@given(FAULTS, REQUESTS)
def test_at_most_one_fault_strikes_beside_delays_in_the_order_of_arming_and_only_its_own_account(
    faults: list[dict[str, Any]], requests: list[tuple[str, int]]
) -> None:
    plan, now, struck = a_plan(*faults), START, 0
    for account, seconds in requests:
        now += seconds * S
        strikes = ask(plan, account, at=now)
        struck += len(strikes)
        assert sum(not strike.effect.is_delay_only for strike in strikes) <= 1
        assert named(strikes) == sorted(named(strikes))
        assert {strike.fault.account for strike in strikes} <= {account, "*"}
    assert sum(armed.struck for armed in plan.armed()) == struck
    assert all(armed.struck <= armed.met for armed in plan.armed())
