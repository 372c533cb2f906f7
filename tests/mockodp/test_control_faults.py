"""Faults and clocks over the control API: armed, listed, checked, taken away; of one account, until it is reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mockodp.faults import PRESETS
from tests.mockodp.control_api import Api, an_api

ORDER = {"type": "order", "action": "purchase"}
NOON = "2026-01-02T12:00:00.000Z"


@pytest.fixture
def api() -> Iterator[Api]:
    with an_api() as api:
        yield api


def arm(api: Api, **told: Any) -> dict[str, Any]:
    answer = api("POST", "/faults", json={"account": "shop", **told})
    assert answer.status_code == 201, answer.text
    (armed,) = answer.json()["faults"]
    return dict(armed)


def status(api: Api, account: str = "shop") -> int:
    """What a client gets."""
    headers = {"authorization": f"Bearer odp_test_{account}"}
    return api.http.post("/eu/twilio_segment/batch_custom_event", json=[ORDER], headers=headers).status_code


def clock(api: Api, **told: Any) -> dict[str, Any]:
    answer = api("POST", "/clock", json={"account": "shop", **told})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# -- faults -------------------------------------------------------------------------------------------------------


def test_the_life_of_a_fault(api: Api) -> None:
    armed = arm(api, effect={"status": 503}, match={"nth": [2, 3]}, name="outage")
    assert armed["told"] == {"account": "shop", "effect": {"status": 503}, "match": {"nth": [2, 3]}, "name": "outage"}
    assert (armed["id"], armed["does"], armed["idle"]) == ("f1", "status 503; only number 2, 3", True)
    assert [status(api) for _ in range(4)] == [201, 503, 503, 201]
    assert status(api, "other") == 201
    (listed,) = api.get("/faults")["faults"]
    assert listed == {**armed, "met": 3, "struck": 2, "idle": False, "state": "used_up"} == api.get("/faults/f1")
    assert api("DELETE", "/faults/f1").json() == listed
    assert status(api) == 201
    assert api.get("/faults") == {"faults": []}
    for method in ("GET", "DELETE"):
        assert api.refused(404, method, "/faults/f1")["message"] == "There is no fault 'f1'. None is armed."


def test_a_fault_of_everybody_counts_each_account_by_itself(api: Api) -> None:
    arm(api, account="*", effect={"status": 429}, expires={"requests": 1})
    assert [status(api, account) for account in ("shop", "shop", "other")] == [429, 201, 429]
    counted = {
        account: [(fault["met"], fault["struck"]) for fault in api.get("/faults", account=account)["faults"]]
        for account in ("shop", "other", "nobody")
    }
    assert counted == {"shop": [(1, 1)], "other": [(1, 1)], "nobody": [(0, 0)]}
    assert [(fault["met"], fault["struck"]) for fault in api.get("/faults")["faults"]] == [(2, 2)]


def test_several_faults_are_armed_together_or_not_at_all(api: Api) -> None:
    wanted: list[dict[str, Any]] = [
        {"account": "shop", "preset": "auth-rotated"}, {"account": "other", "effect": {"status": 500}},
    ]  # fmt: skip
    answer = api("POST", "/faults", json=wanted)
    assert [fault["id"] for fault in answer.json()["faults"]] == ["f1", "f2"]
    wanted[1]["effect"] = {"status": 500, "fail": [0]}
    detail = api.refused(400, "POST", "/faults", json=wanted)
    assert detail["invalids"] == [{"field": "/1/effect/fail", "reason": "goes with status 207, not 500."}]
    assert len(api.get("/faults")["faults"]) == 2


@pytest.mark.parametrize("body", [[], [{"account": "shop", "preset": "half-batch"}] * 101, 7, "429-storm"])
def test_what_is_no_fault_is_refused(api: Api, body: Any) -> None:
    assert api.refused(400, "POST", "/faults", json=body)["invalids"]
    assert api.get("/faults") == {"faults": []}


def test_faults_are_taken_away_by_account(api: Api) -> None:
    for account in ("shop", "other", "*", "shop"):
        arm(api, account=account, effect={"status": 503})
    gone = api("DELETE", "/faults", params={"account": "shop"}).json()["faults"]
    assert [fault["id"] for fault in gone] == ["f1", "f4"]
    gone = api("DELETE", "/faults", params={"account": "*"}).json()["faults"]
    assert [fault["id"] for fault in gone] == ["f3"]
    assert api("DELETE", "/faults", params={"account": "*"}).json() == {"faults": []}
    assert api.refused(400, "DELETE", "/faults", params={"acount": "shop"})["invalids"][0]["field"] == "acount"
    assert [fault["id"] for fault in api("DELETE", "/faults").json()["faults"]] == ["f2"]


@pytest.mark.parametrize("path", ["/faults/presets", "/faults/check"])
def test_a_call_beside_the_faults_is_no_fault(api: Api, path: str) -> None:
    answer = api("DELETE", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_the_presets_are_listed_with_what_they_do_and_how_sure_it_is(api: Api) -> None:
    presets = {preset["name"]: preset for preset in api.get("/faults/presets")["presets"]}
    assert list(presets) == list(PRESETS)
    assert presets["lost-answer"]["fault"] == {"effect": {"wire": "lost_answer"}, "expires": {"requests": 1}}


def test_a_check_fails_where_a_fault_did_nothing(api: Api) -> None:
    def checked(**of: Any) -> tuple[str, str]:
        outcome = api.get("/faults/check", **of)
        return outcome["verdict"], outcome["message"]

    assert checked() == ("fail", "No fault is armed, so nothing was checked.")
    arm(api, effect={"status": 503}, match={"nth": 2})
    assert checked() == ("fail", "1 of 1 fault did nothing: f1 (f1, account 'shop') never met a request.")
    status(api)
    assert checked()[1] == "1 of 1 fault did nothing: f1 (f1, account 'shop') met 1 request and fell on none of them."
    status(api)
    assert checked() == ("pass", "1 fault did what it was armed for.")
    assert checked(account="other") == ("fail", "No fault is armed for account 'other', so nothing was checked.")


def test_a_rate_that_nobody_went_over_is_not_idle(api: Api) -> None:
    arm(api, effect={"status": 429}, budget={"requests": 2, "per": "1h"})
    assert [status(api), status(api)] == [201, 201]
    assert api.get("/faults/check")["verdict"] == "pass"
    assert status(api) == 429


def test_a_fault_says_when_it_is_over(api: Api) -> None:
    clock(api, freeze=True, set=NOON)
    arm(api, effect={"status": 503}, expires={"after": "10m"})
    arm(api, effect={"status": 429}, match={"endpoint": "batch_custom_event"}, expires={"requests": 1})
    assert [fault["armed_at"] for fault in api.get("/faults")["faults"]] == [NOON, NOON]
    clock(api, advance="599s")
    assert (status(api), [fault["state"] for fault in api.get("/faults")["faults"]]) == (503, ["armed", "armed"])
    clock(api, advance="1s")
    assert [status(api), status(api)] == [429, 201]
    assert [fault["state"] for fault in api.get("/faults")["faults"]] == ["expired", "used_up"]


def test_with_an_account_its_faults_and_its_time_are_forgotten(api: Api) -> None:
    clock(api, freeze=True, set=NOON)
    arm(api, effect={"status": 503})
    arm(api, account="*", effect={"status": 500}, expires={"requests": 1})
    arm(api, account="other", effect={"status": 429})
    assert [status(api), status(api)] == [503, 503]
    assert api("DELETE", "/accounts/shop").json() == {"name": "shop", "forgotten": 2, "disarmed": 1}
    assert [fault["id"] for fault in api.get("/faults")["faults"]] == ["f2", "f3"]
    assert api.get("/clock", account="shop")["real"]
    assert [status(api), status(api), status(api, "other")] == [500, 201, 500]


def test_nothing_is_armed_and_every_clock_is_real_after_all_was_reset(api: Api) -> None:
    status(api, "other")
    for account in ("shop", "nobody", "*"):
        arm(api, account=account, effect={"status": 503})
    api("POST", "/clock", json={"account": "elsewhere", "freeze": True, "set": NOON})
    forgotten = api("DELETE", "/accounts").json()["accounts"]
    assert [(each["name"], each["records"]) for each in forgotten] == [("other", 1)]
    assert (api.get("/faults"), api.get("/accounts")) == ({"faults": []}, {"accounts": []})
    assert api.get("/clock", account="elsewhere")["real"]


@pytest.mark.parametrize("clock_first", [True, False])
@pytest.mark.parametrize("account", ["shop", "*"])
def test_it_makes_no_difference_whether_the_fault_or_the_clock_comes_first(
    api: Api, account: str, clock_first: bool
) -> None:
    steps: list[Callable[[], Any]] = [
        lambda: clock(api, freeze=True, set=NOON),
        lambda: arm(api, account=account, preset="flap-4h"),
    ]
    for step in steps if clock_first else steps[::-1]:
        step()
    seen = []
    for _ in range(6):
        seen.append(status(api))
        clock(api, advance="5m")
    assert seen == [503, 503, 201] * 2


def test_what_lasts_goes_on_where_a_clock_jumps_and_what_is_over_stays_over(api: Api) -> None:
    clock(api, freeze=True, set=NOON)
    arm(api, effect={"status": 503}, expires={"after": "10m"})
    arm(api, effect={"status": 500}, match={"region": "us"}, expires={"after": "1m"})
    status(api)
    clock(api, advance="6m")
    clock(api, set="2020-01-01T00:00:00Z")
    assert [fault["state"] for fault in api.get("/faults")["faults"]] == ["armed", "expired"]
    clock(api, advance="239s")
    assert status(api) == 503
    clock(api, reset=True)
    assert status(api) == 503
    clock(api, advance="1s")
    assert status(api) == 201


def test_a_key_is_no_name_of_an_account(api: Api) -> None:
    told = {"account": "odp_test_shop", "effect": {"status": 503}}
    assert api.refused(400, "POST", "/faults", json=told)["invalids"] == [
        {"field": "/account", "reason": "is a key; its account is 'shop'."}
    ]
    assert api.refused(400, "POST", "/faults", json=[told])["invalids"][0]["field"] == "/0/account"
    refused = api.refused(400, "POST", "/clock", json={"account": "odp_test_shop", "freeze": True})
    assert refused["message"] == "/account: is a key; its account is 'shop'."
    for method, path in (("GET", "/faults"), ("DELETE", "/faults"), ("GET", "/faults/check"), ("GET", "/clock")):
        refused = api.refused(400, method, path, params={"account": "odp_test_shop"})
        assert refused["message"] == "Parameter 'account' is a key; its account is 'shop'."


def test_a_fault_that_stands_behind_another_says_so(api: Api) -> None:
    arm(api, effect={"status": 503}, name="all")
    arm(api, effect={"status": 500}, match={"endpoint": "batch_custom_event"})
    status(api)
    assert api.get("/faults/check")["message"] == (
        "1 of 2 faults did nothing: f2 (f2, account 'shop') never met a request: it stands behind f1 (all), "
        "which struck 1 request before it."
    )
    assert [fault.get("behind") for fault in api.get("/faults", account="shop")["faults"]] == [None, "f1 (all)"]


@pytest.mark.parametrize("effect", [{"status": 207, "fail": [5]}, {"status": 207, "fail": "every second"}])
def test_items_that_are_not_there_cannot_fail(api: Api, effect: dict[str, Any]) -> None:
    arm(api, effect=effect)
    assert status(api) == 201
    assert api.get("/faults/check")["message"].endswith("met 1 request and fell on none of them.")


# -- what an event asks for ---------------------------------------------------------------------------------------


@pytest.fixture
def asked() -> Iterator[Api]:
    """A mock whose events may ask for faults."""
    with an_api(fault_member="x_fault") as api:
        yield api


def answered(api: Api, *items: Any, account: str = "shop") -> int:
    headers = {"authorization": f"Bearer odp_test_{account}"}
    return api.http.post("/us/twilio_segment/batch_custom_event", json=items, headers=headers).status_code


@pytest.mark.parametrize(
    "item",
    [
        {"x_fault": {"status": 503}},
        {"data": {"x_fault": {"status": 503}}},
        {"data": {"x_fault": {"effect": {"status": 503}, "name": "mine"}}},
        {"data": [1], "x_fault": {"sequence": [{"effect": {"status": 503}}]}},
    ],
)
def test_an_event_may_ask_for_a_fault(asked: Api, item: dict[str, Any]) -> None:
    assert answered(asked, ORDER, {**ORDER, **item}) == 503
    (record,) = asked.get("/records")["records"]
    assert (record["status"], record["accepted"]) == (201, True)
    assert [(fault["effect"], fault["answered"]) for fault in record["faults"]] == [("status 503", 503)]


def test_the_same_wish_of_an_account_meets_the_same_fault(asked: Api) -> None:
    wish = {**ORDER, "data": {"x_fault": {"effect": {"status": 503}, "expires": {"requests": 2}}}}
    assert [answered(asked, wish) for _ in range(3)] == [503, 503, 201]
    assert answered(asked, wish, account="other") == 503
    assert asked("DELETE", "/accounts/shop").status_code == 200
    assert answered(asked, wish) == 503


def test_items_of_a_batch_with_one_wish_are_one_request_that_asks(asked: Api) -> None:
    wish = {"effect": {"status": 503}, "match": {"nth": 2}}
    turned = {"match": {"nth": 2}, "effect": {"status": 503}}
    batch = [{**ORDER, "data": {"x_fault": each}} for each in (wish, turned, wish)]
    assert [answered(asked, *batch) for _ in range(3)] == [201, 503, 201]


def test_a_preset_is_asked_for_by_its_name(asked: Api) -> None:
    assert answered(asked, {**ORDER, "data": {"x_fault": "auth-rotated"}}) == 401
    assert asked.get("/records")["records"][0]["faults"][0]["name"] == "auth-rotated"


@pytest.mark.parametrize("wish", ["429-strom", 7, [], {"status": 9}, {"preset": "half-batch", "colour": 1},
                                  {"account": "*", "effect": {"status": 503}}])  # fmt: skip
def test_a_wish_that_makes_no_sense_is_told_by_the_record(asked: Api, wish: Any) -> None:
    assert answered(asked, {**ORDER, "data": {"x_fault": wish}}) == 201
    (told,) = asked.get("/records")["records"][0]["faults"]
    assert (told["name"], told["answered"]) == ("of the event", None)
    assert told["effect"].startswith("not understood: x_fault of an item asks for a fault that makes no sense: ")


@pytest.mark.parametrize("item", [ORDER, {"x_fault": None}, {"data": None}, {"data": "x_fault"}, {"data": {}}])
def test_an_event_that_asks_for_nothing_gets_nothing(asked: Api, item: dict[str, Any]) -> None:
    assert answered(asked, item) == 201
    assert asked.get("/records")["records"][0]["faults"] == []


def test_events_may_ask_for_nothing_unless_the_mock_was_told_so(api: Api) -> None:
    assert answered(api, {**ORDER, "x_fault": "auth-rotated"}) == 201


# -- clocks -------------------------------------------------------------------------------------------------------


def test_a_clock_is_frozen_set_and_advanced(api: Api) -> None:
    assert api.get("/clock", account="shop")["real"]
    assert clock(api, freeze=True, set=NOON) == {"account": "shop", "now": NOON, "frozen": True, "real": False}
    assert clock(api, advance="4h")["now"] == "2026-01-02T16:00:00.000Z"
    assert clock(api, set="2026-01-02T13:00:00+01:00")["now"] == NOON
    status(api)
    assert api.get("/records")["records"][0]["received_at"] == NOON
    going = clock(api, freeze=False)
    assert (going["frozen"], going["real"]) == (False, False)
    assert going["now"][:13] == NOON[:13]
    assert api.get("/clock", account="other")["real"]
    assert clock(api, reset=True)["real"]


@pytest.mark.parametrize(
    ("told", "field", "part"),
    [
        ({}, "", "asks for nothing"),
        ({"set": NOON, "advance": "1s"}, "/advance", "does not go with set"),
        ({"reset": True, "freeze": True}, "/reset", "does not go with freeze"),
        ({"reset": False}, "/reset", "Real time again."),
        ({"set": "noon"}, "/set", "such as 2026-11-23T10:00:00Z"),
        ({"set": "1969-12-31T23:59:59Z"}, "/set", "from 1970 to 2999"),
        ({"set": "3000-01-01T00:00:00Z"}, "/set", "from 1970 to 2999"),
        ({"set": "0000-01-01T00:00:00Z"}, "/set", "from 1970 to 2999"),
        ({"advance": "999999999h"}, "/advance", "from 1970 to 2999"),
        ({"advance": "-1h"}, "/advance", "a time with its unit"),
        ({"freeze": "yes"}, "/freeze", 'not of type "boolean"'),
        ({"account": "*", "freeze": True}, "/account", "An account's name"),
        ({"back": "1h"}, "", "Known: account, advance, freeze, reset, set."),
    ],
)
def test_a_clock_refuses_what_makes_no_sense(api: Api, told: dict[str, Any], field: str, part: str) -> None:
    detail = api.refused(400, "POST", "/clock", json={"account": "shop", **told})
    assert [(each["field"], part in each["reason"]) for each in detail["invalids"]] == [(field, True)]
    assert api.get("/clock", account="shop")["real"]


def test_a_clock_is_somebodys(api: Api) -> None:
    detail = api.refused(400, "GET", "/clock")
    assert detail["message"] == "Parameter 'account' is missing, expected the account whose clock is meant."
