"""What is no call is refused in the same words by every driver, and so is any call after the end."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from mockodp_harness.drivers import CallRefused, Driver, DriverClosed, DriverError, Instance, driver

from tests.harness.drivers.local_server import serving_locally

URL = "http://127.0.0.1:9/us/twilio_segment"
SETTINGS = {"apiKey": "odp_test_shop", "region": "US"}
EVENT = {"type": "track", "event": "Lamp Lit"}
NOBODY = Instance(SETTINGS, [])
CIRCLE: dict[str, Any] = {}
CIRCLE["self"] = CIRCLE

Ask = Callable[[Driver], Any]


@pytest.fixture(scope="module", params=["python", "serve", pytest.param("node", marks=pytest.mark.node)])
def asked(request: pytest.FixtureRequest) -> Iterator[Driver]:
    if request.param == "node":
        request.getfixturevalue("packages")
    with serving_locally() as local, driver(request.param, base_urls={"US": URL}, server=local.url) as started:
        yield started


def refused(asked: Driver, ask: Ask) -> str:
    with pytest.raises(CallRefused) as caught:
        ask(asked)
    assert isinstance(caught.value, DriverError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (None, "event is None, expected an object"),
        ("x", "event is the str 'x', expected an object"),
        ([EVENT], "event is the list [{'type': 'track', 'event': 'Lamp Lit'}], expected an object"),
        ({"at": datetime.date(2026, 1, 2)}, "event['at'] is the date datetime.date(2026, 1, 2), which JSON does not"),
        ({"n": [1, float("nan")]}, "event['n'][1] is the float nan, which JSON does not know"),
        ({"n": {1: 2}}, "event['n'] has a member named the int 1, expected a text."),
        (CIRCLE, "event is nested too deep, or contains itself"),
    ],
)
def test_what_is_no_event_is_refused(asked: Driver, event: Any, words: str) -> None:
    assert words in refused(asked, lambda each: each.event(event, NOBODY))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (EVENT, "events is the dict {'type': 'track', 'event': 'Lamp Lit'}, expected a list of events"),
        ("ab", "events is the str 'ab', expected a list of events"),
        (iter([EVENT]), "events is the list_iterator "),
        (None, "events is None, expected a list of events"),
        ([EVENT, 5], "events[1] is the int 5, expected an object"),
        ([EVENT, {"n": {1, 2}}], "events[1]['n'] is the set {1, 2}, which JSON does not know"),
    ],
)
def test_what_is_no_batch_is_refused(asked: Driver, events: Any, words: str) -> None:
    assert words in refused(asked, lambda each: each.batch(events, NOBODY))


@pytest.mark.parametrize(
    ("instance", "words"),
    [
        (SETTINGS, "instance is the dict "),
        (Instance("key"), "instance.settings is the str 'key', expected an object"),  # type: ignore[arg-type]
        (Instance(SETTINGS, None), "instance.subscriptions is None, expected a list"),  # type: ignore[arg-type]
        (Instance(SETTINGS, {"subscribe": "x"}), "instance.subscriptions is the dict"),  # type: ignore[arg-type]
        (Instance(SETTINGS, [{}, {"mapping": {"a": b""}}]), "instance.subscriptions[1]['mapping']['a'] is the bytes b"),
        (Instance({"apiKey": object}), "instance.settings['apiKey'] is the type <class 'object'>, which JSON does not"),
    ],
)
def test_what_is_no_instance_is_refused(asked: Driver, instance: Any, words: str) -> None:
    assert words in refused(asked, lambda each: each.event(EVENT, instance))
    assert words in refused(asked, lambda each: each.batch([EVENT], instance))


def test_settings_that_are_none_cannot_be_tried(asked: Driver) -> None:
    assert "settings is None, expected an object" in refused(asked, lambda each: each.test_authentication(None))  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0, -1, float("inf"), float("nan"), "5", True, None])
def test_a_limit_that_is_no_time_is_refused(asked: Driver, limit: Any) -> None:
    words = "expected seconds from 0.001 to 2000000."
    assert words in refused(asked, lambda each: each.event(EVENT, NOBODY, limit=limit))
    assert words in refused(asked, lambda each: each.batch([EVENT], NOBODY, limit=limit))
    assert words in refused(asked, lambda each: each.test_authentication(SETTINGS, limit=limit))


def test_other_mappings_and_tuples_are_as_good_as_dicts_and_lists(asked: Driver) -> None:
    event = MappingProxyType({**EVENT, "properties": MappingProxyType({"sizes": (1, 2)})})
    trace = asked.batch((event,), Instance(MappingProxyType(SETTINGS), ({"subscribe": 'type = "page"'},)))
    assert trace.subscriptions[0].events[0].unmet == ('type = "page", but type is "track"',)


@pytest.mark.parametrize("name", ["python", "serve", pytest.param("node", marks=pytest.mark.node)])
def test_a_driver_that_is_closed_says_so(request: pytest.FixtureRequest, name: str) -> None:
    if name == "node":
        assert isinstance(request.getfixturevalue("packages"), Path)
    with serving_locally() as local:
        closed = driver(name, server=local.url)
        closed.close()
        closed.close()
        asks: list[Ask] = [
            lambda each: each.event(EVENT, NOBODY),
            lambda each: each.batch([EVENT], NOBODY),
            lambda each: each.test_authentication(SETTINGS),
        ]
        for ask in asks:
            with pytest.raises(DriverClosed, match=f"The driver '{name}' is closed, expected a call before its end"):
                ask(closed)
