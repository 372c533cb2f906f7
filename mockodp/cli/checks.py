"""
What `mockodp doctor` looks at, each a small question with an answer and, where it is not fine, a remedy.

A check that finds the machine unready fails; one that finds something worth knowing warns.
"""

from __future__ import annotations

import errno
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from mockodp.cli.background import is_alive
from mockodp.cli.connection import client_of, located
from mockodp.cli.environment import PRELOAD
from mockodp.errors import MockODPError
from mockodp.locator import Located
from mockodp.regions import FUNCTION_HOSTS, VENDOR_HOSTS, Region
from mockodp.settings import Settings

Level = Literal["ok", "warn", "fail"]

_OLDEST_NODE: Final = 20
_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    name: str
    level: Level
    found: str
    remedy: str = ""


def check_all(settings: Settings, url: str | None = None, token: str | None = None) -> list[Check]:
    """Every check, in the order in which one would look."""
    try:
        mock = located(url, token)
    except MockODPError as error:
        checks = [Check("locator", "warn", str(error)), *check_ports(settings)]
        return [*checks, check_names(resolved(VENDOR_HOSTS)), check_node(), check_preload()]
    return [
        check_locator(mock), check_server(mock), *check_faults(mock), check_tls(mock),
        check_names(resolved(VENDOR_HOSTS)), check_node(), check_preload(),
    ]  # fmt: skip


def check_locator(mock: Located) -> Check:
    """Whether the process that wrote the locator lives."""
    if mock.pid is None:
        return Check("locator", "ok", f"{mock.url}, from {mock.source}")
    if is_alive(mock.pid):
        return Check("locator", "ok", f"{mock.source}, process {mock.pid} lives")
    return Check("locator", "fail", f"{mock.source} names process {mock.pid}, which is gone",
                 "It was killed. Start it again with 'mockodp up' or 'mockodp serve'.")  # fmt: skip


def check_ports(settings: Settings) -> Iterable[Check]:
    """Whether a mock with these settings could have its ports."""
    for name, port in (("port", settings.port), ("tls-port", settings.tls_port)):
        if port > 0:
            yield _check_port(name, settings.host, port)


def _check_port(name: str, host: str, port: int) -> Check:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = (
                "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
            )
            return Check(name, "fail", f"{host}:{port} {taken}", f"Choose another --{name}, or 0 for a free one.")
    return Check(name, "ok", f"{host}:{port} is free")


def check_server(mock: Located) -> Check:
    """Whether the mock answers, knows the token, and is of this version."""
    try:
        with client_of(mock) as client:
            running, here = client.version(), version("mockodp")
            client.settings()
    except MockODPError as error:
        return Check(
            "server", "fail", str(error), "Start it with 'mockodp up', or name another with --url and --token."
        )
    if running != here:
        return Check("server", "warn", f"{mock.url} runs version {running}, this is {here}",
                     "Stop it with 'mockodp down' and start it again.")  # fmt: skip
    return Check("server", "ok", f"{mock.url} answers, version {running}")


def check_faults(mock: Located) -> Iterable[Check]:
    """Whether the mock misbehaves on purpose, or shows another time than there is; nothing if it does not answer."""
    try:
        with client_of(mock) as client:
            counts = client.metrics()
    except MockODPError:  # told by the check of the server
        return
    armed, moved = (int(counts.get(f"mockodp_{name}", 0)) for name in ("faults_armed", "clocks_moved"))
    found = f"faults armed: {armed}; accounts whose clock is not real: {moved}"
    if armed or moved:
        yield Check("faults", "warn", found, "See 'mockodp fault ls'; 'mockodp fault rm --all' takes all faults away, "
                    "'mockodp clock reset ACCOUNT' makes it real time.")  # fmt: skip
    else:
        yield Check("faults", "ok", found)


def check_tls(mock: Located) -> Check:
    """Whether the mock proves, by its authority, to be what the vendor's name says."""
    if not mock.tls_url or not mock.ca:
        return Check("tls", "warn", "switched off, or not known here",
                     "Clients that use the vendor's host names need it: start the mock with --tls-port 0.")  # fmt: skip
    host = FUNCTION_HOSTS[Region.EU]
    address = urlsplit(mock.tls_url)
    try:
        context = ssl.create_default_context(cafile=mock.ca)
        with (
            socket.create_connection((address.hostname or "", address.port or 443), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return Check("tls", "ok", f"{mock.tls_url} is trusted as {host} by {mock.ca}")
    except OSError as error:
        return Check("tls", "fail", f"{mock.tls_url} as {host}: {error}",
                     "Stop the mock, delete *.pem and server.names in its state folder, start it anew.")  # fmt: skip


def check_names(found: Mapping[str, set[str] | None]) -> Check:
    """Where the vendor's host names lead on this machine, for programs that nothing else leads to the mock."""
    answered = {host: addresses for host, addresses in found.items() if addresses}
    outside = [host for host, addresses in answered.items() if not all(ip_address(a).is_loopback for a in addresses)]
    if outside:
        return Check("names", "warn", f"{len(outside)} of {len(found)} vendor names lead to the real platform, "
                     f"such as {outside[0]}",
                     "Programs without the settings of 'mockodp env' reach it: use them.")  # fmt: skip
    if answered:
        return Check("names", "ok", f"{len(answered)} of {len(found)} vendor names lead to this machine")
    return Check("names", "ok", "the vendor's names lead nowhere: nothing here can reach the real platform by them")


def resolved(hosts: Iterable[str], lookup: Callable[[str], set[str]] | None = None) -> dict[str, set[str] | None]:
    """The addresses of *hosts*, looked up at once; None for a name that leads nowhere or is slow."""
    found: dict[str, set[str] | None] = dict.fromkeys(hosts)

    def look_up(host: str) -> None:
        try:
            found[host] = (lookup or _addresses)(host)
        except OSError:
            return

    threads = [threading.Thread(target=look_up, args=(host,), daemon=True) for host in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_SECONDS)
    return dict(found)


def _addresses(host: str) -> set[str]:
    return {str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}


def check_node(node: str | None = None) -> Check:
    """Whether Node is there and young enough for the real destination."""
    program = node or shutil.which("node")
    if program is None:
        return Check(
            "node", "warn", "not found", f"Only clients in Node need it: install Node {_OLDEST_NODE} or newer."
        )
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True, env={})
    except (OSError, subprocess.SubprocessError) as error:
        return Check("node", "warn", f"{program} does not run: {error}", "Install it again.")
    found = re.match(r"v(\d+)\.", said.stdout)
    if not found or int(found[1]) < _OLDEST_NODE:
        return Check("node", "warn", f"{program} is {said.stdout.strip()!r}", f"Install Node {_OLDEST_NODE} or newer.")
    return Check("node", "ok", f"{said.stdout.strip()} at {program}")


def check_preload(file: Path = PRELOAD) -> Check:
    """Whether the file that leads Node programs to the mock is installed."""
    if file.is_file():
        return Check("preload", "ok", str(file))
    return Check("preload", "fail", f"{file} is missing", "Install mockodp again.")
