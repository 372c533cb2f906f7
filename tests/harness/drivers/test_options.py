"""What any driver is told at its start: refused at once and in the same words, or put into one form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mockodp_harness.drivers import NAMES, DriverError, OptionRefused, Options, driver
from mockodp_harness.drivers.options import base_urls_of, checked

from tests.harness.node_upstream import serving

URL = "http://127.0.0.1:8090/us/twilio_segment"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_urls": {"mars": URL}}, "base_urls has region 'mars'. Known: US, EU, AU."),
        ({"base_urls": {"US": "127.0.0.1:1"}}, "base_urls['US'] is '127.0.0.1:1', expected a URL such as http://"),
        ({"base_urls": {"US": "http://h:port"}}, "base_urls['US'] is 'http://h:port', expected a URL such as http://"),
        ({"base_urls": {"US": URL, "Us": URL}}, "base_urls has region US twice, as 'Us' too; expected one URL"),
        ({"base_urls": URL}, f"base_urls is {URL!r}, expected a URL for each region, such as {{'US': "),
        ({"base_urls": {"US": None}}, "base_urls['US'] is None, expected a URL"),
        ({"server": "localhost:3000"}, "server is 'localhost:3000', expected a URL"),
        ({"zone": "Europe/Atlantis"}, "zone is 'Europe/Atlantis', which is no time zone here"),
        ({"zone": "America"}, "zone is 'America', which is no time zone here"),
        ({"ca": "/no/such/file.pem"}, "ca is '/no/such/file.pem', expected the PEM file of an authority"),
    ],
)
def test_options_that_cannot_be_met_are_refused_at_the_start(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionRefused) as caught:
        driver(name, **options)
    assert words in str(caught.value)
    assert isinstance(caught.value, DriverError)
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_certificate_is_refused_at_the_start(tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    pem.write_text("no certificate")
    with pytest.raises(OptionRefused, match="expected the PEM file of an authority"):
        driver("node", ca=pem)


def test_regions_and_urls_have_one_form() -> None:
    said = checked(Options(base_urls={"us": f"{URL}/", "Eu": "https://odp.example"}, server="http://127.0.0.1:3000/"))
    assert said == Options(base_urls={"US": URL, "EU": "https://odp.example"}, server="http://127.0.0.1:3000")


def test_base_urls_of_the_environment_are_used_if_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as upstream:
        monkeypatch.setenv("MOCKODP_BASE_URL_EU", f"{upstream.url}/eu/twilio_segment")
        settings = {"apiKey": "odp_test_shop", "region": "EU"}
        with driver("python") as led, driver("python", base_urls={}) as alone:
            assert led.test_authentication(settings).ok
            assert not alone.test_authentication(settings).ok
        assert [seen.path for seen in upstream.seen] == ["/eu/twilio_segment/auth"]


def test_what_the_environment_does_not_name_has_no_base_url() -> None:
    assert base_urls_of({"MOCKODP_BASE_URL_US": f"{URL}/", "MOCKODP_BASE_URL_EU": ""}) == {"US": URL}
    with pytest.raises(OptionRefused, match="MOCKODP_BASE_URL_AU is 'mock', expected a URL such as http://"):
        base_urls_of({"MOCKODP_BASE_URL_AU": "mock"})
