"""The published destination under its own host names, led to a server on loopback over real TLS."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from mockodp_harness.node import NodeRunner, PackagesMissing, preload, tls_environment
from mockodp_harness.node.tls import joined

from tests.harness.node_upstream import Upstream

HOSTS = {
    "US": "function.zaius.app",
    "EU": "function.eu1.ocp.optimizely.com",
    "AU": "function.au1.ocp.optimizely.com",
}


@pytest.mark.node
@pytest.mark.parametrize("region", HOSTS)
def test_each_region_keeps_its_host_name(packages: Path, upstream_over_tls: tuple[Upstream, Path], region: str) -> None:
    upstream, authority = upstream_over_tls
    with NodeRunner(tls=tls_environment(upstream.url, authority), folder=packages) as runner:
        trace = runner.test_authentication({"apiKey": "odp_test_key", "region": region})

    assert trace.ok
    assert [request.url for request in trace.requests] == [f"https://{HOSTS[region]}/twilio_segment/auth"]
    (seen,) = upstream.seen
    assert (seen.header("host"), seen.header("authorization")) == (HOSTS[region], "Bearer odp_test_key")


@pytest.mark.node
def test_a_mock_of_another_authority_is_not_believed(
    packages: Path, upstream_over_tls: tuple[Upstream, Path], tmp_path: Path
) -> None:
    import trustme

    upstream, _ = upstream_over_tls
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with NodeRunner(tls=tls_environment(upstream.url, other), folder=packages) as runner:
        trace = runner.test_authentication({"apiKey": "odp_test_key", "region": "US"})

    assert trace.error is not None
    assert "certificate" in trace.error.message
    assert upstream.seen == []


def test_the_environment_names_what_the_preload_needs() -> None:
    environment = tls_environment("https://127.0.0.1:8443", "/ca.pem", plain_url="http://127.0.0.1:8090")

    assert environment == {
        "NODE_OPTIONS": f'--require "{preload()}"',
        "MOCKODP_TLS_URL": "https://127.0.0.1:8443",
        "MOCKODP_CA": "/ca.pem",
        "MOCKODP_URL": "http://127.0.0.1:8090",
    }


def test_options_for_node_that_are_there_stay() -> None:
    assert joined({"NODE_OPTIONS": "--a", "B": "b"}, {"NODE_OPTIONS": "--c"}) == {
        "NODE_OPTIONS": "--a --c",
        "B": "b",
    }
    assert joined({"B": "b"}, {}) == {"B": "b"}


@pytest.mark.parametrize("places", [None, [], ["/nowhere"]])
def test_a_preload_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, places: list[str] | None) -> None:
    spec = places if places is None else SimpleNamespace(submodule_search_locations=places)
    monkeypatch.setattr("mockodp_harness.node.tls.find_spec", lambda _: spec)
    with pytest.raises(PackagesMissing, match=r"mockodp-preload\.cjs was not found"):
        preload()
