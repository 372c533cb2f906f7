"""Faults and clocks in the Python client: a block that arms and disarms, and fails a test whose fault met nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mockodp import Client, VerificationError, running
from mockodp.errors import ControlError
from tests.mockodp.commands import send

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    with running(tls_port=-1) as client:
        yield client


@pytest.fixture
def mock(shared: Client) -> Client:
    for account in ("shop", "other"):
        shared.reset(account)
    shared.disarm_all()
    return shared


def test_a_fault_lasts_as_long_as_its_block(mock: Client) -> None:
    with mock.fault("shop", effect={"status": 503}) as fault:
        assert send(mock.url, {"type": "x"}) == 503
        assert send(mock.url, {"type": "x"}, account="other") == 201
        assert [each["id"] for each in mock.faults("shop")] == [fault["id"]]
    assert send(mock.url, {"type": "x"}) == 201
    assert mock.faults() == []


def test_an_opened_account_stands_for_its_name(mock: Client) -> None:
    shop = mock.open_account("shop")
    with mock.fault(shop, effect={"status": 503}) as fault:
        assert send(mock.url, {"type": "x"}) == 503
        assert (fault["account"], mock.check_faults(shop)["verdict"], len(mock.faults(shop))) == ("shop", "pass", 1)
    mock.arm_fault(shop, preset="half-batch")
    assert len(mock.disarm_all(shop)) == 1
    assert mock.clock(shop).account == "shop"


def test_a_preset_is_narrowed(mock: Client) -> None:
    with mock.fault("shop", preset="429-storm", match={"region": "eu"}, expires={"requests": 1}):
        assert [send(mock.url, {}, region=region) for region in ("us", "eu", "eu")] == [201, 429, 201]


def test_a_fault_that_met_nobody_fails_the_test_that_asked_for_it(mock: Client) -> None:
    told = r"The fault f\d+ \(outage\) of account 'shop' never met a request: status 503."
    with (
        pytest.raises(VerificationError, match=told),
        mock.fault("shop", effect={"status": 503}, name="outage"),
    ):
        send(mock.url, {}, account="other")
    assert mock.faults() == []


def test_so_does_one_that_fell_on_none_of_those_it_met(mock: Client) -> None:
    with (
        pytest.raises(
            VerificationError, match="met 1 request and fell on none of them: status 503; only number 2"
        ) as e,
        mock.fault("shop", effect={"status": 503}, match={"nth": 2}),
    ):
        send(mock.url, {})
    assert isinstance(e.value, AssertionError)
    assert (e.value.verification["met"], e.value.verification["struck"]) == (1, 0)


def test_a_test_may_say_that_it_does_not_matter(mock: Client) -> None:
    with mock.fault("shop", must_meet=False, effect={"status": 503}):
        pass
    assert mock.faults() == []


def test_what_went_wrong_in_the_block_is_what_is_raised(mock: Client) -> None:
    with pytest.raises(ZeroDivisionError), mock.fault("shop", effect={"status": 503}):
        raise ZeroDivisionError
    assert mock.faults() == []


def test_a_fault_that_somebody_else_took_away_proves_nothing(mock: Client) -> None:
    with (
        pytest.raises(VerificationError, match="taken away by somebody else, so nobody knows whether it met"),
        mock.fault("shop", effect={"status": 503}),
    ):
        mock.reset("shop")


def test_faults_are_armed_listed_checked_and_taken_away(mock: Client) -> None:
    one = mock.arm_fault("shop", effect={"status": 500}, expires={"requests": 1})
    two, three = mock.arm_faults([{"account": each, "preset": "half-batch"} for each in ("shop", "other")])
    assert send(mock.url, {}) == 500
    assert send(mock.url, {}, {}) == 207
    assert mock.check_faults("shop")["verdict"] == "pass"
    assert f"{three['id']} (half-batch, account 'other') never met" in mock.check_faults()["message"]
    assert mock.disarm(one["id"])["struck"] == 1
    assert [each["id"] for each in mock.disarm_all("shop")] == [two["id"]]
    assert [each["id"] for each in mock.disarm_all()] == [three["id"]]
    assert "half-batch" in {preset["name"] for preset in mock.fault_presets()}
    with pytest.raises(ControlError, match="There is no fault 'f999'"):
        mock.disarm("f999")


def test_a_wrong_fault_is_refused_with_its_place(mock: Client) -> None:
    with pytest.raises(ControlError, match=r"^/effect: Member 'statu' is not known here. Did you mean 'status'\?"):
        mock.arm_fault("shop", effect={"statu": 503})


def test_durations_may_be_python_ones(mock: Client) -> None:
    armed = mock.arm_fault("shop", sequence=[{"effect": {"status": 503}, "for": timedelta(minutes=10)}],
                           expires={"after": timedelta(hours=4)})  # fmt: skip
    assert armed["does"] == "for 10m status 503; for 4h"


def test_four_hours_take_no_time(mock: Client) -> None:
    clock = mock.clock("shop")
    assert clock.freeze(at=NOON) == NOON
    with mock.fault("shop", preset="flap-4h"):
        seen = []
        for _ in range(17):
            seen.append(send(mock.url, {}))
            clock.advance("15m")
        clock.set(NOON + timedelta(minutes=12))
    assert seen == [503] * 16 + [201]
    assert clock.now() == NOON + timedelta(minutes=12)
    assert clock.advance(timedelta(minutes=1)) == clock.advance(60_000) - timedelta(minutes=1)
    assert (clock.shown()["frozen"], clock.thaw() >= NOON, clock.shown()["frozen"]) == (True, True, False)
    clock.reset()
    assert clock.shown()["real"]
