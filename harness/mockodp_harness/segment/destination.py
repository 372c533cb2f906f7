"""
Segment's entry points, for any destination: one event, a batch of events, an authentication test.

A destination is data and two functions (`Destination`); an instance of it is its settings and subscriptions, compiled
once (`Instance`). A call gives results as Segment does, or raises `CallError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import cached_property
from typing import Any, Final, NamedTuple

from mockodp_harness.segment import mapping as kit
from mockodp_harness.segment import payload as checks
from mockodp_harness.segment import triggers
from mockodp_harness.segment.exchange import CallError, Request, Response, Send, check_request, exchanged
from mockodp_harness.segment.items import Layout, Zone, item
from mockodp_harness.segment.mapping.paths import all_objects_have
from mockodp_harness.segment.values import CRASHES, UNDEFINED, Object, crash, is_truthy, stringify, to_text

Results = list[Object]

INVALID: Final = 400
NOT_SUBSCRIBED: Final = "not subscribed"
NOT_VALIDATED: Final = "Failed to validate subscription"
UNFIT: Final = "Payload is either invalid or does not match the subscription"


class Action:
    """
    One action: its fields as Segment defines them, and what it sends of validated payloads.

    *layout* says what an item of a request's body is, *head* which request it is with given settings.
    """

    def __init__(
        self,
        slug: str,
        title: str,
        fields: Mapping[str, Any],
        layout: Layout,
        head: Callable[[Mapping[str, Any]], Request],
    ) -> None:
        self.slug = slug
        self.title = title
        self.fields = fields
        self.layout = layout
        self.head = head

    def request(self, payloads: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], zone: Zone) -> Request:
        """The request with an item for each payload."""
        items = [item(self.layout, payload, zone) for payload in payloads]
        return self.head(settings)._replace(body=stringify(items))

    @cached_property
    def schema(self) -> checks.Schema:
        return checks.schema_of(self.fields)

    @cached_property
    def single(self) -> Callable[[Any], checks.Checked]:
        return checks.compiled(self.schema, root=True)

    @cached_property
    def many(self) -> Callable[[Any], checks.Checked]:
        return checks.compiled(self.schema, root=False)


class Destination:
    """A destination: the fields of its settings, its actions by slug, and the request that tries a key."""

    def __init__(
        self,
        name: str,
        settings: Mapping[str, Any],
        actions: Mapping[str, Action],
        authentication: Callable[[Mapping[str, Any]], Request],
    ) -> None:
        self.name = name
        self.settings = settings
        self.actions = actions
        self.authentication = authentication

    @cached_property
    def settings_schema(self) -> checks.Schema:
        return checks.schema_of(self.settings)


class Run(NamedTuple):
    """One action with a mapping, ready for events."""

    action: Action
    mapping: kit.Compiled

    def one(self, event: Any, settings: Mapping[str, Any], send: Send, zone: Zone = UTC) -> Results:
        """What becomes of one event: mapped, validated, sent."""
        _check_first(event)
        checked = self.action.single(_mapped(self.mapping, event))
        if checked.mismatches:
            raise _mismatched(checked.mismatches)
        check_context(event)
        response = exchanged(self.action.request([checked.payload], settings, zone), send)
        return [
            {"output": "Mappings resolved"},
            {"output": "Payload validated"},
            {"data": response.content, "output": "Action Executed"},
        ]

    def batch(self, events: Sequence[Any], settings: Mapping[str, Any], send: Send, zone: Zone = UTC) -> Results:
        """What becomes of each of several events; those that validate share one request."""
        _check_first(events[0] if events else UNDEFINED)
        nodes: list[Object] = [{} for _ in events]
        ready = []
        for index, payload in enumerate(_mapped(self.mapping.batch, list(events))):
            checked = self.action.many(payload)
            if checked.mismatches:
                nodes[index] = refused(checks.joined(checked.mismatches))
            else:
                ready.append((index, checked.payload))
        if ready:
            for event in events:
                check_context(event)
            response = exchanged(self.action.request([payload for _, payload in ready], settings, zone), send)
            for index, payload in ready:
                nodes[index] = {"status": response.status, "body": response.content, "sent": payload}
        return nodes


class Subscription(NamedTuple):
    """A trigger, the action it starts, and the mapping: compiled."""

    subscribe: Any
    run: Run | None
    trigger: triggers.Trigger | None
    crash: str | None = None
    """What fails before the trigger is read, whatever the event."""
    stumble: str | None = None
    """What fails at the action's name, which cannot be a text, for an event that the trigger takes."""
    is_inherited: bool = False
    """Whether the action is one that no destination has, but every object of JavaScript, such as ``toString``."""

    @classmethod
    def of(cls, destination: Destination, said: Any) -> Subscription:
        """From a subscription as Segment stores it: subscribe, partnerAction, mapping; any other value has none."""
        if said is None:
            return cls(None, None, None, "Cannot read properties of null (reading 'partnerAction')")
        stored = said if isinstance(said, dict) else {}
        subscribe = stored.get("subscribe")
        trigger = triggers.compiled(subscribe) if isinstance(subscribe, str) and subscribe else None
        try:
            slug = to_text(stored.get("partnerAction", UNDEFINED))
        except CRASHES as error:
            return cls(subscribe, None, trigger, stumble=crash(error).message)
        action = destination.actions.get(slug)
        run = None if action is None else Run(action, kit.compiled(stored.get("mapping") or {}))
        return cls(subscribe, run, trigger, is_inherited=all_objects_have(slug))

    @property
    def is_of_no_action(self) -> bool:
        """Whether its action is one that the destination does not have, which for one event does no harm."""
        return self.run is None and not (self.crash or self.stumble or self.is_inherited)

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
            raise CallError(error.name, error.message) from None


