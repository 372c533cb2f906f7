"""What leaves the mock as a file or a command: NDJSON, HTTP Archive, and a curl line that sends the request again."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
import pytest

from tests.mockodp.control_api import Api, an_api
from tests.mockodp.wire import Wire, request

ORDER = {"type": "order", "action": "purchase", "data": {"note": 'it\'s "quoted" $HOME `id` \\ \n é 😀'}}
KEY = "odp_test_shop"


@pytest.fixture
def api() -> Iterator[Api]:
    with an_api() as api:
        yield api


# -- NDJSON -------------------------------------------------------------------------------------------------------


def test_ndjson_is_the_listing_one_record_a_line(api: Api) -> None:
    for _ in range(230):  # more than one page of the journal
        api.http.post("/twilio_segment/batch_custom_event", json=[ORDER], headers={"authorization": f"Bearer {KEY}"})
    api.send(7)
    answer = api("GET", "/records.ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = answer.content.split(b"\n")
    assert lines.pop() == b""
    assert [orjson.loads(line) for line in lines] == api.get("/records", limit=1000)["records"]


def test_exports_take_the_filters_of_the_listing(api: Api) -> None:
    first = api.send(ORDER)
    api.send({"type": "page"}, region="eu")
    for filters in ({"type": "order"}, {"region": "us"}, {"where": "data.note=" + ORDER["data"]["note"]}):  # type: ignore[index]
        (line,) = api("GET", "/records.ndjson", params=filters).content.splitlines()
        assert orjson.loads(line)["id"] == first
        assert len(api.get("/records.har", **filters)["log"]["entries"]) == 1
    assert api("GET", "/records.ndjson", params={"account": "nobody"}).content == b""
    assert api.get("/records.har", account="nobody")["log"]["entries"] == []


# -- HTTP Archive -------------------------------------------------------------------------------------------------

HEADERS = ("name", "value")


def assert_members(value: dict[str, Any], /, **members: type | tuple[type, ...]) -> None:
    """The members that HAR 1.2 asks for, with their kinds."""
    for name, kind in members.items():
        assert isinstance(value[name], kind), (name, value[name])


def assert_har(archive: dict[str, Any]) -> None:
    log = archive["log"]
    assert_members(log, version=str, creator=dict, entries=list)
    assert_members(log["creator"], name=str, version=str)
    for entry in log["entries"]:
        assert_members(
            entry, startedDateTime=str, time=(int, float), request=dict, response=dict, cache=dict, timings=dict
        )
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
        assert_members(entry["timings"], send=(int, float), wait=(int, float), receive=(int, float))
        numbers = {"headersSize": int, "bodySize": int}
        shared = {"httpVersion": str, "cookies": list, "headers": list, **numbers}
        assert_members(entry["request"], method=str, url=str, queryString=list, **shared)
        assert_members(entry["response"], status=int, statusText=str, redirectURL=str, content=dict, **shared)
        assert_members(entry["response"]["content"], size=int, mimeType=str)
        for pair in (*entry["request"]["headers"], *entry["response"]["headers"], *entry["request"]["queryString"]):
            assert_members(pair, name=str, value=str)
        if "postData" in entry["request"]:
            assert_members(entry["request"]["postData"], mimeType=str, text=str)


def test_the_archive_is_har_1_2_with_the_vendors_hosts(api: Api) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    api.http.post("/eu/twilio_segment/batch_custom_event?a=1&b", json=[ORDER], headers=headers)
    api.http.post("/twilio_segment/auth", headers=headers)
    api.http.post("/au/caf%C3%A9%20%3F", content=b"\xff\xfe", headers=headers)
    api.http.get("/twilio_segment/auth", headers=headers)
    archive = api.get("/records.har")
    assert_har(archive)
    entries = archive["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [201, 200, 404, 405]
    first, auth, odd, _ = (entry["request"] for entry in entries)
    assert first["url"] == "https://function.eu1.ocp.optimizely.com/twilio_segment/batch_custom_event?a=****&****"
    assert first["queryString"] == [{"name": "a", "value": "****"}, {"name": "****", "value": ""}]
    assert orjson.loads(first["postData"]["text"]) == [ORDER]
    assert {"name": "authorization", "value": "Bearer ****"} in first["headers"]
    assert "postData" not in auth
    assert odd["url"].startswith("https://function.au1.ocp.optimizely.com/caf%C3%A9%20")
    assert entries[0]["response"]["content"]["text"] == "{}"


# -- curl ---------------------------------------------------------------------------------------------------------


def run_curl(api: Api, record: str, **env: str) -> str:
    """Run the curl line of a record in a shell as a person would; what it wrote."""
    line = api.get(f"/records/{record}")["curl"]
    assert KEY not in line
    known = {"PATH": os.environ["PATH"], "MOCKODP_KEY": KEY, "MOCKODP_TOKEN": api.mock.token, "no_proxy": "*"}
    done = subprocess.run(["sh", "-c", line], env={**known, **env}, capture_output=True, timeout=30, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl was not found on PATH")


@needs_curl
@pytest.mark.parametrize(
    "sent",
    [
        {"json": [ORDER]},
        {"json": [ORDER] * 400},
        {"content": b"@/etc/hostname", "headers": {"content-type": "application/json"}},
        {"content": b"[\xff]", "headers": {"content-type": "application/json"}},
        {"content": gzip.compress(orjson.dumps([ORDER])),
         "headers": {"content-type": "application/json", "content-encoding": "gzip"}},
        {"json": [], "headers": {"x-empty": "", "x-quoted": "it's; $HOME"}},
        {"content": b""},
    ],
    ids=["text", "long", "at", "bytes", "gzip", "headers", "empty"],
)  # fmt: skip
def test_a_curl_line_sends_the_same_again(api: Api, sent: dict[str, Any]) -> None:
    headers = {**sent.pop("headers", {}), "authorization": f"Bearer {KEY}"}
    api.http.post("/eu/twilio_segment/batch_custom_event", headers=headers, **sent)
    (first,) = api.get("/records")["records"]
    answer = run_curl(api, first["id"])
    again = api.get("/records")["records"][1]
    for name in ("region", "endpoint", "path", "method", "status", "items", "size", "accepted"):
        assert again[name] == first[name], name
    assert api("GET", f"/records/{again['id']}/body").content == api("GET", f"/records/{first['id']}/body").content
    assert orjson.loads(answer).get("status", 201) == first["status"]
    kept = dict(api.get(f"/records/{again['id']}")["headers"])
    assert {name: kept.get(name) for name in headers if name != "authorization"} == {
        name: value for name, value in headers.items() if name != "authorization"
    }


@needs_curl
@pytest.mark.parametrize(
    "line",
    [
        "GET /twilio_segment/auth HTTP/1.1",
        "POST /a%20b/%7Bx,y%7D/[1-3]/it's?q=[a-z] HTTP/1.1",
        "POST /caf%C3%A9/%23/%22$HOME HTTP/1.1",
    ],
)
def test_a_curl_line_finds_the_same_path(api: Api, line: str) -> None:
    with Wire(api.mock) as wire:
        wire.send(request(line=line, key=KEY))
        wire.answer()
    (first,) = api.get("/records")["records"]
    run_curl(api, first["id"])
    again = api.get("/records")["records"][1]
    assert (again["path"].partition("?")[0], again["status"]) == (first["path"].partition("?")[0], first["status"])


def test_a_curl_line_trusts_nothing_that_came(api: Api) -> None:
    """Whoever names a host in a request must not get a command into the line of the one who copies it."""
    host = "x'$(id)"
    line = api("GET", f"/records/{api.send(ORDER)}", headers={"host": host}).json()["curl"]
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}; {line}"
    shown = subprocess.run(["sh", "-c", script], capture_output=True, timeout=30, check=True).stdout.decode()
    assert f"http://{host}/us/twilio_segment/batch_custom_event" in shown.splitlines()
