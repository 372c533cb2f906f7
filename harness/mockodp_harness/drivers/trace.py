"""
What one call to an integration leaves behind, whichever driver made it.

A `Trace` says what the call came to, and for each subscription and each event how far it got: whether the trigger took
it, what the mapping made of it, what validation said, which requests went out and what came back. Values only; nothing
here knows of processes, sockets or Node.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, Self

from mockodp_harness.segment.destination import no_action
from mockodp_harness.segment.triggers import unmet

Json = Mapping[str, Any]

NOT_SUBSCRIBED: Final = "not subscribed"
SUCCESS: Final = range(200, 300)


class Outcome(StrEnum):
    """What became of one event in one subscription."""

    SENT = "sent"  # a request carried it, and was answered by 200 to 299
    FAILED = "failed"  # a request carried it, and was not answered so
    REFUSED = "refused"  # nothing was sent: subscription, settings, mapping or payload are at fault
    NOT_SUBSCRIBED = "not subscribed"  # the trigger did not take it


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
        return cls(**{**said, "errors": tuple(said.get("errors") or ())})


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
class EventTrace:
    """
    How far one event got in one subscription.

    *reason* says why it was not sent, in the framework's words; *unmet* names the conditions of the trigger that the
    event does not meet. *mapped* is what the mapping made of it, *payload*
    what validation left of that for the action; a step that was not reached, or failed, has none. *messages* are
    those of validation.
    """

    outcome: Outcome
    reason: str | None = None
    unmet: tuple[str, ...] = ()
    mapped: Any = None
    payload: Any = None
    messages: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether the trigger took the event."""
        return self.outcome is not Outcome.NOT_SUBSCRIBED


@dataclass(frozen=True, slots=True)
class SubscriptionTrace:
    """What one subscription did with each event of a call, and the requests it made."""

    action: str | None
    trigger: str | None
    name: str | None = None
    events: tuple[EventTrace, ...] = ()
    requests: tuple[Outgoing, ...] = ()
    results: Any = None
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """
    One call: what the framework returned (*results*) or raised (*error*), and every request made on the way.

    A call that failed may have sent all the same: of several subscriptions the first failure is reported.
    *subscriptions* are in the order in which they were given; a try of the key has none.
    """

    results: Any
    requests: tuple[Outgoing, ...]
    error: Failure | None = None
    subscriptions: tuple[SubscriptionTrace, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether the framework raised nothing, which it does not for a batch of which every event was refused."""
        return self.error is None

    @property
    def sent(self) -> bool:
        """Whether any event was sent and taken: a request carried it, and was answered by 200 to 299."""
        return any(event.outcome is Outcome.SENT for each in self.subscriptions for event in each.events)

    @property
    def subscribed(self) -> bool:
        """Whether any subscription took the event, or one of the events."""
        return not self.ok or any(result != {"output": NOT_SUBSCRIBED} for result in self.results or ())

    def to_json(self) -> dict[str, Any]:
        """The trace as JSON values, without members that say nothing."""
        said: dict[str, Any] = _said(self)
        return said

    @classmethod
    def from_json(cls, said: Json, subscriptions: Sequence[Any] = (), events: Sequence[Any] = ()) -> Self:
        """
        The trace of a call as a driver tells it; with *subscriptions* and *events* also what became of each.

        *said* has ``results`` or ``error``, ``requests``, and ``subscriptions``: for each of those given its own
        ``results`` or ``error``, the positions of its ``requests`` in those of the call, and ``events``: for each event
        ``matched``, ``mapped``, ``payload``, ``refusal`` (an error of trigger, mapping or validation) as far as it got;
        ``carried`` if a request carried it that is not among those told.
        """
        error = _failure(said.get("error"))
        requests = tuple(Outgoing.from_json(request) for request in said["requests"])
        told = zip(subscriptions, said["subscriptions"] if subscriptions else (), strict=True)
        return cls(
            results=said.get("results"),
            requests=requests,
            error=error,
            subscriptions=tuple(_subscription(each, own, events, requests, error) for each, own in told),
        )


def _subscription(
    given: Any, said: Json, events: Sequence[Any], requests: Sequence[Outgoing], of_call: Failure | None
) -> SubscriptionTrace:
    stored = given if isinstance(given, Mapping) else {}
    slug = stored.get("partnerAction")
    action = None if slug is None else str(slug)
    own = tuple(requests[position] for position in said["requests"])
    results, error = said.get("results"), _failure(said.get("error"))
    # A call that ends before its subscriptions have their turn, as by settings that do not fit, ends all of them.
    ended = of_call if results is None and error is None else error
    ended = ended or (None if own else Failure("NoAction", no_action(slug)))
    trigger = _text(stored.get("subscribe"))
    each = zip(events, said["events"], strict=True)
    return SubscriptionTrace(
        action=action,
        trigger=trigger,
        name=_text(stored.get("name")),
        events=tuple(_event(event, told, trigger or "", own, ended) for event, told in each),
        requests=own,
        results=results,
        error=error,
    )


def _event(event: Any, said: Json, trigger: str, requests: Sequence[Outgoing], ended: Failure | None) -> EventTrace:
    refusal = _failure(said.get("refusal"))
    outcome, reason = _came_to(said["matched"], refusal, bool(requests) or said.get("carried", False), ended)
    return EventTrace(
        outcome=outcome,
        reason=reason,
        unmet=tuple(unmet(trigger, event)) if outcome is Outcome.NOT_SUBSCRIBED else (),
        mapped=said.get("mapped"),
        payload=said.get("payload"),
        messages=() if refusal is None else tuple(fault["message"] for fault in refusal.errors) or (refusal.message,),
    )


def _came_to(
    matched: bool, refusal: Failure | None, carried: bool, ended: Failure | None
) -> tuple[Outcome, str | None]:
    if refusal is not None:
        return Outcome.REFUSED, refusal.message
    if not matched:
        return Outcome.NOT_SUBSCRIBED, NOT_SUBSCRIBED
    if ended is None:
        return Outcome.SENT, None
    return Outcome.FAILED if carried else Outcome.REFUSED, ended.message


def _failure(said: Json | None) -> Failure | None:
    return None if said is None else Failure.from_json(said)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _said(value: Any) -> Any:
    """*value* as JSON; members of ours that say nothing are left out, what is the user's stays as it is."""
    if is_dataclass(value):
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: _said(member) for name, member in members.items() if member is not None and member != ()}
    return [_said(item) for item in value] if isinstance(value, tuple) else value
