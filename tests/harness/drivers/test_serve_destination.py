"""The driver `serve` with the published destination behind a local server: the same traces as the driver `node`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mockodp_harness.drivers import Driver, Instance, Outcome, Trace, driver
from mockodp_harness.node import tls_environment
from mockodp_harness.node.programs import node as program
from mockodp_harness.node.tls import joined

import mockodp
from tests.harness.drivers.test_drivers_agree import (
    ANSWERS,
    BARE,
    BOUNDED,
    CALLS,
    CASES,
    CUSTOM,
    EVERYTHING,
    LAMP,
    ORDER,
    SETTINGS,
    UNFIT,
    instance,
    one,
    queued,
    stored,
    together,
)
from tests.harness.node_upstream import Reply, Seen, Upstream, serving
from tests.harness.test_contracts_hold import EVENTS

pytestmark = pytest.mark.node

SERVER: Final = Path(__file__).with_name("local_server.mjs")
NOT_ALIKE: Final = {
    "host that may not be reached": "where a server may reach is up to its own process",
}
HOPS: Final = frozenset({"301", "303", "307", "308"})  # the server lists the last of several requests only


@contextmanager
def local_server(packages: Path, *options: str, env: Mapping[str, str] = os.environ) -> Iterator[str]:
    """The URL of the published destination behind a local server."""
    command = [program(env), str(SERVER), str(packages), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(env)) as process:
        yield cast("IO[bytes]", process.stdout).readline().decode().strip()


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[Upstream, dict[str, str]]]:
    """A server for region US, and a closed port for the others."""
    with serving() as upstream, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/twilio_segment"
        yield upstream, {"US": f"{upstream.url}/twilio_segment", "EU": closed, "AU": closed}


@pytest.fixture(scope="module", params=["forgets", "remembers"])
def both(request: pytest.FixtureRequest, packages: Path, hosts: tuple[Upstream, dict[str, str]]) -> Iterator[Both]:
    upstream, urls = hosts
    options = [f"--{request.param}"] if request.param == "remembers" else []
    with (
        local_server(packages, "--hosts", json.dumps(urls), *options) as url,
        driver("serve", server=url) as serve,
        driver("node", base_urls=urls) as node,
    ):
        yield Both(serve, node, upstream)


@dataclass(frozen=True)
class Both:
    serve: Driver
    node: Driver
    upstream: Upstream

    def agreed(self, ask: Callable[[Driver], Trace], answers: Callable[[Seen], Reply], *, hops: bool = False) -> Trace:
        """The trace of `serve`, after both said the same as far as the server tells it."""
        self.upstream.reply = answers
        theirs, ours = ask(self.node), ask(self.serve)
        assert comparable(ours, hops) == comparable(theirs, hops)
        return ours


def comparable(trace: Trace, hops: bool) -> Any:
    """What a local server tells: no requests beside an error, and an error by its name and its words."""
    of_subscriptions = [
        {
            "events": [event.outcome and (event.outcome, event.reason, event.mapped, event.payload, event.messages)
                       for event in each.events],
            "sent": [] if each.error or hops else [(sent.method, sent.url, sent.body) for sent in each.requests],
            "results": each.results,
            "error": each.error and str(each.error),
        }
        for each in trace.subscriptions
    ]  # fmt: skip
    failures = {str(each.error) for each in trace.subscriptions if each.error}
    several = len(failures) > 1 and str(trace.error) in failures  # the first to happen is a matter of scheduling
    return of_subscriptions, trace.results, several or (trace.error and str(trace.error))


CALLED: Final = [pytest.param(*call, id=name) for name, call in CALLS.items() if name not in NOT_ALIKE]


@pytest.mark.parametrize(("of_call", "events"), CALLED)
def test_both_say_the_same_of_each_event(both: Both, of_call: Instance, events: Sequence[Any]) -> None:
    for event in events:
        both.agreed(one(event, of_call), queued)


@pytest.mark.parametrize(("of_call", "events"), CALLED)
def test_both_say_the_same_of_a_batch(both: Both, of_call: Instance, events: Sequence[Any]) -> None:
    both.agreed(together(events, of_call), queued)


@pytest.mark.parametrize("name", ANSWERS)
def test_both_say_the_same_whatever_the_service_answers(both: Both, name: str) -> None:
    of_call = instance(CUSTOM, ORDER, UNFIT)
    both.agreed(one(LAMP, of_call), ANSWERS[name], hops=name in HOPS)
    both.agreed(together([LAMP, BARE], of_call), ANSWERS[name], hops=name in HOPS)


def test_both_say_the_same_of_odd_events(both: Both) -> None:
    sent = 0

    @settings(BOUNDED, phases=[Phase.generate])  # what is found to differ is told as it is: each try asks two servers
    @given(events=st.lists(EVENTS, min_size=1, max_size=4), status=st.sampled_from([202, 202, 400]))
    def holds(events: list[Any], status: int) -> None:
        nonlocal sent
        for ask in (one(events[0], EVERYTHING), together(events, EVERYTHING)):
            sent += len(both.agreed(ask, lambda _: Reply(status)).requests)

    holds()
    assert sent >= CASES, "too few of the events were sent for this to prove anything"


@pytest.mark.parametrize("name", ANSWERS)
def test_both_say_the_same_of_a_key(both: Both, name: str) -> None:
    both.agreed(lambda asked: asked.test_authentication(SETTINGS), ANSWERS[name])


@pytest.mark.parametrize("own", [{"region": "EU"}, {"region": "eu"}, {"apiKey": None}, {"apiKey": "a\n"}], ids=str)
def test_both_say_the_same_of_a_key_that_goes_nowhere(both: Both, own: dict[str, Any]) -> None:
    theirs, ours = (asked.test_authentication({**SETTINGS, **own}).error for asked in (both.node, both.serve))
    assert (ours and ours.message) == (theirs and theirs.message), "the server tells no name"


def test_an_answer_to_a_failed_request_is_known_where_the_server_remembers(both: Both, packages: Path) -> None:
    both.upstream.reply = ANSWERS["400"]
    trace = both.serve.event(LAMP, instance(CUSTOM))
    again = both.serve.event(LAMP, instance(CUSTOM))

    assert [each.events[0].outcome for each in trace.subscriptions] == [Outcome.FAILED]
    assert len(trace.requests) == len(again.requests) <= 1
    assert trace.error is not None
    assert trace.error.response_body == ('{"error":"no"}' if trace.requests else None)


def test_a_field_that_only_the_tree_knows_is_mapped_validated_and_sent(
    packages: Path, hosts: tuple[Upstream, dict[str, str]]
) -> None:
    upstream, urls = hosts
    upstream.reply = queued
    event = {**LAMP, "properties": {"coupon": "ab"}}
    with (
        local_server(packages, "--grown", "--hosts", json.dumps(urls)) as url,
        driver("serve", server=url) as serve,
    ):
        refused = serve.event(event, instance(stored("customEvent", event_action="x", coupon={"@path": "$.event"})))
        short = serve.event(event, instance(stored("customEvent", event_action="x", coupon="ab")))
        unmapped = serve.event(event, instance(stored("customEvent", event_action="x")))

    assert refused.requests[0].items()[0]["coupon"] == "Lamp Lit"
    assert str(short.error) == "AggregateAjvError: Coupon must be 3 characters or more but it was 2 characters."
    assert "coupon" not in unmapped.requests[0].items()[0], "the default of a field is no part of a mapping without it"


def test_a_server_that_was_started_with_the_preload_file_meets_the_mock(packages: Path) -> None:
    with mockodp.running() as odp:
        assert odp.tls_url
        assert odp.ca
        env = joined(os.environ, tls_environment(odp.tls_url, odp.ca))
        account = odp.open_account()
        with local_server(packages, env=env) as url, driver("serve", server=url) as serve:
            settings = {"apiKey": account.key, "region": "EU"}
            tried = serve.test_authentication(settings)
            trace = serve.event(LAMP, Instance(settings, [CUSTOM]))
        records = odp.records(account=account.name)["records"]

        assert (tried.ok, trace.ok) == (True, True)
        assert [(record["region"], record["endpoint"]) for record in records] == [
            ("eu", "auth"),
            ("eu", "batch_custom_event"),
        ]
        assert odp.body(records[1]["id"]).decode() == trace.requests[0].body
