"""
The way in: region, key, limits, decode, judge, answer. Plain functions of what arrived; no sockets, no storage.

Two kinds of request leave no record, since nobody's account may hold them: those without a key, and those with a key
that was not made for tests. Everything else becomes a `Record`, refused or not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mockodp_contracts import Severity, catalog

from mockodp.answers import BODILESS, Answer, refusal_answer
from mockodp.body import REASONS_SHOWN, Items, decode
from mockodp.errors import BodyIncomplete, ContractBroken, Refusal, TooLarge, Unauthorized, Undecodable, WrongRegion
from mockodp.faults.clock import Clocks
from mockodp.judgement import Judgement, judgement_on
from mockodp.keys import Account, Keyring
from mockodp.records import Received, Record, RecordIds, masked_headers, masked_query
from mockodp.routes import ROUTES, Route, find_route
from mockodp.settings import Settings


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What is to be done with a request: the answer, and the record if there is one.

    A fault changes *answer*; the record goes on saying what would have been answered.
    """

    answer: Answer
    record: Record | None
    refusal: Refusal | None = None
    faults: tuple[Mapping[str, Any], ...] = ()
    """The faults that fell on it, as its record names them."""
    sent: str = ""
    """What the client sees because of them: a status, ``RST`` or ``???``; else that of the answer."""
    is_kept: bool = True
    """Whether the record goes into the journal."""

    @property
    def status(self) -> str:
        """What the client sees."""
        return self.sent or str(self.answer.status)


class Ingest:
    """The road of an emulated endpoint, for one set of settings."""

    def __init__(self, settings: Settings, keyring: Keyring, ids: RecordIds, clocks: Clocks | None = None) -> None:
        self._settings = settings
        self._clocks = clocks or Clocks()
        self._keyring = keyring
        self._ids = ids
        self._written = _success(settings.write_status, settings.write_answer)
        self._authorised = _success(settings.auth_status, settings.auth_answer)
        self._judges = {route.endpoint: catalog().judge(route.contract) for route in ROUTES if route.contract}

    def __call__(self, received: Received, started_ns: int) -> Judged:
        """The answer to a request, and its record if an account may hold it."""
        try:
            account = self._account(received)
        except Refusal as refusal:
            return Judged(refusal_answer(refusal, received.at_us), None, refusal)
        if not self._clocks.is_real(account.name):
            received = replace(received, at_us=self._clocks.now_us(account.name, received.at_us))
        return self._judge(received, account, started_ns)

    def _account(self, received: Received) -> Account:
        authorization = received.header(b"authorization")
        if authorization is None:
            find_route(received.method, received.path)  # a stray call learns what is here, not that it lacks a key
            raise Unauthorized("Header 'authorization' is missing, expected 'Bearer KEY'.")
        return self._keyring.account(authorization)

    def _judge(self, received: Received, account: Account, started_ns: int) -> Judged:
        route: Route | None = None
        items: Items | None = None
        judgement: Judgement | None = None
        try:
            route = find_route(received.method, received.path)
            account.enter(received.region)
            self._check_arrival(received)
            if route.takes_items:
                items = self._items(received)
                judgement = judgement_on(self._judges[route.endpoint], items, received.at_us)
                self._check_contract(judgement, items)
            answer, refusal = self._written if route.takes_items else self._authorised, None
        except Refusal as fault:
            answer, refusal = refusal_answer(fault, received.at_us), fault
        record = Record(
            id=self._ids.next(),
            account=account.name,
            region=received.region.value,
            endpoint=route.endpoint if route else None,
            method=received.method,
            path=received.path + ("?" + masked_query(received.query) if received.query else ""),
            at_us=received.at_us,
            duration_us=(time.perf_counter_ns() - started_ns) // 1000,
            status=answer.status,
            headers=masked_headers(received.headers),
            body=received.body,
            answer=answer.body,
            items=None if items is None else len(items),
            refusal=_kept(refusal) if refusal else None,
            verdict=judgement.word if judgement else None,
            packed_judgement=judgement.packed() if judgement else None,
        )
        return Judged(answer, record, refusal)

    def _check_arrival(self, received: Received) -> None:
        limit = self._settings.max_body
        if received.over_limit:
            announced = f", {received.announced} announced" if received.announced else ""
            raise TooLarge(
                f"Body is over the limit of {limit} bytes{announced}. The first {len(received.body)} are kept."
            )
        if received.misframed:
            raise Undecodable(
                f"Body is misframed after {len(received.body)} bytes: {received.misframed}. The connection is closed."
            )
        if received.broken_off:
            of = f" of {received.announced}" if received.announced else ""
            raise BodyIncomplete(f"Body broke off after {len(received.body)}{of} bytes: {received.broken_off}.")

    def _items(self, received: Received) -> Items:
        return decode(
            received.body,
            content_type=received.header(b"content-type"),
            encoding=received.header(b"content-encoding"),
            max_body=self._settings.max_body,
            max_items=self._settings.max_items,
        )

    def _check_contract(self, judgement: Judgement, items: Items) -> None:
        """With --strict a broken contract is a refusal; without it the judgement stays beside the record."""
        if self._settings.strict and judgement.word == "fail":
            raise _broken(judgement, items)


def _success(status: int, body: str) -> Answer:
    return Answer(status, b"" if status in BODILESS else body.encode())


def _broken(judgement: Judgement, items: Items) -> ContractBroken:
    errors = judgement.violations(items, [Severity.ERROR])
    reasons = tuple(
        {"event": int(at), "message": str(error), "rule": error.rule, "pointer": error.pointer}
        for error in errors
        for at in error.pointer.split("/")[1:2]
    )
    count = f"{len(errors)} violation{'s' * (len(errors) != 1)}"
    more = f" The first {REASONS_SHOWN} are listed." if len(reasons) > REASONS_SHOWN else ""
    first = f": {errors[0]}" if errors else ""
    return ContractBroken(
        f"{count} of the contract {judgement.contract}, which --strict refuses{first}.{more}", reasons[:REASONS_SHOWN]
    )


def _kept(refusal: Refusal) -> dict[str, Any]:
    """A refusal as the record keeps it."""
    kept: dict[str, Any] = {"code": refusal.code, "message": refusal.message, "reasons": list(refusal.reasons)}
    if isinstance(refusal, WrongRegion):
        kept["finding"] = "residency"
    return kept
