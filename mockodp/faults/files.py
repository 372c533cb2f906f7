"""Faults in a file, as a mock arms them at its start and as ``mockodp fault add --file`` sends them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from mockodp.errors import SettingsError

_TABLE = "fault"
_EXPECTED = f"expected [[{_TABLE}]] tables as TOML, or as JSON a fault, an array of them, or an object with {_TABLE!r}"


def read_fault_file(file: str) -> list[Any]:
    """The faults that *file* tells, not yet checked; `SettingsError` if it is no file of faults."""
    try:
        text = Path(file).read_bytes()
    except OSError as error:
        raise SettingsError(f"The file of faults {file!r} cannot be read: {error.strerror}.") from None
    return faults_in(text, file)


def place_in(name: str) -> Callable[[int, str], str]:
    """How a place in a fault of the file *name* is told; the first fault is 1."""
    return lambda index, field: f"{name}: fault {index + 1}{f' at {field}' if field else ''}"


def faults_in(text: bytes, name: str) -> list[Any]:
    """The faults that *text* tells: TOML if the name of its file ends so, JSON else."""
    document = _toml(text, name) if name.lower().endswith(".toml") else _json(text, name)
    if isinstance(document, dict) and _TABLE in document:
        other = sorted(document.keys() - {_TABLE})
        if other:
            raise SettingsError(f"{name}: {other[0]!r} is not known beside {_TABLE!r}; {_EXPECTED}.")
        document = document[_TABLE]
        document = [document] if isinstance(document, dict) else document
    elif isinstance(document, dict) and "account" in document:
        document = [document]
    try:
        orjson.dumps(document)
    except orjson.JSONEncodeError:
        raise SettingsError(f"{name} is nested too deep, at most 254 levels are read here.") from None
    if not isinstance(document, list):
        raise SettingsError(f"{name} holds no faults; {_EXPECTED}.")
    if not document:
        raise SettingsError(f"{name} holds an empty list of faults.")
    return document


def _toml(text: bytes, name: str) -> Any:
    try:
        return orjson.loads(orjson.dumps(tomllib.loads(text.decode())))  # times as texts, as JSON has them
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name} is not TOML: {error}.") from None


def _json(text: bytes, name: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"{name} is not JSON: {error}.") from None