class Instance:
    """A destination with settings and subscriptions."""

    def __init__(
        self, destination: Destination, settings: Mapping[str, Any], subscriptions: Sequence[Mapping[str, Any]]
    ) -> None:
        self._destination = destination
        self._settings = own_settings(settings)
        self._subscriptions = [
            Subscription.of(destination, said) for said in own_subscriptions(settings, subscriptions)
        ]

    def event(self, event: Any, send: Send, zone: Zone = UTC) -> Results:
        """What becomes of one event; a list is a batch."""
        if isinstance(event, list):
            return self.batch(event, send, zone)
        return self._each(lambda subscription, settings: event_results(subscription, event, settings, send, zone))

    def batch(self, events: Sequence[Any], send: Send, zone: Zone = UTC) -> Results:
        """What becomes of several events delivered together."""
        return self._each(lambda subscription, settings: batch_results(subscription, events, settings, send, zone))

    def _each(self, outcome: Callable[[Subscription, Object], Results]) -> Results:
        """All results; the first failure in time is raised after every subscription had its turn."""
        settings = validated(self._destination, self._settings)
        results: Results = []
        failures = []
        for subscription in self._subscriptions:
            try:
                results += outcome(subscription, settings)
            except CallError as failure:
                failures.append(failure)
            except CRASHES as error:
                failures.append(CallError(crash(error).name, crash(error).message))
        if failures:
            raise min(failures, key=lambda failure: failure.is_late)
        return results


def tried_authentication(destination: Destination, settings: Mapping[str, Any], send: Send) -> Response:
    """The answer to a try of the key; `CallError` as Segment words it if it fails."""
    request = destination.authentication(validated(destination, settings))
    check_request(request)
    try:
        return exchanged(request, send)
    except CallError as error:
        status = "" if error.response is None else str(error.response.status)
        raise CallError("Error", f"Credentials are invalid: {status} {error.message}") from error


def own_settings(settings: Mapping[str, Any]) -> Object:
    """The settings without what the framework takes out of them."""
    return {name: value for name, value in settings.items() if name not in ("subscriptions", "oauth")}


