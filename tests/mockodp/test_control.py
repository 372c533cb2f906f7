"""The control API: accounts, filters, pages that lose nothing, and every refusal with all its reasons."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from mockodp_contracts import catalog

from mockodp.judgement import judgement_on
from mockodp.openapi import description
from tests.mockodp.control_api import Api, an_api

ORDER = {
    "type": "order",
    "action": "purchase",
    "identifiers": {"email": "ada@example.test"},
    "data": {"total": 27.5, "count": 2, "paid": True, "note": None, "tags": ["a", "b"], "dotted.name": 1, "a/b~c": "x"},
    "lines": [{"sku": "A1", "price": "9"}, {"sku": "B2", "price": 9}],
}
DEEP = b'{"a":' * 900 + b"1" + b"}" * 900
VIEW = {"type": "page", "action": "view", "identifiers": {"email": "bob@example.test"}, "data": {"total": "27.5"}}


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    """One mock for tests that only read: three batches in one account, one elsewhere."""
    with an_api() as api:
        api.send(ORDER, VIEW)
        api.send(VIEW, region="eu", endpoint="batch_email_event")
        api.send(7)
        api.send(ORDER, account="other")
        yield api


# -- accounts -----------------------------------------------------------------------------------------------------


def test_the_life_of_an_account() -> None:
    with an_api() as api:
        opened = api("POST", "/accounts", json={"name": "shop"})
        assert (opened.status_code, opened.json()["key"], opened.json()["region"]) == (201, "odp_test_shop", None)
        assert opened.json()["base_urls"]["eu"] == f"{api.mock.url}/eu/twilio_segment"
        assert api.get("/accounts/shop")["records"] == 0
        api.send(ORDER, VIEW)
        assert api("POST", "/accounts", json={"name": "shop"}).status_code == 201
        held = api.get("/accounts")["accounts"]
        assert [(account["name"], account["records"]) for account in held] == [("shop", 1)]
        assert held[0] == api.get("/accounts/shop")
        assert held[0]["bytes"] == kept_bytes(ORDER, VIEW)
        assert held[0]["dropped"] == {"records": 0, "items": 0, "bytes": 0}
        assert api("DELETE", "/accounts/shop").json() == {"name": "shop", "forgotten": 1, "disarmed": 0}
        assert api("DELETE", "/accounts/shop").json() == {"name": "shop", "forgotten": 0, "disarmed": 0}
        assert api.refused(404, "GET", "/accounts/shop")["message"] == "There is no account 'shop'. There is none yet."
        assert api.get("/records", account="shop")["records"] == []


def test_an_account_needs_no_name_and_each_is_new() -> None:
    with an_api() as api:
        names = {api("POST", "/accounts").json()["name"] for _ in range(3)}
        assert len(names) == 3
        assert all(name.startswith("account-") for name in names)


@pytest.mark.parametrize(
    ("wanted", "name", "region"),
    [
        ({"name": "shop", "region": "eu"}, "shop-eu1", "eu"),
        ({"name": "shop-eu1", "region": "eu"}, "shop-eu1", "eu"),
        ({"name": "shop-eu1", "region": "au"}, "shop-eu1-au1", "au"),
        ({"name": "shop-us1"}, "shop-us1", "us"),
        ({"name": "a" * 76, "region": "us"}, "a" * 76 + "-us1", "us"),
    ],
)
def test_an_account_may_be_bound_to_a_region(wanted: dict[str, str], name: str, region: str) -> None:
    with an_api() as api:
        opened = api("POST", "/accounts", json=wanted).json()
        assert (opened["name"], opened["key"], opened["region"]) == (name, f"odp_test_{name}", region)
        for other in ("us", "eu", "au"):
            answer = api.http.post(
                f"/{other}/twilio_segment/auth", headers={"authorization": f"Bearer {opened['key']}"}
            )
            assert answer.status_code == (200 if other == region else 401)


def kept_bytes(*items: dict[str, Any]) -> int:
    """What a batch counts towards the bounds: its body, and what its contract says of it."""
    judgement = judgement_on(catalog().judge("envelopes/batch_custom_event"), list(items), 0)
    return len(orjson.dumps(items)) + len(judgement.packed() or b"")


# -- filters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "records"),
    [
        ({}, 4),
        ({"account": "shop"}, 3),
        ({"account": "nobody"}, 0),
        ({"region": "eu"}, 1),
        ({"endpoint": "batch_email_event"}, 1),
        ({"endpoint": "batch_custom_event", "account": "shop"}, 2),
        ({"status": 201}, 3),
        ({"status": 400}, 1),
        ({"accepted": "true"}, 3),
        ({"accepted": "false", "account": "other"}, 0),
        ({"since": "2020-01-01T00:00:00Z"}, 4),
        ({"until": "2020-01-01T00:00:00Z"}, 0),
        ({"since": "2999-01-01T00:00:00+01:00"}, 0),
        ({"until": "2999-01-01t00:00:00.123z"}, 4),
        ({"verdict": "fail"}, 3),
        ({"verdict": "pass"}, 0),
        ({"rule": "unknown-member"}, 3),
        ({"rule": "no-identifier"}, 0),
        ({"type": "order"}, 2),
        ({"type": "page", "action": "view"}, 2),
        ({"type": "order", "action": "view"}, 0),
    ],
)
def test_each_filter_of_records(shared: Api, filters: dict[str, Any], records: int) -> None:
    assert len(shared.get("/records", **filters)["records"]) == records


@pytest.mark.parametrize(
    ("where", "items"),
    [
        ("identifiers.email=ada@example.test", 2),
        ("/identifiers/email=ada@example.test", 2),
        ("identifiers.email=ADA@example.test", 0),
        ("identifiers=ada", 0),
        ("data.total=27.5", 4),
        ("data.total=27.50", 2),
        ("data.total=2.75e1", 2),
        ("data.count=2", 2),
        ("data.count=2.0", 2),
        ("data.paid=true", 2),
        ("data.paid=1", 0),
        ("data.note=null", 2),
        ("data.tags=a", 0),
        ("data.tags.0=a", 2),
        ("data.tags[1]=b", 2),
        ("data.tags.2=b", 0),
        ('data.tags=["a","b"]', 2),
        ("lines.sku=B2", 2),
        ("lines.1.sku=B2", 2),
        ("lines.0.sku=B2", 0),
        ("lines.price=9", 2),
        ("/data/a~1b~0c=x", 2),
        ("/data/dotted.name=1", 2),
        ("data.dotted.name=1", 0),
        ("type=", 0),
        ("type=a=b", 0),
        ("nothing=null", 0),
    ],
)
def test_where_finds_items_by_a_path(shared: Api, where: str, items: int) -> None:
    assert len(shared.get("/items", where=where)["items"]) == items


def test_several_filters_must_be_met_by_one_item(shared: Api) -> None:
    assert len(shared.get("/items", where=["type=order", "data.count=2"])["items"]) == 2
    assert shared.get("/records", where=["type=page", "data.count=2"])["records"] == []


@pytest.mark.parametrize(
    ("jsonpath", "items"),
    [
        ("$.identifiers.email", 4),
        ("$.lines[?@.sku == 'A1']", 2),
        ("$.data[?@ > 20]", 2),
        ("$..price", 2),
        ("$.nothing", 0),
        ("$.data.tags[-1]", 2),
    ],
)
def test_jsonpath_finds_items(shared: Api, jsonpath: str, items: int) -> None:
    assert len(shared.get("/items", jsonpath=jsonpath)["items"]) == items


def test_a_record_and_an_item_are_found_by_id(shared: Api) -> None:
    record = shared.get("/records", account="shop", limit=1)["records"][0]
    whole = shared.get(f"/records/{record['id']}")
    assert {name: whole[name] for name in record} == record
    assert orjson.loads(whole["body"]["text"]) == [ORDER, VIEW]
    assert whole["answer"] == {}
    assert ["authorization", "Bearer ****"] in whole["headers"]
    item = shared.get(f"/items/{record['id']}.1")
    assert (item["item"], item["record"], item["index"], item["id"]) == (VIEW, record["id"], 1, f"{record['id']}.1")
    assert item in shared.get("/items")["items"]


def test_a_body_that_is_no_text_is_shown_in_base64() -> None:
    with an_api() as api:
        record = api.send(content=b"\xff\x00")
        assert api.get(f"/records/{record}")["body"] == {"base64": "/wA="}
        assert api("GET", f"/records/{record}/body").content == b"\xff\x00"


def test_what_was_dropped_is_counted_in_every_listing() -> None:
    with an_api(keep_records=2) as api:
        for _ in range(5):
            api.send(ORDER, VIEW)
        assert api.get("/records", account="shop")["dropped"] == 3
        assert api.get("/items")["dropped"] == 3
        assert api.get("/accounts/shop")["dropped"]["items"] == 6
        assert len(api.get("/records", account="shop")["records"]) == 2


# -- pages --------------------------------------------------------------------------------------------------------


def pages(api: Api, path: str, between: Callable[[], object], **parameters: Any) -> list[str]:
    """The ids of every page; *between* is done after each."""
    name = path[1:]
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, **parameters, **cursor)
        ids += [each["id"] for each in page[name]]
        if page["next"] is None:
            return ids
        assert page[name]
        cursor = {"cursor": page["next"]}
        between()


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize("filters", [{}, {"account": "shop", "where": "data.count=2"}])
@pytest.mark.parametrize("path", ["/records", "/items"])
def test_pages_lose_and_repeat_nothing_while_records_arrive(
    path: str, filters: dict[str, str], order: str, limit: int
) -> None:
    with an_api() as api:
        for size in (3, 1, 4, 0, 2):
            api.send(*[ORDER] * size)
        before = [each["id"] for each in api.get(path, order="oldest", limit=1000, **filters)[path[1:]]]
        arriving = iter(range(3))

        def arrive() -> None:
            if next(arriving, None) is not None:
                api.send(ORDER, ORDER)

        seen = pages(api, path, arrive, order=order, limit=limit, **filters)
        assert len(seen) == len(set(seen))
        assert seen == sorted(seen, key=place, reverse=order == "newest")
        if order == "newest":
            assert seen == before[::-1]
        else:
            assert seen == [each["id"] for each in api.get(path, limit=1000, **filters)[path[1:]]]


def place(address: str) -> tuple[str, int]:
    record, _, index = address.partition(".")
    return record, int(index or 0)


@pytest.mark.parametrize(("order", "left"), [("oldest", [2]), ("newest", [0])])
def test_the_id_of_a_record_is_a_cursor_for_items_too(order: str, left: list[int]) -> None:
    with an_api() as api:
        ids = [api.send(ORDER, ORDER) for _ in range(3)]
        items = api.get("/items", cursor=ids[1], order=order)["items"]
        assert {ids.index(item["record"]) for item in items} == set(left)
        assert len(items) == 2


@pytest.mark.parametrize(
    "cursor", ["0000000000000000", "7fffffffffffffff", "7fffffffffffffff.999999", "0000000000000000.0"]
)
@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize("path", ["/records", "/items"])
def test_a_cursor_at_either_end_is_none_too_far(shared: Api, cursor: str, order: str, path: str) -> None:
    found = shared.get(path, cursor=cursor, order=order)[path[1:]]
    assert bool(found) is (cursor.startswith("0") == (order == "oldest"))


# -- refusals -----------------------------------------------------------------------------------------------------


def test_every_fault_of_a_call_is_told_at_once(shared: Api) -> None:
    wrong = {
        "account": "a b",
        "region": "mars",
        "status": "2OO",
        "accepted": "yes",
        "since": "yesterday",
        "where": "no value",
        "jsonpath": "$[",
        "limit": "0",
        "order": "sideways",
        "cursor": "x",
        "colour": "red",
    }
    detail = shared.refused(400, "GET", "/records", params=wrong)
    told = {each["field"]: each["reason"] for each in detail["invalids"]}
    assert set(told) == set(wrong)
    assert told["region"] == "Parameter 'region' is 'mars', expected one of: us, eu, au."
    assert told["status"] == "Parameter 'status' is '2OO', expected a whole number from 100 to 599."
    assert told["accepted"] == "Parameter 'accepted' is 'yes', expected true or false."
    assert told["since"] == "Parameter 'since' is 'yesterday', expected a time such as 2026-11-23T10:00:00Z."
    assert told["where"] == "Parameter 'where' is 'no value', expected PATH=VALUE."
    assert told["jsonpath"] == "Parameter 'jsonpath' is '$[', expected a JSONPath such as $.identifiers.email."
    assert told["colour"].startswith("Parameter 'colour' is not known. Known: accepted, account, action,")
    assert all(reason in detail["message"] for reason in told.values())


@pytest.mark.parametrize(
    ("path", "parameters", "words"),
    [
        ("/records", {"limit": ["1", "2"]}, "Parameter 'limit' is given 2 times, expected once."),
        ("/records", {"limit": "\u0661"}, "expected a whole number from 1 to 1000"),
        ("/records", {"limit": "1e2"}, "expected a whole number from 1 to 1000"),
        ("/records", {"limit": "9" * 5000}, "expected a whole number from 1 to 1000"),
        ("/records", {"account": "shop\n"}, "expected an account's name: 1 to 80 letters"),
        ("/records", {"cursor": "8000000000000000"}, "expected a 'next' of an earlier page"),
        ("/records", {"since": "2026-11-23T23:59:60Z"}, "expected a time such as"),
        ("/records", {"since": "0000-01-01T00:00:00Z"}, "expected a time such as"),
        ("/records", {"since": "2026-11-23"}, "expected a time such as"),
        ("/records", {"type": ""}, "expected text of 1 to 2000 characters"),
        ("/records", {"where": ["a=1", "=1"]}, "Parameter 'where' is '=1', expected PATH=VALUE."),
        ("/records.ndjson", {"jsonpath": "$["}, "expected a JSONPath"),
        ("/records.har", {"limit": "1"}, "Parameter 'limit' is not known."),
        ("/stream", {"after": "x"}, "expected a record's id"),
        ("/accounts", {"x": ""}, "Parameter 'x' is not known; this call takes none."),
        ("/metrics", {"content-type": ""}, "Parameter 'content-type' is not known; this call takes none."),
    ],
)
def test_a_wrong_parameter_is_told(shared: Api, path: str, parameters: dict[str, Any], words: str) -> None:
    assert words in shared.refused(400, "GET", path, params=parameters)["message"]


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/accounts", [], [""]),
        ("/accounts", {"name": "a b", "region": "mars", "x": 1}, ["", "/name", "/region"]),
        ("/accounts", {"name": "shop\n"}, ["/name"]),
        ("/accounts", {"name": "a" * 77}, ["/name"]),
        ("/verify", {}, [""]),
        ("/verify", {"account": "shop", "count": -1}, ["/count"]),
        ("/verify", {"account": "shop", "count": {"atleast": 1}, "within": "soon", "x": 1}, ["", "/count", "/within"]),
        ("/verify", {"account": "shop", "within": "3601s"}, ["/within"]),
        ("/verify", {"account": "shop", "expectations": []}, ["/expectations"]),
        (
            "/verify",
            {"account": "shop", "expectations": [{"x": 1}, {"match": 1}]},
            ["/expectations/0", "/expectations/1/match"],
        ),
        ("/verify", {"account": "shop", "ordered": True}, [""]),
        ("/verify", {"account": "shop", "match": {}, "expectations": [{}]}, [""]),
    ],
)
def test_every_fault_of_a_body_is_told_at_once(shared: Api, path: str, body: Any, fields: list[str]) -> None:
    invalids = shared.refused(400, "POST", path, json=body)["invalids"]
    assert sorted(each["field"] for each in invalids) == fields
    assert all("oneOf" not in each["reason"] for each in invalids)


def test_a_wrong_choice_is_told_with_what_there_is_to_choose(shared: Api) -> None:
    detail = shared.refused(400, "POST", "/verify", json={"account": "shop", "count": {"atleast": 1}})
    (invalid,) = detail["invalids"]
    assert invalid["reason"].startswith('{"atleast":1} is not what is expected. Expected: how many items there must be')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"account": "shop", "count": {"at_least": 2, "at_most": 1}}, "no number is both"),
        ({"account": "shop", "schema": {"type": 5}}, "The schema of an expectation is not a JSON Schema"),
        ({"account": "shop", "schema": {"pattern": "("}}, "The schema of an expectation is not a JSON Schema"),
        ({"account": "shop", "schema": {"$ref": "#/nowhere"}}, "The schema of an expectation is not a JSON Schema"),
    ],
)
def test_what_makes_no_sense_together_is_told(shared: Api, body: Any, words: str) -> None:
    assert words in shared.refused(400, "POST", "/verify", json=body)["message"]


def test_a_schema_never_makes_the_mock_fetch_anything(shared: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bait:
        url = f"http://127.0.0.1:{bait.getsockname()[1]}/schema"
        shared.refused(400, "POST", "/verify", json={"account": "shop", "schema": {"$ref": url}})
        bait.settimeout(0)
        with pytest.raises(BlockingIOError):
            bait.accept()


@pytest.mark.parametrize(
    ("status", "content", "content_type", "words"),
    [
        (400, b"{", "application/json", "Body is not JSON"),
        (400, b"", "application/json", "Body is not JSON"),
        (400, b"\xff", "application/json", "Body is not JSON"),
        (400, b'{"account":"\\ud800"}', "application/json", "Body is not JSON"),
        (400, b"[" * 5000, "application/json", "Body is not JSON"),
        (400, b'{"account":"shop","match":%b}' % DEEP, "application/json", "Body is nested too deep"),
        (415, b"{}", "text/plain", "Header 'content-type' is 'text/plain', expected 'application/json'."),
        (415, b"{}", None, "Header 'content-type' is missing, expected 'application/json'."),
        (413, b" " * (1024 * 1024 + 1), "application/json", "Body has more than 1048576 bytes"),
    ],
)
def test_a_body_that_cannot_be_read_is_told(
    shared: Api, status: int, content: bytes, content_type: str | None, words: str
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    assert words in shared.refused(status, "POST", "/verify", content=content, headers=headers)["message"]


@pytest.mark.parametrize(
    "path", ["", "/", "/nowhere", "/records/", "/records/x/y", "/%2e%2e/records", "/accounts/a%2Fb"]
)
def test_an_unknown_path_is_told_with_those_there_are(shared: Api, path: str) -> None:
    detail = shared.refused(404, "GET", path)
    assert detail["known_paths"] == sorted(known for known in description()["paths"] if known.startswith("/_mock"))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/accounts/nobody", "There is no account 'nobody'. Known: other, shop."),
        ("/accounts/a%20b", "There is no account 'a b'."),
        ("/records/0000000000000000", "There is no record '0000000000000000'"),
        ("/records/x", "There is no record 'x'; it may have been dropped or reset."),
        ("/records/8000000000000000/body", "There is no record"),
        ("/items/0000000000000000.0", "There is no record"),
        ("/items/x", "There is no record 'x'"),
    ],
)
def test_what_is_not_there_is_told(shared: Api, path: str, words: str) -> None:
    assert words in shared.refused(404, "GET", path)["message"]


@pytest.mark.parametrize("index", ["2", "-1", "", "x", "\u0661", "00000000000", "1.0"])
def test_an_item_that_is_not_there_is_told(shared: Api, index: str) -> None:
    record = shared.get("/records", account="shop", limit=1)["records"][0]["id"]
    detail = shared.refused(404, "GET", f"/items/{record}.{index}")
    assert detail["message"].startswith(f"Record {record} has 2 items, none with index")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/accounts", "DELETE, GET, HEAD, POST"),
        ("POST", "/accounts/shop", "DELETE, GET, HEAD"),
        ("GET", "/verify", "POST"),
        ("OPTIONS", "/records", "GET, HEAD"),
        ("DELETE", "/items", "GET, HEAD"),
        ("TRACE", "/ready", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_with_those_there_are(shared: Api, method: str, path: str, allow: str) -> None:
    answer = shared(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json()["detail"]["message"] == f"/_mock{path} takes {allow}, not {method}."


def test_head_is_answered_as_get_without_a_body(shared: Api) -> None:
    for path in ("/records", "/stream", "/metrics"):
        answer = shared("HEAD", path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_fault_of_the_mock_itself_has_the_same_shape() -> None:
    with an_api() as api, pytest.MonkeyPatch.context() as patch:
        patch.setattr("mockodp.control.fidelity", lambda: 1 // 0)
        assert "by zero" in api.refused(500, "GET", "/fidelity")["message"]


# -- about the mock -----------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)+)\})? ([0-9]+)')


def read_metrics(text: str) -> dict[str, int]:
    """Samples by name and labels; each family must have its help and type before it."""
    samples: dict[str, int] = {}
    family = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
        elif line.startswith("# TYPE "):
            assert line.split()[2] == family
            assert line.split()[3] == ("counter" if family.endswith("_total") else "gauge")
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] == family
            samples[sample[1] + (f"{{{sample[2]}}}" if sample[2] else "")] = int(sample[3])
    return samples


def test_the_metrics_count_what_happened() -> None:
    with an_api(keep_records=2) as api:
        for _ in range(3):
            api.send(ORDER)
        api.send(7, account="other", region="eu")
        api.http.post("/twilio_segment/auth", headers={"authorization": "Bearer foreign"})
        api.http.post("/twilio_segment/auth")
        answer = api("GET", "/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.text.endswith("\n")
        samples = read_metrics(answer.text)
        assert samples['mockodp_requests_total{region="us",endpoint="batch_custom_event",status="201"}'] == 3
        assert samples['mockodp_requests_total{region="eu",endpoint="batch_custom_event",status="400"}'] == 1
        assert samples['mockodp_requests_total{region="us",endpoint="none",status="401"}'] == 2
        assert samples['mockodp_unrecorded_total{reason="foreign_key"}'] == 1
        assert samples['mockodp_unrecorded_total{reason="unauthorized"}'] == 1
        assert samples["mockodp_commits_total"] == 4
        assert (samples["mockodp_accounts"], samples["mockodp_records"]) == (2, 3)
        assert samples["mockodp_dropped_records_total"] == 1
        assert samples["mockodp_record_bytes"] == 2 * kept_bytes(ORDER) + 3


def test_the_settings_are_shown_without_the_token() -> None:
    with an_api(max_items=7, token="t0ken-of-mine") as api:
        shown = api.get("/settings")
        assert (shown["max_items"], shown["token"], shown["port"]) == (7, "****", 0)


def test_the_mock_says_when_it_is_ready_to_anybody() -> None:
    with an_api() as api:
        assert api.http.get("/_mock/ready").json()["ready"] is True
        assert {"name", "statement", "evidence"} <= set(api.get("/fidelity")["rules"][0])
