"""A TLS handshake that fails on purpose: an alert reaches the client, for the region it asks for, and no other."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from mockodp.metrics import metrics
from tests.mockodp.faults.served import Raw, Served, a_mock, told
from tests.mockodp.wire import GOOD_BODY, request

EU, US = "function.eu1.ocp.optimizely.com", "function.zaius.app"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with a_mock(tls_port=0) as mock:
        yield mock


@pytest.fixture
def mock(served: Served) -> Iterator[Served]:
    yield served
    plan = served.server.mock.armoury.plan
    plan.disarm([armed.fault.id for armed in plan.armed()])
    served.client.reset("wire")


def fails(mock: Served, name: str | None = None) -> bool:
    """Whether a client's handshake fails, with the alert that says so."""
    try:
        raw = Raw(mock, tls=True, name=name)
    except ssl.SSLError as error:
        return error.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"
    with raw:
        raw.send(request(GOOD_BODY, "connection: close"))
        assert raw.to_the_end()[0].startswith(b"HTTP/1.1 201 ")
    return False


def arm(mock: Served, **members: Any) -> Any:
    return mock.arm({"wire": "tls_failure"}, account="*", name="no TLS", **members)


def test_every_handshake_fails_and_plain_http_goes_on(mock: Served) -> None:
    armed = arm(mock)
    assert [fails(mock), fails(mock, EU), fails(mock, US)] == [True, True, True]
    assert told(mock, request(GOOD_BODY, "connection: close"))[0].startswith(b"HTTP/1.1 201 ")
    assert (armed.met, armed.struck, len(mock.records())) == (3, 3, 1)
    assert [line.partition(" ")[2] for line in mock.log if " TLS " in line] == [
        f"TLS {region} handshake failed  fault no TLS" for region in ("--", "eu", "us")
    ]
    assert 'mockodp_faults_total{name="no TLS"} 3' in metrics(mock.server.mock)


@pytest.mark.parametrize(("name", "failed"), [(EU, True), ("api.eu1.odp.optimizely.com", True), (US, False),
                                              ("localhost", False), (None, False)])  # fmt: skip
def test_a_region_is_known_by_the_vendors_name_alone(mock: Served, name: str | None, failed: bool) -> None:
    armed = arm(mock, match={"region": "eu"})
    assert fails(mock, name) is failed
    assert armed.met == int(failed)


def test_it_fails_as_often_as_it_was_told_and_never_again(mock: Served) -> None:
    arm(mock, match={"every": 2}, expires={"requests": 2})
    assert [fails(mock) for _ in range(6)] == [False, True, False, True, False, False]


def test_disarmed_it_fails_no_more(mock: Served) -> None:
    armed = arm(mock)
    assert fails(mock)
    mock.server.mock.armoury.plan.disarm([armed.fault.id])
    assert not fails(mock)


def test_a_client_that_speaks_an_old_tls_only_gets_the_alert_too(mock: Served) -> None:
    context = ssl.create_default_context(cafile=mock.server.ready.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    arm(mock)
    import socket

    with (
        socket.create_connection(("127.0.0.1", int(str(mock.server.ready.tls_url).rpartition(":")[2]))) as plain,
        pytest.raises(ssl.SSLError, match="handshake failure"),
    ):
        context.wrap_socket(plain, server_hostname=EU)
