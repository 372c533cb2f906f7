"""Fifty accounts at once: sequences, budgets and chance are exact for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.mockodp.faults.served import Raw, Served, a_mock
from tests.mockodp.wire import EVENTS, GOOD_BODY, request

ACCOUNTS = [f"crowd-{number}" for number in range(50)]
SENT = 12
FLAPPING: dict[str, Any] = {
    "sequence": [{"effect": {"status": 503}, "times": 2}, {"effect": None}, {"effect": {"status": 429}}],
    "repeat": True,
}
SEEN = [503, 503, 201, 429] * 3


@pytest.fixture
def mock() -> Iterator[Served]:
    with a_mock() as mock:
        yield mock


async def statuses(mock: Served, per_account: int = SENT) -> dict[str, list[int]]:
    """What each account was answered, one request after the other, all accounts at once."""
    limits = httpx2.Limits(max_connections=len(ACCOUNTS))
    async with httpx2.AsyncClient(base_url=mock.server.ready.url, timeout=60, trust_env=False, limits=limits) as client:

        async def of(account: str) -> list[int]:
            headers = {"authorization": f"Bearer odp_test_{account}", "content-type": "application/json"}
            return [
                (await client.post(EVENTS, content=GOOD_BODY, headers=headers)).status_code for _ in range(per_account)
            ]

        return dict(zip(ACCOUNTS, await asyncio.gather(*map(of, ACCOUNTS)), strict=True))


def test_one_fault_of_everybody_counts_for_each_account(mock: Served) -> None:
    armed = mock.arm(account="*", **FLAPPING)
    assert asyncio.run(statuses(mock)) == dict.fromkeys(ACCOUNTS, SEEN)
    assert (armed.met, armed.struck) == (50 * SENT, 50 * 9)


def test_faults_of_their_own_and_one_of_everybody_stand_in_the_order_of_arming(mock: Served) -> None:
    for number, account in enumerate(ACCOUNTS):
        mock.arm({"status": 500}, account=account, expires={"requests": 1 + number % 5})
    mock.arm({"status": 429}, account="*", budget={"requests": 3, "per": "1h"})
    for account in ACCOUNTS:
        mock.server.mock.clocks.freeze(account)
    expected = {}
    for number, account in enumerate(ACCOUNTS):
        own = 1 + number % 5
        expected[account] = [500] * own + [201] * 3 + [429] * (SENT - own - 3)
    assert asyncio.run(statuses(mock)) == expected


def test_chance_strikes_the_same_requests_of_the_same_accounts_in_each_run() -> None:
    def run() -> dict[str, list[int]]:
        with a_mock() as mock:
            mock.arm({"status": 503}, account="*", match={"probability": 0.5, "seed": 11})
            return asyncio.run(statuses(mock))

    first = run()
    assert first == run()
    assert len({tuple(seen) for seen in first.values()}) > 40


def test_requests_of_one_account_at_once_are_counted_one_by_one(mock: Served) -> None:
    mock.arm({"status": 503}, account="wire", match={"every": 3}, expires={"requests": 10})

    def status(_: int) -> bytes:
        with Raw(mock) as raw:
            raw.send(request(GOOD_BODY, "connection: close"))
            return raw.to_the_end()[0][9:12]

    with ThreadPoolExecutor(20) as threads:
        seen = list(threads.map(status, range(60)))
    assert (seen.count(b"503"), seen.count(b"201")) == (10, 50)
    assert len(mock.records(limit=100)) == 60


def test_resets_hit_those_they_are_meant_for_and_nobody_beside_them(mock: Served) -> None:
    for account in ACCOUNTS[::2]:
        mock.arm({"wire": "reset"}, account=account, expires={"requests": 1})

    def ended(account: str) -> str:
        with Raw(mock) as raw:
            raw.send(request(GOOD_BODY, "connection: close", key=f"odp_test_{account}"))
            return raw.to_the_end()[1]

    with ThreadPoolExecutor(25) as threads:
        assert list(threads.map(ended, ACCOUNTS)) == ["reset", "end"] * 25
    assert sorted(account.name for account in mock.server.mock.journal.accounts()) == sorted(ACCOUNTS[1::2])
