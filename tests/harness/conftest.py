"""What tests of the Node driver share: the installed packages, and a server that stands in for the mock."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.node_upstream import Upstream, serving

if TYPE_CHECKING:
    from mockodp_harness.node import NodeRunner

VENDOR = ("function.zaius.app", "function.eu1.ocp.optimizely.com", "function.au1.ocp.optimizely.com")


@pytest.fixture(scope="session")
def packages() -> Path:
    """
    The published packages, installed once into the cache.

    Without Node.js these tests are skipped, unless MOCKODP_NODE is ``required``, as in CI.
    """
    from mockodp_harness.node import NodeMissing, install

    try:
        return install()
    except NodeMissing as missing:
        if os.environ.get("MOCKODP_NODE") == "required":
            raise
        pytest.skip(str(missing))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        yield upstream


@pytest.fixture
def upstream_over_tls(tmp_path: Path) -> Iterator[tuple[Upstream, Path]]:
    """The same behind TLS, with a certificate for the vendor's names; and its authority's PEM file."""
    import trustme

    authority = trustme.CA()
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*VENDOR).configure_cert(context)
    with serving(context) as upstream:
        yield upstream, pem


@pytest.fixture
def runner(packages: Path, upstream: Upstream) -> Iterator[NodeRunner]:
    """The published destination, whose US region is the upstream."""
    from mockodp_harness.node import NodeRunner

    with NodeRunner(hosts={"US": f"{upstream.url}/twilio_segment"}, folder=packages) as running:
        yield running