def own_subscriptions(settings: Mapping[str, Any], given: Sequence[Any]) -> Sequence[Any]:
    """The subscriptions of an instance: *given*, or the one that stands in its settings and outweighs them."""
    lone = settings.get("subscription", UNDEFINED)
    return [lone] if is_truthy(lone) else given


def validated(destination: Destination, settings: Mapping[str, Any]) -> Object:
    """The settings, coerced; `CallError` with status 400 if they do not fit."""
    copied = dict(settings)
    mismatches = checks.validate(copied, destination.settings_schema)
    if mismatches:
        raise _mismatched(mismatches, INVALID)
    return copied


def event_results(
    subscription: Subscription, event: Any, settings: Mapping[str, Any], send: Send, zone: Zone
) -> Results:
    """What becomes of one event by one subscription."""
    if subscription.crash:
        raise CallError("TypeError", subscription.crash)
    if subscription.fault:
        return [{"output": subscription.fault}]
    if not subscription.matches(event):
        return [{"output": NOT_SUBSCRIBED}]
    if subscription.stumble:
        raise CallError("TypeError", subscription.stumble)
    if subscription.is_inherited:
        raise CallError("TypeError", "action.execute is not a function")
    if subscription.run is None:
        return []
    try:
        return subscription.run.one(event, settings, send, zone)
    except CallError as error:
        raise _with_status(error) from None


def batch_results(
    subscription: Subscription, events: Sequence[Any], settings: Mapping[str, Any], send: Send, zone: Zone
) -> Results:
    """What becomes of several events by one subscription."""
    if subscription.crash:
        raise CallError("TypeError", subscription.crash)
    fault = subscription.fault
    taken = [] if fault else [index for index, event in enumerate(events) if subscription.matches(event)]
    if not (taken or fault):
        return [{"output": NOT_SUBSCRIBED}]
    nodes = [refused(fault or UNFIT) for _ in events]
    if taken and subscription.stumble:
        raise CallError("TypeError", subscription.stumble)
    if taken and subscription.is_inherited:
        raise CallError("TypeError", "action.executeBatch is not a function")
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


def _check_first(event: Any) -> None:
    """The framework reads the context of the first event before it maps any."""
    if event is None or event is UNDEFINED:
        found = "null" if event is None else "undefined"
        raise CallError("TypeError", f"Cannot read properties of {found} (reading 'context')")


def check_context(event: Any) -> None:
    """
    Raise `CallError` for a context that is null, or whose personas are: what is valid would now be sent.

    The framework looks for an audience in it, in a batch also in the context of events that are refused.
    """
    context = event.get("context", UNDEFINED) if isinstance(event, dict) else UNDEFINED
    if context is None:
        raise CallError("TypeError", "Cannot destructure property 'personas' of '{}' as it is null.")
    if isinstance(context, dict) and context.get("personas", UNDEFINED) is None:
        raise CallError("TypeError", "Cannot read properties of null (reading 'computation_class')")


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
    """*error* as the entry points leave it."""
    error.status = status_of(error.name) or error.status
    return error


def status_of(name: str) -> int | None:
    """The status that the entry points give to an error: what the sender got wrong has 400."""
    return INVALID if name in ("AggregateAjvError", "ValidationError") else None


def no_action(slug: Any) -> str:
    """Why an event is not sent though its trigger took it: *slug*, as stored, is no action's."""
    named = None if slug is None else str(slug)
    return "The subscription names no action (partnerAction)." if named is None else f"There is no action {named!r}."


def refused(message: str) -> Object:
    """What a batch answers for an event that was not sent."""
    return {
        "status": INVALID,
        "errortype": "PAYLOAD_VALIDATION_FAILED",
        "errormessage": message,
        "errorreporter": "INTEGRATIONS",
    }


__all__ = ["Action", "Destination", "Instance", "Run", "Subscription", "faults_of", "tried_authentication", "validated"]
