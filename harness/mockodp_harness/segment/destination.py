"""
Segment's entry points, for any destination: one event, a batch of events, an authentication test.

A destination is data and two functions (`Destination`); an instance of it is its settings and subscriptions, compiled
once (`Instance`). A call gives results as Segment does, or raises `CallError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any, Final

from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment import payload as checks
from mockodp_harness.segment import triggers
from mockodp_harness.segment.exchange import CallError, Request, Response, Send, exchanged
from mockodp_harness.segment.values import Object

Zone = str | tzinfo
Results = list[Object]

INVALID: Final = 400
NOT_SUBSCRIBED: Final = "not subscribed"
NOT_VALIDATED: Final = "Failed to validate subscription"
UNFIT: Final = "Payload is either invalid or does not match the subscription"


@dataclass(frozen=True)
class Action:
    """One action: its fields as Segment defines them, and the request it makes of validated payloads."""

    slug: str
    title: str
    fields: Mapping[str, Any]
    request: Callable[[Sequence[Mapping[str, Any]], Mapping[str, Any], Zone], Request]

    @cached_property
    def schema(self) -> checks.Schema:
        return checks.schema_of(self.fields)

    @cached_property
    def single(self) -> Callable[[Any], checks.Checked]:
        return checks.compiled(self.schema, root=True)

    @cached_property
    def many(self) -> Callable[[Any], checks.Checked]:
        return checks.compiled(self.schema, root=False)


@dataclass(frozen=True)
class Destination:
    """A destination: the fields of its settings, its actions by slug, and the request that tries a key."""

    name: str
    settings: Mapping[str, Any]
    actions: Mapping[str, Action]
    authentication: Callable[[Mapping[str, Any]], Request]

    @cached_property
    def settings_schema(self) -> checks.Schema:
        return checks.schema_of(self.settings)


@dataclass(frozen=True)
class Run:
    """One action with a mapping, ready for events."""

    action: Action
    mapping: kit.Compiled

    def one(self, event: Any, settings: Mapping[str, Any], send: Send, zone: Zone = UTC) -> Results:
        """What becomes of one event: mapped, validated, sent."""
        checked = self.action.single(_mapped(self.mapping, event))
        if checked.mismatches:
            raise _mismatched(checked.mismatches)
        response = exchanged(self.action.request([checked.payload], settings, zone), send)
        return [
            {"output": "Mappings resolved"},
            {"output": "Payload validated"},
            {"data": response.data, "output": "Action Executed"},
        ]

    def batch(self, events: Sequence[Any], settings: Mapping[str, Any], send: Send, zone: Zone = UTC) -> Results:
        """What becomes of each of several events; those that validate share one request."""
        nodes: list[Object] = [{} for _ in events]
        ready = []
        for index, payload in enumerate(_mapped(self.mapping.batch, list(events))):
            checked = self.action.many(payload)
            if checked.mismatches:
                nodes[index] = _refused(checks.joined(checked.mismatches))
            else:
                ready.append((index, checked.payload))
        if ready:
            response = exchanged(self.action.request([payload for _, payload in ready], settings, zone), send)
            for index, payload in ready:
                nodes[index] = {"status": response.status, "body": response.data, "sent": payload}
        return nodes


@dataclass(frozen=True)
class Subscription:
    """A trigger, the action it starts, and the mapping: compiled."""

    subscribe: Any
    run: Run | None
    trigger: triggers.Trigger | None

    @classmethod
    def of(cls, destination: Destination, said: Mapping[str, Any]) -> Subscription:
        """From a subscription as Segment stores it: subscribe, partnerAction, mapping."""
        action = destination.actions.get(str(said.get("partnerAction")))
        subscribe = said.get("subscribe")
        trigger = triggers.compiled(subscribe) if isinstance(subscribe, str) and subscribe else None
        return cls(subscribe, None if action is None else Run(action, kit.compiled(said.get("mapping") or {})), trigger)

    @property
    def fault(self) -> str | None:
        """Why no event can be subscribed."""
        if self.trigger is None:
            return NOT_VALIDATED
        return f"Invalid subscription : {self.trigger.error}" if self.trigger.error else None

    def matches(self, event: Any) -> bool:
        try:
            return self.trigger is not None and self.trigger.matches(event)
        except triggers.TriggerError as error:
            raise CallError("TypeError", str(error)) from None


class Instance:
    """A destination with settings and subscriptions."""

    def __init__(
        self, destination: Destination, settings: Mapping[str, Any], subscriptions: Sequence[Mapping[str, Any]]
    ) -> None:
        self._destination = destination
        self._settings = {name: value for name, value in settings.items() if name not in ("subscriptions", "oauth")}
        self._subscriptions = [Subscription.of(destination, said) for said in subscriptions]

    def event(self, event: Any, send: Send, zone: Zone = UTC) -> Results:
        """What becomes of one event."""
        return self._each(lambda subscription, settings: _of_event(subscription, event, settings, send, zone))

    def batch(self, events: Sequence[Any], send: Send, zone: Zone = UTC) -> Results:
        """What becomes of several events delivered together."""
        return self._each(lambda subscription, settings: _of_batch(subscription, events, settings, send, zone))

    def _each(self, outcome: Callable[[Subscription, Object], Results]) -> Results:
        """All results; the first failure is raised after every subscription had its turn."""
        settings = validated(self._destination, self._settings)
        results: Results = []
        failures = []
        for subscription in self._subscriptions:
            try:
                results += outcome(subscription, settings)
            except CallError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]
        return results


def tried_authentication(destination: Destination, settings: Mapping[str, Any], send: Send) -> Response:
    """The answer to a try of the key; `CallError` as Segment words it if it fails."""
    checked = validated(destination, settings)
    try:
        return exchanged(destination.authentication(checked), send)
    except CallError as error:
        status = "" if error.response is None else str(error.response.status)
        raise CallError("Error", f"Credentials are invalid: {status} {error.message}") from error


def validated(destination: Destination, settings: Mapping[str, Any]) -> Object:
    """The settings, coerced; `CallError` with status 400 if they do not fit."""
    copied = dict(settings)
    mismatches = checks.validate(copied, destination.settings_schema)
    if mismatches:
        raise _mismatched(mismatches, INVALID)
    return copied


def _of_event(subscription: Subscription, event: Any, settings: Mapping[str, Any], send: Send, zone: Zone) -> Results:
    if subscription.fault:
        return [{"output": subscription.fault}]
    if not subscription.matches(event):
        return [{"output": NOT_SUBSCRIBED}]
    if subscription.run is None:
        return []
    try:
        return subscription.run.one(event, settings, send, zone)
    except CallError as error:
        raise _with_status(error) from None


def _of_batch(
    subscription: Subscription, events: Sequence[Any], settings: Mapping[str, Any], send: Send, zone: Zone
) -> Results:
    fault = subscription.fault
    taken = [] if fault else [index for index, event in enumerate(events) if subscription.matches(event)]
    if not events or not (taken or fault):
        return [{"output": NOT_SUBSCRIBED}]
    nodes = [_refused(fault or UNFIT) for _ in events]
    if taken and subscription.run is None:
        raise CallError("TypeError", "Cannot read properties of undefined (reading 'status')")
    if taken and subscription.run is not None:
        try:
            made = subscription.run.batch([events[index] for index in taken], settings, send, zone)
        except CallError as error:
            raise _with_status(error) from None
        for index, node in zip(taken, made, strict=True):
            nodes[index] = node
    return [{"multistatus": nodes}]


def _mapped(mapping: Callable[[Any], Any], data: Any) -> Any:
    try:
        return mapping(data)
    except kit.AggregateError as error:
        faults = [{"name": fault.name, "message": fault.message} for fault in error.errors]
        raise CallError(error.name, error.message, errors=faults) from None
    except kit.MappingError as error:
        raise CallError(error.name, error.message) from None


def _mismatched(mismatches: Sequence[checks.Mismatch], status: int | None = None) -> CallError:
    return CallError("AggregateAjvError", checks.joined(mismatches), status=status, errors=faults_of(mismatches))


def faults_of(mismatches: Sequence[checks.Mismatch]) -> list[Object]:
    """Single faults as an error of the framework lists them."""
    return [{"path": each.path, "pointer": each.pointer, "message": each.message} for each in mismatches]


def _with_status(error: CallError) -> CallError:
    """*error* as the entry points leave it: what the sender got wrong has status 400."""
    if error.name in ("AggregateAjvError", "ValidationError"):
        error.status = INVALID
    return error


def _refused(message: str) -> Object:
    return {
        "status": INVALID,
        "errortype": "PAYLOAD_VALIDATION_FAILED",
        "errormessage": message,
        "errorreporter": "INTEGRATIONS",
    }


__all__ = ["Action", "Destination", "Instance", "Run", "Subscription", "faults_of", "tried_authentication", "validated"]
