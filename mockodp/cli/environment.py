"""
The environment in which clients reach a mock: addresses, a key, and whom to trust, as each program wants it told.

One place for `mockodp env`, which prints it, and `mockodp exec`, which runs a program in it. Writes bundles of
certificates beside the mock's own, since most programs take one file in place of the system's and not beside it.
"""

from __future__ import annotations

import json
import os
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mockodp.errors import EnvironmentNotReady
from mockodp.regions import Region

PRELOAD: Final = Path(__file__).resolve().parents[1] / "node" / "mockodp-preload.cjs"
BUNDLE: Final = "ca-bundle.pem"
NODE_BUNDLE: Final = "node-ca.pem"
REPLACING: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CERTIFICATE: Final = re.compile(
    r"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.+?-----END (?:TRUSTED )?CERTIFICATE-----", re.S
)
_SYSTEM_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment, and what it is for."""

    name: str
    value: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a program must be told of a mock to reach it."""

    url: str
    tls_url: str | None
    ca: str | None
    token: str
    key: str
    account: str
    locator: str | None


def variables(access: Access, env: Mapping[str, str]) -> list[Variable]:
    """The settings for programs that are started in *env*, which already may have some of them."""
    found = [
        Variable("MOCKODP_URL", access.url, "where the mock speaks HTTP"),
        Variable("MOCKODP_TOKEN", access.token, "opens the control API"),
        Variable("MOCKODP_ACCOUNT", access.account, "the account that MOCKODP_KEY opens"),
        Variable("MOCKODP_KEY", access.key, "the API key to give to the destination"),
        *(
            Variable(f"MOCKODP_BASE_URL_{region.name}", f"{access.url}/{region}/twilio_segment",
                     f"where the destination sends to in region {region.name}")
            for region in Region
        ),
    ]  # fmt: skip
    if access.locator:
        found.append(Variable("MOCKODP_LOCATOR", access.locator, "where mockodp's own commands find the mock"))
    if access.tls_url and access.ca:
        found += _tls(access.tls_url, Path(access.ca), env)
    return found


def _tls(tls_url: str, ca: Path, env: Mapping[str, str]) -> list[Variable]:
    try:
        bundle, node_bundle = _bundle(ca, env), _node_bundle(ca, env)
    except OSError as error:
        raise EnvironmentNotReady(f"The certificates beside {str(ca)!r} cannot be prepared: {error}.") from error
    return [
        Variable("MOCKODP_TLS_URL", tls_url, "where it speaks HTTPS, also under the vendor's host names"),
        Variable("MOCKODP_CA", str(ca), "the certificate authority that signed for these names"),
        Variable("NODE_OPTIONS", _node_options(env.get("NODE_OPTIONS", "")),
                 "leads the vendor's host names to the mock in Node, and stops what would leave this machine"),
        Variable("NODE_EXTRA_CA_CERTS", str(node_bundle), "Node trusts this authority besides its own"),
        *(
            Variable(name, str(bundle), f"{whom} these in place of the system's, which are among them")
            for name, whom in zip(REPLACING, ("OpenSSL and Python trust", "Python's requests trusts", "curl trusts"),
                                  strict=True)
        ),
    ]  # fmt: skip


def without_tls(env: Mapping[str, str]) -> dict[str, str]:
    """*env* without what would lead to the TLS port of another mock."""
    left = {name: value for name, value in env.items() if name not in ("MOCKODP_TLS_URL", "MOCKODP_CA")}
    if str(PRELOAD) in left.get("NODE_OPTIONS", ""):
        left["NODE_OPTIONS"] = left["NODE_OPTIONS"].replace(f"--require {_quoted(PRELOAD)}", "").strip()
    return left


def _node_options(existing: str) -> str:
    if str(PRELOAD) in existing:
        return existing
    return f"{existing} --require {_quoted(PRELOAD)}".strip()


def _quoted(path: Path) -> str:
    """*path* as Node reads it in NODE_OPTIONS."""
    text = str(path)
    return json.dumps(text, ensure_ascii=False) if re.search(r'[\s"\\]', text) else text


def _bundle(ca: Path, env: Mapping[str, str]) -> Path:
    """Everything that is trusted now, and *ca*."""
    named = [Path(env[name]) for name in REPLACING if env.get(name)]
    return _write(ca.with_name(BUNDLE), [*_system_bundles(), *named, ca])


def _node_bundle(ca: Path, env: Mapping[str, str]) -> Path:
    """*ca* and what NODE_EXTRA_CA_CERTS already named."""
    named = [Path(env["NODE_EXTRA_CA_CERTS"])] if env.get("NODE_EXTRA_CA_CERTS") else []
    return _write(ca.with_name(NODE_BUNDLE), [*named, ca])


def _default_bundle() -> str | None:
    return ssl.get_default_verify_paths().openssl_cafile


def _system_bundles() -> list[Path]:
    """The file of trusted authorities that programs of this machine use by default; certifi's where there is none."""
    for file in (_default_bundle(), *_SYSTEM_BUNDLES):
        if file and Path(file).is_file():
            return [Path(file)]
    try:
        import certifi  # noqa: PLC0415  only where the system has none
    except ImportError:
        return []
    return [Path(certifi.where())]


def _write(file: Path, sources: Iterable[Path]) -> Path:
    """Join the certificates of *sources* in *file*, each once; a reader sees all of it or what was there before."""
    found: dict[str, None] = {}
    for source in sources:
        if source.is_file():
            found.update(dict.fromkeys(_CERTIFICATE.findall(source.read_text(encoding="utf-8", errors="replace"))))
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_text("\n".join(found) + "\n")
    fresh.replace(file)
    return file.resolve()
