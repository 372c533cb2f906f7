"""
What one call to the destination leaves behind: its results or its error, and the requests it really made.

Values only; nothing here knows of processes or of Node.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """
    An error as the destination or its HTTP client raised it.

    *status* is the framework's own; *response_status* and *response_body* are what the other side answered.
    """

    name: str
    message: str
    status: int | None = None
    code: str | None = None
    response_status: int | None = None
    response_body: str | None = None
    errors: tuple[Json, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"

    @classmethod
    def from_json(cls, said: Json) -> Self:
        return cls(**{**said, "errors": tuple(said.get("errors", ()))})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request; *body* is the text after decompression."""

    status: int
    headers: Mapping[str, str | list[str]]
    body: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    One HTTP request as it went to the wire, with the key masked.

    *body* is the exact text, None where none was sent. Beside an answer that broke off there is an error.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    answer: Answer | None = None
    error: Failure | None = None

    def items(self) -> Any:
        """The body, decoded."""
        return None if self.body is None else json.loads(self.body)

    @classmethod
    def from_json(cls, said: Json) -> Self:
        answer, error = said.get("answer"), said.get("error")
        return cls(
            method=said["method"],
            url=said["url"],
            headers=said["headers"],
            body=said["body"],
            answer=None if answer is None else Answer(**answer),
            error=None if error is None else Failure.from_json(error),
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """
    One call: what the framework returned (*results*) or raised (*error*), and every request made on the way.

    A call that failed may have sent all the same: of several subscriptions the first failure is reported.
    """

    results: Any
    requests: tuple[Outgoing, ...]
    error: Failure | None = None

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def subscribed(self) -> bool:
        """Whether any subscription took the event, or one of the events."""
        return not self.ok or any(result != {"output": "not subscribed"} for result in self.results or ())

    @classmethod
    def from_json(cls, said: Json) -> Self:
        error = said.get("error")
        return cls(
            results=said.get("results"),
            requests=tuple(Outgoing.from_json(request) for request in said["requests"]),
            error=None if error is None else Failure.from_json(error),
        )


@dataclass(frozen=True, slots=True)
class Description:
    """The destination as its own definition describes it, and the versions it runs on."""

    versions: Mapping[str, str]
    tz: str
    hosts: Mapping[str, str]
    settings: tuple[Json, ...]
    actions: tuple[Json, ...]
    presets: tuple[Json, ...]

    @classmethod
    def from_json(cls, said: Json) -> Self:
        lists = {name: tuple(said[name]) for name in ("settings", "actions", "presets")}
        return cls(versions=said["versions"], tz=said["tz"], hosts=said["hosts"], **lists)
