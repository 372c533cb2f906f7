"""Where a redirect leads: compared with what Node's older reader of URLs made of the same texts."""

from __future__ import annotations

import pytest
from mockodp_harness.drivers.urls import UnreadableUrl, parsed, resolved


@pytest.mark.parametrize(
    ("base", "location", "led"),
    [
        ("http://h:1/a/b?c#d", "../x", "http://h:1/x"),
        ("http://h:1/a/b", "http://h2/a/../b/./c/..", "http://h2/b/"),
        ("http://h/a/b", "HTTP://X.Y", "http://x.y/"),
        ("http://h/a/b", "http://h:80/x", "http://h:80/x"),
        ("http://h/a/b", "http:x", "http://h/a/x"),
        ("http://h/a", "http:/x", "http://h/x"),
        ("http://h/a", "///x", "http:///x"),
        ("http://h/a", " /x ", "http://h/x"),
        ("http://h/a", "http://é.de/x", "http://xn--9ca.de/x"),
        ("http://h/a", "http://h:abc/x", "http://h/:abc/x"),
        ("http://h/a", "http://h:/x", "http://h/x"),
        ("http://h/a?q", "?r", "http://h/a?r"),
        ("http://h/a?q#z", "#r", "http://h/a?q#r"),
        ("http://h/a?q", "", "http://h/a?q"),
        ("http://h/a", "http://a_b.c/x", "http://a_b.c/x"),
        ("http://h/a", "http://h;x/y", "http://h/;x/y"),
        ("http://h/a", "\\x\\y?\\z", "http://h/x/y?%5Cz"),
        ("http://h/a", "http://u:p@h2/x", "http://u:p@h2/x"),
        ("http://u:p@h/a", "/x", "http://u:p@h/x"),
        ("http://h/a/b/", ".", "http://h/a/b/"),
        ("http://h/a/b/", "../../../x", "http://h/x"),
        ("http://h/a", "/x\ty", "http://h/x%09y"),
        ("http://h/a", "http://h?x", "http://h/?x"),
        ("http://h/a", "http://[::1]:8/x", "http://[::1]:8/x"),
        ("http://h/a", "https://h/x", "https://h/x"),
        ("http://h/a//b", "..//c", "http://h/a//c"),
        ("http://h/a", "/..", "http://h/"),
        ("http://h/a", "/x/%2e%2e/y", "http://h/x/%2e%2e/y"),
        ("http://h/a", "€", "http://h/€"),
    ],
)
def test_a_location_leads_to_where_node_goes(base: str, location: str, led: str) -> None:
    assert str(resolved(parsed(base), location)) == led


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://H.Example/x", "h.example"),
        ("http://h:80/x", "h"),
        ("https://h:443/x", "h"),
        ("https://h:80/x", "h:80"),
        ("http://u:p@h:8090", "h:8090"),
        ("http://[::1]:8/x", "[::1]:8"),
    ],
)
def test_a_default_port_is_not_in_the_host_header(url: str, authority: str) -> None:
    assert parsed(url).authority == authority


@pytest.mark.parametrize("url", ["mailto:x", "localhost:80/x", "ftp://h/x"])
def test_another_protocol_is_kept(url: str) -> None:
    assert parsed(url).protocol == url.partition(":")[0] + ":"


def test_a_host_that_is_none_is_refused_with_what_was_expected() -> None:
    with pytest.raises(UnreadableUrl, match=r"'\[::1/x' is no host, expected a name or an address\."):
        parsed("http://[::1/x")
