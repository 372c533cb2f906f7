"""
What a destination's instance sends for events that come as JSON texts: requests and reasons, nothing is sent.

The way of many events: each is read raw and goes through its subscription's plan (`plans`); what that hands back goes
the exact way, which every other entry point takes. Both ways give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC
from functools import cached_property
from typing import Any, Final, NamedTuple

import orjson

from mockodp_harness.segment import plans
from mockodp_harness.segment.destination import (
    NOT_SUBSCRIBED,
    UNFIT,
    Destination,
    Results,
    Subscription,
    batch_results,
    event_results,
    no_action,
    own_settings,
    validated,
)
from mockodp_harness.segment.exchange import CallError, Request, Response, Send, can_be_sent
from mockodp_harness.segment.items import Zone
from mockodp_harness.segment.plans.runtime import has_usual_context
from mockodp_harness.segment.reading import Text
from mockodp_harness.segment.triggers import TriggerError
from mockodp_harness.segment.values import CRASHES

_ANSWER: Final = Response(200)
_LEFT_TO_THE_EXACT_WAY: Final = (TriggerError, orjson.JSONEncodeError, *CRASHES)
"""What may be raised on the way by plan; the exact way meets it again, if it is one of the event, and tells it."""


class Outgoing(NamedTuple):
    """
    What one subscription makes of a call: a request, if it sends one, and why events are not in it, by their index.

    The request is a *head*, which has no body, and the bytes of its *body*. With *error*, the call fails before
    anything is sent.
    """

    head: Request | None
    body: bytes
    unsent: Mapping[int, str]
    error: CallError | None = None

    @property
    def request(self) -> Request | None:
        """The request as a whole."""
        return None if self.head is None else self.head._replace(body=self.body.decode())


class Outbound:
    """An instance of a destination as a function of JSON texts; CallError if its settings do not fit."""

    def __init__(
        self,
        destination: Destination,
        settings: Mapping[str, Any],
        subscriptions: Sequence[Any],
        zone: Zone = UTC,
    ) -> None:
        checked = validated(destination, own_settings(settings))
        self._ways = [_Way(destination, checked, deepcopy(said), zone) for said in subscriptions]

    def event(self, text: bytes) -> list[Outgoing]:
        """What each subscription sends for the event in *text*, of which a list is a batch; ValueError for no JSON."""
        read = _read(text)
        is_batch = read.value.__class__ is list
        return [way.batch(read) if is_batch else way.event(read) for way in self._ways]

    def batch(self, text: bytes) -> list[Outgoing]:
        """What each subscription sends for the array of events in *text*; ValueError if that is none."""
        read = _read(text)
        if not isinstance(read.value, list):
            raise ValueError(f"A batch is {type(read.value).__name__}, expected an array of events.")
        return [way.batch(read) for way in self._ways]


def _read(text: Any) -> Text:
    if not isinstance(text, bytes):
        raise TypeError(
            f"The JSON text is of type {type(text).__name__}, expected bytes: .encode() makes them of a str."
        )
    return Text(text)


class _Way:
    """The way of events through one subscription."""

    def __init__(self, destination: Destination, settings: Mapping[str, Any], said: Any, zone: Zone) -> None:
        self._subscription = Subscription.of(destination, said)
        self._slug = said.get("partnerAction") if isinstance(said, dict) else None
        self._mapping = (said.get("mapping") or {}) if isinstance(said, dict) else {}
        self._settings = settings
        self._zone = zone
        run = self._subscription.run
        self._head = Request("", "", ()) if run is None else run.action.head(settings)._replace(body=None)

    @cached_property
    def _one(self) -> plans.Plan | None:
        return self._planned(single=True)

    @cached_property
    def _many(self) -> plans.Plan | None:
        return self._planned(single=False)

    def _planned(self, *, single: bool) -> plans.Plan | None:
        run, trigger = self._subscription.run, self._subscription.trigger
        if run is None or trigger is None or trigger.error or not can_be_sent(self._head):
            return None
        return plans.planned(trigger, self._mapping, run.action.schema, run.action.layout, single=single)

    def event(self, read: Text) -> Outgoing:
        plan = self._one if read.is_raw else None
        try:
            made = plan(read.value, self._zone) if plan else plans.ODD
            if made.__class__ is dict:
                return Outgoing(self._head, orjson.dumps([made]), _NOTHING)
            if made is None:
                return _NOT_SUBSCRIBED
        except _LEFT_TO_THE_EXACT_WAY:
            pass
        return self._exact_event(read.exact())

    def batch(self, read: Text) -> Outgoing:
        plan = self._many if read.is_raw else None
        try:
            outgoing = self._planned_batch(plan, read) if plan else None
        except _LEFT_TO_THE_EXACT_WAY:
            outgoing = None
        return self._exact_batch(read.exact()) if outgoing is None else outgoing

    def _planned_batch(self, plan: plans.Plan, read: Text) -> Outgoing | None:
        """The outcome of a batch by *plan*, odd events by the exact way; None if one of these fails the whole call."""
        zone = self._zone
        items: list[Any] = []
        unsent: dict[int, str] = {}
        for index, event in enumerate(read.value):
            made = plan(event, zone)
            if made.__class__ is dict:
                items.append(made)
            elif made is None:
                unsent[index] = NOT_SUBSCRIBED
            else:
                alone = self._exact_batch([read.exact_item(index)])
                if alone.error or not has_usual_context(event):
                    return None
                if alone.head is None:
                    unsent[index] = alone.unsent[0]
                else:
                    items.append(orjson.Fragment(alone.body[1:-1]))
        if not items and all(reason == NOT_SUBSCRIBED for reason in unsent.values()):
            return Outgoing(None, b"", unsent)
        reasons = {index: UNFIT if reason == NOT_SUBSCRIBED else reason for index, reason in unsent.items()}
        return Outgoing(self._head, orjson.dumps(items), reasons) if items else Outgoing(None, b"", reasons)

    def _exact_event(self, event: Any) -> Outgoing:
        def reasons(results: Results) -> dict[int, str]:
            if not results:
                return {0: no_action(self._slug)}
            return {0: results[0]["output"]} if len(results) == 1 else {}

        subscription = self._subscription
        return _recorded(lambda send: event_results(subscription, event, self._settings, send, self._zone), reasons)

    def _exact_batch(self, events: list[Any]) -> Outgoing:
        def reasons(results: Results) -> Mapping[int, str]:
            (result,) = results
            if "output" in result:
                return {index: result["output"] for index, _ in enumerate(events)}
            nodes = enumerate(result["multistatus"])
            return {index: node["errormessage"] for index, node in nodes if "errormessage" in node}

        subscription = self._subscription
        made = _recorded(lambda send: batch_results(subscription, events, self._settings, send, self._zone), reasons)
        if made.error is None or not subscription.is_of_no_action:
            return made
        try:
            taken = [subscription.matches(event) for event in events]
        except CallError:  # the call failed over the trigger, before it came to the action
            return made
        missing = no_action(self._slug)
        return made._replace(unsent={index: missing if fits else UNFIT for index, fits in enumerate(taken)})


_NOTHING: Final[Mapping[int, str]] = {}
_NOT_SUBSCRIBED: Final = Outgoing(None, b"", {0: NOT_SUBSCRIBED})


def _recorded(call: Callable[[Send], Results], reasons: Callable[[Results], Mapping[int, str]]) -> Outgoing:
    """What *call* would send, and what its results say of the rest."""
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return _ANSWER

    try:
        results = call(send)
    except CallError as error:
        return Outgoing(None, b"", _NOTHING, error)
    head, body = (sent[0]._replace(body=None), (sent[0].body or "").encode()) if sent else (None, b"")
    return Outgoing(head, body, reasons(results))
