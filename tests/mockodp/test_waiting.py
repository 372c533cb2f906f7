"""Waiting verifications: many at once, given up when their client leaves, answered when the mock stops."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx2

from mockodp import Client, running


def waiting(odp: Client) -> int:
    """How many wait besides the mock's own housekeeping."""
    text = httpx2.get(f"{odp.url}/_mock/metrics", headers={"authorization": f"Bearer {odp.token}"}).text
    found = re.search(r"^mockodp_waiting (\d+)$", text, re.M)
    assert found
    return int(found[1]) - 1


def until_waiting(odp: Client, count: int) -> None:
    for _ in range(10_000):
        if waiting(odp) == count:
            return
    raise AssertionError(f"{waiting(odp)} wait, expected {count}")


def test_a_verification_whose_client_left_is_given_up() -> None:
    with running(tls_port=-1) as odp:
        body = b'{"account":"shop","within":"3000s"}'
        head = f"POST /_mock/verify HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {odp.token}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        host, port = odp.url.removeprefix("http://").split(":")
        connections = [socket.create_connection((host, int(port)), timeout=20) for _ in range(20)]
        for connection in connections:
            connection.sendall(head.encode() + body)
        until_waiting(odp, 20)
        for connection in connections:
            connection.close()
        until_waiting(odp, 0)


def test_a_waiting_verification_is_answered_when_the_mock_stops() -> None:
    with ThreadPoolExecutor(1) as threads:
        with running(tls_port=-1) as odp:
            other = Client(odp.url, odp.token)
            asked = threads.submit(other.verify, "shop", type="order", within="3000s")
            until_waiting(odp, 1)
        outcome = asked.result(timeout=20)
        other.close()
    assert outcome["verdict"] == "fail"
    assert outcome["message"] == "Expected exactly 1, found 0. There is no account 'shop'; known: none yet."
