"""
Every switch of the mock, its default, and where its value came from. Reads no environment by itself.

A value is taken from the first of: a flag, the environment (``MOCKODP_`` and the field's name in capitals, but
``MOCKODP_KEYS`` for *key*), a TOML file (the field's name), the default. The command line makes its flags from these
very fields.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, get_type_hints

from mockodp.errors import SettingsError

ENV_PREFIX: Final = "MOCKODP_"
CONFIG_FILE: Final = "mockodp.toml"
MEMORY: Final = ":memory:"
MIB: Final = 1024 * 1024

LogLevel = Literal["requests", "refusals", "none"]


def _switch(default: Any, help_text: str, *, low: int | None = None, high: int | None = None) -> Any:
    return field(default=default, metadata={"help": help_text, "low": low, "high": high})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What one server is told; frozen, so that what `doctor` shows is what runs."""

    host: str = _switch("127.0.0.1", "Address to listen on; loopback unless you say otherwise.")
    port: int = _switch(8090, "Port for HTTP; 0 takes a free one.", low=0, high=65535)
    tls_port: int = _switch(
        8443,
        "Port for HTTPS with a certificate for the vendor's host names; 0 takes a free one, -1 switches TLS off.",
        low=-1,
        high=65535,
    )
    store: str = _switch(MEMORY, "File that keeps the journal, or ':memory:'.")
    state_dir: Path = _switch(Path(".mockodp"), "Folder for the certificate authority and the locator file.")
    key_prefix: str = _switch("odp_test_", "What a key must begin with to be taken for a test key.")
    key: tuple[str, ...] = _switch(
        (), "Admit one more key: NAME or NAME:region. The key is $MOCKODP_KEY_NAME, or NAME itself. May be repeated."
    )
    token: str = _switch("", "Bearer token of the control API; generated when empty.")
    open_control: bool = _switch(
        False, "Let loopback calls without a browser's Origin use the control API without the token."
    )
    cors_origin: tuple[str, ...] = _switch((), "Origin that may call the control API from a browser. May be repeated.")
    strict: bool = _switch(
        False, "Refuse with 400 what breaks its contract; by default it is accepted and the verdict kept beside it."
    )
    auth_status: int = _switch(200, "Status of a passed authentication test.", low=200, high=299)
    auth_answer: str = _switch("{}", "JSON body of a passed authentication test.")
    write_status: int = _switch(201, "Status of an accepted write.", low=200, high=299)
    write_answer: str = _switch("{}", "JSON body of an accepted write.")
    max_body: int = _switch(10 * MIB, "Most bytes of a body, before and after inflating.", low=1)
    max_items: int = _switch(500, "Most items of a batch.", low=1)
    max_header: int = _switch(64 * 1024, "Most bytes of a request's head.", low=1024)
    body_timeout: int = _switch(10, "Seconds a body may stand still before the request is refused.", low=1)
    keep_records: int = _switch(
        200_000, "Most records kept for one account; older ones are dropped and counted.", low=1
    )
    keep_bytes: int = _switch(512 * MIB, "Most bytes of bodies and verdicts kept for one account.", low=1)
    faults: str = _switch("", "File of faults to arm at the start: TOML with [[fault]] tables, or the same as JSON.")
    fault_header: bool = _switch(True, "Name the fault in a header, x-mockodp-fault, of every answer it touched.")
    fault_member: str = _switch(
        "",
        "Member of an item, or of its data, that may ask for a fault by itself: a preset's name, an effect or a fault.",
    )
    log: LogLevel = _switch("requests", "What to log on stderr: requests, refusals or none.")


_VARIABLES: Final = {"key": "MOCKODP_KEYS"}  # MOCKODP_KEY is a client's own key, which `mockodp env` sets
_CHOICES: Final[dict[str, tuple[str, ...]]] = {"log": ("requests", "refusals", "none")}


def variable_of(name: str) -> str:
    """The environment variable of the field *name*."""
    return _VARIABLES.get(name, ENV_PREFIX + name.upper())


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings with the source of each value: ``flag``, ``env``, the file's path, or ``default``."""

    settings: Settings
    sources: Mapping[str, str]


def resolve(
    flags: Mapping[str, Any], env: Mapping[str, str], config: Path | None = None, *, cwd: Path | None = None
) -> Effective:
    """Settings from *flags* over *env* over *config* (or ``mockodp.toml`` in *cwd*) over defaults."""
    file = _config_file(config, env, cwd or Path())
    in_file = _read(file) if file else {}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, kind in get_type_hints(Settings).items():
        variable = variable_of(name)
        if flags.get(name) not in (None, ()):
            values[name], sources[name] = _parsed(name, kind, flags[name], f"--{name.replace('_', '-')}"), "flag"
        elif env.get(variable, "") != "":
            values[name], sources[name] = _parsed(name, kind, env[variable], variable), "env"
        elif name in in_file:
            values[name], sources[name] = _parsed(name, kind, in_file[name], f"{file}: {name}"), str(file)
        else:
            sources[name] = "default"
    return Effective(Settings(**values), sources)


def _config_file(config: Path | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    named = config or (Path(env["MOCKODP_CONFIG"]) if env.get("MOCKODP_CONFIG") else None)
    if named is not None and not named.is_file():
        raise SettingsError(f"The settings file {str(named)!r} is not there.")
    found = cwd / CONFIG_FILE
    return named or (found if found.is_file() else None)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}.") from error
    known = {item.name for item in fields(Settings)}
    content = {name.replace("-", "_"): value for name, value in content.items()}
    for name in content:
        if name not in known:
            raise SettingsError(f"{file}: {name!r} is not a setting. Known: {', '.join(sorted(known))}.")
    return content


def _parsed(name: str, kind: Any, value: Any, where: str) -> Any:
    """*value* as *kind*, or `SettingsError` that says where it stands and what was expected."""
    if kind is int:
        return _number(name, value, where)
    if kind is bool:
        return _truth(value, where)
    if kind == tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts)
    if name in _CHOICES and value not in _CHOICES[name]:
        raise SettingsError(f"{where} is {value!r}, expected one of: {', '.join(_CHOICES[name])}.")
    return Path(value) if kind is Path else str(value)


def _number(name: str, value: Any, where: str) -> int:
    limits = next(item.metadata for item in fields(Settings) if item.name == name)
    low, high = limits["low"], limits["high"]
    wanted = f"a whole number from {low} to {high}" if high is not None else f"a whole number, {low} or more"
    try:
        number = int(str(value))
    except ValueError:
        raise SettingsError(f"{where} is {value!r}, expected {wanted}.") from None
    if isinstance(value, bool) or number < low or (high is not None and number > high):
        raise SettingsError(f"{where} is {value!r}, expected {wanted}.")
    return number


def _truth(value: Any, where: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise SettingsError(f"{where} is {value!r}, expected true or false.")
    return words[str(value).lower()]
