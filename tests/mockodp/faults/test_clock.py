"""The clock of an account: real until somebody touches it, and never anybody else's."""

from __future__ import annotations

import pytest

from mockodp.faults import Clocks


@pytest.fixture
def real() -> list[int]:
    return [1_000]


@pytest.fixture
def clocks(real: list[int]) -> Clocks:
    return Clocks(lambda: real[0])


def test_a_clock_that_nobody_touched_is_real(clocks: Clocks, real: list[int]) -> None:
    real[0] += 5
    assert (clocks.now_us("shop"), clocks.is_real("shop"), clocks.is_frozen("shop")) == (1_005, True, False)
    assert clocks.now_us("shop", 7) == 7


def test_a_clock_that_was_set_or_advanced_goes_on_from_there(clocks: Clocks, real: list[int]) -> None:
    clocks.set("shop", 50)
    real[0] += 5
    assert (clocks.now_us("shop"), clocks.now_us("other")) == (55, 1_005)
    clocks.advance("shop", 100)
    assert clocks.now_us("shop") == 155
    assert clocks.moved() == {"shop": 155}


def test_a_frozen_clock_stands_until_it_is_thawed(clocks: Clocks, real: list[int]) -> None:
    clocks.freeze("shop")
    real[0] += 5
    assert (clocks.now_us("shop"), clocks.is_frozen("shop")) == (1_000, True)
    clocks.advance("shop", 60)
    clocks.freeze("shop")
    assert clocks.now_us("shop") == 1_060
    clocks.thaw("shop")
    real[0] += 5
    assert (clocks.now_us("shop"), clocks.is_frozen("shop")) == (1_065, False)


def test_to_thaw_what_goes_changes_nothing(clocks: Clocks) -> None:
    clocks.thaw("shop")
    assert clocks.is_real("shop")
    clocks.set("shop", 50)
    clocks.thaw("shop")
    assert clocks.now_us("shop") == 50


def test_a_reset_makes_it_real_again(clocks: Clocks) -> None:
    clocks.freeze("shop")
    clocks.set("shop", 50)
    clocks.reset("shop")
    clocks.reset("other")
    assert (clocks.now_us("shop"), clocks.is_real("shop"), clocks.moved()) == (1_000, True, {})
