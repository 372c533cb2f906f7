"""`mockodp env`: settings that a shell takes as they are, and certificates that programs trust."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockodp import running
from mockodp.cli import environment
from mockodp.cli.env import _WRITERS
from mockodp.cli.environment import PRELOAD, Access, Variable, variables, without_tls
from mockodp.client import Client
from tests.mockodp.commands import a_server, run

ODD = 'it\'s $HOME "quoted" \\ `id`; #no'
ACCESS = Access(
    url="http://127.0.0.1:1", tls_url=None, ca=None, token="t", key="odp_test_a", account="a", locator=None
)  # fmt: skip


@pytest.fixture(scope="module")
def mock() -> Iterator[Client]:
    """A mock that nothing is sent to."""
    with running() as client:
        yield client


def settings(client: Client, *arguments: str, **env: str) -> dict[str, str]:
    where = {"MOCKODP_URL": client.url, "MOCKODP_TOKEN": client.token, "MOCKODP_CA": str(client.ca)}
    result = run("env", "--shell", "json", *arguments, **where, MOCKODP_TLS_URL=str(client.tls_url), **env)
    assert result.exit_code == 0, result.stderr
    found: dict[str, str] = json.loads(result.stdout)
    return found


def test_a_locator_is_enough(tmp_path: Path) -> None:
    with a_server(tmp_path) as (_, ready):
        result = run("env", "--key", "checkout", "--shell", "json", MOCKODP_LOCATOR=ready["locator"])
        found = json.loads(result.stdout)
    assert (found["MOCKODP_KEY"], found["MOCKODP_ACCOUNT"]) == ("odp_test_checkout", "checkout")
    assert (found["MOCKODP_URL"], found["MOCKODP_TLS_URL"]) == (ready["url"], ready["tls_url"])
    assert (found["MOCKODP_LOCATOR"], found["MOCKODP_CA"]) == (ready["locator"], ready["ca"])
    assert found["MOCKODP_BASE_URL_AU"] == f"{ready['url']}/au/twilio_segment"


@pytest.mark.parametrize("evaluated", ['eval "$1"', "eval $1"])
def test_a_shell_takes_it_quoted_or_not(mock: Client, evaluated: str) -> None:
    where = {"MOCKODP_URL": mock.url, "MOCKODP_TOKEN": mock.token}
    text = run("env", **where, MOCKODP_CA=str(mock.ca), MOCKODP_TLS_URL=str(mock.tls_url)).stdout
    script = f'{evaluated}; printf "%s\\n" "$MOCKODP_KEY" "$NODE_OPTIONS" "$CURL_CA_BUNDLE"'
    said = subprocess.run(["sh", "-c", script, "sh", text], capture_output=True, text=True, check=True).stdout
    key, options, bundle = said.splitlines()
    assert (key, options) == ("odp_test_local", f"--require {PRELOAD}")
    assert Path(bundle).is_file()
    assert "# MOCKODP_KEY " in text


def test_odd_values_survive_every_form() -> None:
    found = [Variable("ODD", ODD, "tries us")]
    assert shlex.split(_WRITERS["sh"](found), comments=True) == ["export", f"ODD={ODD};"]
    assert json.loads(_WRITERS["json"](found)) == {"ODD": ODD}
    assert _WRITERS["dotenv"](found) == 'ODD="it\'s \\$HOME \\"quoted\\" \\\\ `id`; #no"\n'
    assert _WRITERS["fish"](found).startswith("set -gx ODD 'it\\'s $HOME \"quoted\" \\\\ `id`; #no';\n")
    script = f'{_WRITERS["sh"](found)} printf %s "$ODD"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == ODD


def test_the_bundle_holds_what_was_trusted_and_our_authority_once(mock: Client) -> None:
    found = settings(mock)
    again = settings(mock, SSL_CERT_FILE=found["SSL_CERT_FILE"], NODE_EXTRA_CA_CERTS=found["NODE_EXTRA_CA_CERTS"])
    ours = Path(found["MOCKODP_CA"]).read_text().strip()
    for file in {again["SSL_CERT_FILE"], again["NODE_EXTRA_CA_CERTS"]}:
        assert Path(file).read_text().count(ours) == 1
    trusted = ssl.create_default_context(cafile=found["SSL_CERT_FILE"])
    assert trusted.cert_store_stats()["x509_ca"] > 20
    assert Path(found["NODE_EXTRA_CA_CERTS"]).read_text().count("BEGIN") == 1


def test_what_others_had_set_stays_trusted(mock: Client, tmp_path: Path) -> None:
    with running() as other:
        company = tmp_path / "company.pem"
        shutil.copy(str(other.ca), company)
    theirs = company.read_text().strip()
    found = settings(
        mock, NODE_EXTRA_CA_CERTS=str(company), REQUESTS_CA_BUNDLE=str(company), NODE_OPTIONS="--no-warnings"
    )
    assert theirs in Path(found["NODE_EXTRA_CA_CERTS"]).read_text()
    assert theirs in Path(found["REQUESTS_CA_BUNDLE"]).read_text()
    assert found["NODE_OPTIONS"] == f"--no-warnings --require {PRELOAD}"
    assert settings(mock, NODE_OPTIONS=found["NODE_OPTIONS"])["NODE_OPTIONS"] == found["NODE_OPTIONS"]


def test_python_and_curl_trust_the_mock_with_it(mock: Client) -> None:
    found = settings(mock)
    python = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
    programs = [[sys.executable, "-c", python], *([["curl", "-sS"]] if shutil.which("curl") else [])]
    env = {**found, "PATH": os.environ["PATH"]}
    for program in programs:
        url = f"{mock.tls_url}/_mock/ready"
        said = subprocess.run([*program, url], env=env, capture_output=True, text=True, check=False)
        assert '"ready":true' in said.stdout, said.stderr


def test_a_path_with_blanks_is_quoted_for_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PRELOAD", Path("/a b/preload.cjs"))
    assert environment._node_options("") == '--require "/a b/preload.cjs"'
    assert without_tls({"NODE_OPTIONS": '--x --require "/a b/preload.cjs"', "MOCKODP_CA": "c"}) == {
        "NODE_OPTIONS": "--x"
    }


def test_without_tls_no_program_is_told_of_it() -> None:
    names = {each.name for each in variables(ACCESS, {})}
    assert {"MOCKODP_URL", "MOCKODP_KEY", "MOCKODP_BASE_URL_US"} <= names
    assert names.isdisjoint({"MOCKODP_TLS_URL", "NODE_OPTIONS", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"})


def test_the_systems_bundle_is_found_or_certifis(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(file.is_file() for file in environment._system_bundles())
    monkeypatch.setattr(environment, "_SYSTEM_BUNDLES", ())
    monkeypatch.setattr(environment, "_default_bundle", lambda: None)
    assert [file.name for file in environment._system_bundles()] in (["cacert.pem"], [])


def test_a_name_that_no_account_can_have_is_refused(mock: Client) -> None:
    result = run("env", "--key", "a b", MOCKODP_URL=mock.url, MOCKODP_TOKEN=mock.token)
    assert (result.exit_code, result.stdout) == (2, "false\n"), "an eval of nothing would succeed"
    assert "--key 'a b': the name must be 1 to 80 letters" in result.stderr
