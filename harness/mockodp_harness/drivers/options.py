"""What a driver is told at its start: put into one form, or refused in the same words whichever driver it is for."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from mockodp_contracts.destination import destination as definition

from mockodp_harness.drivers.driver import Options
from mockodp_harness.drivers.errors import OptionRefused
from mockodp_harness.segment.dates import ZoneError, zone_of

VARIABLE: Final = "MOCKODP_BASE_URL_{}"
EXAMPLE: Final = "http://127.0.0.1:8090/us/twilio_segment"


def checked(options: Options) -> Options:
    """*options* with regions as settings name them and URLs without a slash at the end; `OptionRefused` if unfit."""
    base_urls = _base_urls(options.base_urls)
    _check_zone(options.zone)
    if options.ca is not None:
        _check_authority(options.ca)
    return Options(base_urls=base_urls, ca=options.ca, zone=options.zone, server=_url("server", options.server))


def base_urls_of(env: Mapping[str, str]) -> dict[str, str]:
    """The base URLs that *env* names, as `mockodp exec` and `mockodp env` set it."""
    named = {region.name: VARIABLE.format(region.name) for region in definition().regions}
    return {region: _url(variable, env[variable]) for region, variable in named.items() if env.get(variable)}


def host(url: str) -> str:
    """The host of a URL of http or https; nothing for any other text."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme in ("http", "https") and parts.port != 0 else ""
    except ValueError:  # as of a port that is no number
        return ""


def _base_urls(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise OptionRefused(f"base_urls is {given!r}, expected a URL for each region, such as {{'US': '{EXAMPLE}'}}.")
    base_urls: dict[str, str] = {}
    for named, url in given.items():
        region = _region(named)
        if region in base_urls:
            raise OptionRefused(
                f"base_urls has region {region} twice, as {named!r} too; expected one URL for a region."
            )
        base_urls[region] = _url(f"base_urls[{named!r}]", url)
    return base_urls


def _region(given: Any) -> str:
    known = [region.name for region in definition().regions]
    if str(given).upper() in known:
        return str(given).upper()
    raise OptionRefused(f"base_urls has region {given!r}. Known: {', '.join(known)}.")


def _url(name: str, given: Any) -> str:
    if isinstance(given, str) and host(given):
        return given.rstrip("/")
    raise OptionRefused(f"{name} is {given!r}, expected a URL such as {EXAMPLE}.")


def _check_zone(name: Any) -> None:
    try:
        zone_of(str(name))
    except ZoneError:
        raise OptionRefused(
            f"zone is {name!r}, which is no time zone here; expected one such as Europe/Berlin."
        ) from None


def _check_authority(ca: str) -> None:
    """Node itself only warns of a file that it cannot read, and then believes nobody."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca)
    except OSError as error:
        raise OptionRefused(f"ca is {ca!r}, expected the PEM file of an authority: {error}.") from None
