"""The published destination against the mock: real code, real TLS, the vendor's own host names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from mockodp_harness.demo import demo_events, of_person
from mockodp_harness.node import NodeRunner, tls_environment

import mockodp
from mockodp.client import Client

pytestmark = pytest.mark.node

PERSON = {"userId": "user-ada", "anonymousId": "anon-ada", "email": "ada@example.test"}
REGIONS = ("us", "eu", "au")


@pytest.fixture(scope="module")
def odp() -> Iterator[Client]:
    with mockodp.running() as client:
        yield client


@pytest.fixture(scope="module")
def destination(packages: Path, odp: Client) -> Iterator[NodeRunner]:
    assert odp.tls_url
    assert odp.ca
    with NodeRunner(folder=packages, tls=tls_environment(odp.tls_url, odp.ca)) as runner:
        yield runner


@pytest.mark.parametrize("region", REGIONS)
def test_authentication_passes_with_a_test_key(odp: Client, destination: NodeRunner, region: str) -> None:
    account = odp.open_account(f"auth-{region}")
    trace = destination.test_authentication({"apiKey": account.key, "region": region.upper()})
    assert trace.ok, trace.error
    record = odp.records(account=account.name)["records"][0]
    assert (record["region"], record["endpoint"], record["status"]) == (region, "auth", 200)


@pytest.mark.parametrize("region", REGIONS)
def test_authentication_fails_with_another_key_and_leaves_no_trace(
    odp: Client, destination: NodeRunner, region: str
) -> None:
    before = {account["name"]: account["records"] for account in odp.accounts()}
    trace = destination.test_authentication({"apiKey": "W4WzcEs-ABgXorzY7h1LCQ", "region": region.upper()})
    assert trace.error is not None
    assert trace.error.message == "Credentials are invalid: 401 Unauthorized"
    assert {account["name"]: account["records"] for account in odp.accounts()} == before


@pytest.mark.parametrize("region", REGIONS)
def test_a_bound_key_passes_in_its_own_region_only(odp: Client, destination: NodeRunner, region: str) -> None:
    account = odp.open_account("resident", "eu")
    trace = destination.test_authentication({"apiKey": account.key, "region": region.upper()})
    record = odp.records(account=account.name, order="newest", limit=1)["records"][0]
    assert trace.ok is (region == "eu")
    assert record["region"] == region
    assert (record["refusal"] is None) is (region == "eu")
    if region != "eu":
        assert record["refusal"]["finding"] == "residency"


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("event", demo_events(), ids=lambda event: str(event.get("event", event["type"])))
def test_what_the_destination_sent_is_in_the_journal_byte_by_byte(
    odp: Client, destination: NodeRunner, region: str, event: dict[str, object]
) -> None:
    account = odp.open_account()
    trace = destination.event(
        of_person(event, PERSON),
        settings={"apiKey": account.key, "region": region.upper()},
        presets=True,
        defaults=["upsertContact"],
    )
    assert trace.ok, trace.error
    records = odp.records(account=account.name)["records"]
    assert [odp.body(record["id"]).decode() for record in records] == [request.body for request in trace.requests]
    assert {record["region"] for record in records} <= {region}
    assert bool(records) is (event.get("event") != "Article Read"), "only the custom event has no preset"


def test_a_batch_is_one_request_with_an_item_for_each_event(odp: Client, destination: NodeRunner) -> None:
    account = odp.open_account()
    order = next(event for event in demo_events() if event.get("event") == "Order Completed")
    events = [of_person(order, {**PERSON, "userId": f"user-{number}"}) for number in range(100)]
    trace = destination.batch(events, settings={"apiKey": account.key, "region": "US"}, presets=["Order Completed"])
    assert trace.ok, trace.error
    records = odp.records(account=account.name)["records"]
    assert [record["item_count"] for record in records] == [100]
    odp.expect(account.name, match={"user_identifiers": {"userId": "user-77"}})
    body = trace.requests[0].body
    assert body is not None
    assert records[0]["items"] == orjson.loads(body)
