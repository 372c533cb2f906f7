"""Two keys never meet: fifty accounts at once, and nothing of one shows up in another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import httpx2
import pytest

import mockodp

ACCOUNTS = 50
REQUESTS = int(os.environ.get("REQUESTS", "10000")) // ACCOUNTS


async def _send(client: httpx2.AsyncClient, account: str) -> AsyncIterator[int]:
    headers = {"authorization": f"Bearer odp_test_{account}"}
    for number in range(REQUESTS):
        body = [{"type": "order", "owner": account, "number": number}]
        yield (await client.post("/twilio_segment/batch_custom_event", headers=headers, json=body)).status_code


async def _flood(url: str) -> list[list[int]]:
    limits = httpx2.Limits(max_connections=ACCOUNTS)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as client:

        async def one(account: str) -> list[int]:
            return [status async for status in _send(client, account)]

        return await asyncio.gather(*(one(f"owner-{n}") for n in range(ACCOUNTS)))


@pytest.mark.slow
@pytest.mark.parametrize("store", ["memory", "file"])
def test_fifty_accounts_at_once_keep_all_of_their_own_and_nothing_else(store: str, tmp_path: object) -> None:
    switches = {} if store == "memory" else {"store": f"{tmp_path}/journal.db"}
    with mockodp.running(**switches) as odp:
        statuses = asyncio.run(_flood(odp.url))
        assert {status for each in statuses for status in each} == {201}
        assert sum(account["records"] for account in odp.accounts()) == ACCOUNTS * REQUESTS
        for number in range(ACCOUNTS):
            account = f"owner-{number}"
            seen: list[int] = []
            cursor = None
            while True:
                page = odp.items(account=account, limit=1000, cursor=cursor)
                assert {item["item"]["owner"] for item in page["items"]} == {account}
                seen += [item["item"]["number"] for item in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    break
            assert seen == list(range(REQUESTS))
