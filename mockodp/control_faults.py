"""The calls of the control API that arm faults and turn clocks, below ``/_mock/faults`` and ``/_mock/clock``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mockodp import openapi
from mockodp.answers import timestamp
from mockodp.control_answers import json_answer
from mockodp.errors import QueryError
from mockodp.faults.reading import duration_us
from mockodp.faults.schema import CLOCK, FAULTS
from mockodp.faults.shown import checked, presets_shown
from mockodp.mock import MockODP
from mockodp.parameters import moment_us, read_body, read_parameters

_NAMED: Final = ("presets", "check")
"""Calls beside the faults: what they do not take is not looked for among the faults."""
_LATEST_US: Final = 32_503_680_000_000_000
"""The year 3000: where a clock may be set to, it must be able to go on for a while."""


def fault_routes(mock: MockODP) -> list[Route]:
    """The routes of one mock; the named ones before those with an id."""
    calls = FaultControl(mock)
    return [
        Route("/_mock/faults", calls.faults, methods=["GET"]),
        Route("/_mock/faults", calls.arm, methods=["POST"]),
        Route("/_mock/faults", calls.disarm_all, methods=["DELETE"]),
        Route("/_mock/faults/presets", calls.presets, methods=["GET"]),
        Route("/_mock/faults/check", calls.check, methods=["GET"]),
        Route("/_mock/faults/{id}", calls.fault, methods=["GET"]),
        Route("/_mock/faults/{id}", calls.disarm, methods=["DELETE"]),
        Route("/_mock/clock", calls.clock, methods=["GET"]),
        Route("/_mock/clock", calls.set_clock, methods=["POST"]),
    ]


class FaultControl:
    """The calls, each a Starlette endpoint."""

    def __init__(self, mock: MockODP) -> None:
        self._armoury = mock.armoury
        self._keyring = mock.keyring
        self._clocks = mock.clocks

    async def faults(self, request: Request) -> Response:
        given = read_parameters(request, openapi.OF_ACCOUNT)
        return json_answer({"faults": self._armoury.shown(self._account(given))})

    async def arm(self, request: Request) -> Response:
        read_parameters(request, ())
        body = await read_body(request, _one_or_several)
        is_list = isinstance(body, list)
        armed = self._armoury.arm(body if is_list else [body], _place if is_list else None)
        return json_answer({"faults": [self._armoury.shown_one(each) for each in armed]}, 201)

    async def disarm_all(self, request: Request) -> Response:
        given = read_parameters(request, openapi.WHICH_FAULTS)
        return json_answer({"faults": self._armoury.disarm_all(self._account(given))})

    async def fault(self, request: Request) -> Response:
        return self._one(request, self._armoury.found)

    async def disarm(self, request: Request) -> Response:
        return self._one(request, lambda fault_id: next(iter(self._armoury.disarm([fault_id])), None))

    def _one(self, request: Request, find: Callable[[str], Mapping[str, Any] | None]) -> Response:
        fault_id = request.path_params["id"]
        if fault_id in _NAMED:
            raise HTTPException(405)
        read_parameters(request, ())
        found = find(fault_id)
        if found is None:
            raise HTTPException(404, f"There is no fault {fault_id[:40]!r}. {self._known_faults()}")
        return json_answer(found)

    def _known_faults(self) -> str:
        ids = [armed.fault.id for armed in self._armoury.plan.armed()]
        return f"Armed: {', '.join(ids[:20])}{' …' if len(ids) > 20 else ''}." if ids else "None is armed."  # noqa: PLR2004

    async def presets(self, request: Request) -> Response:
        read_parameters(request, ())
        return json_answer({"presets": presets_shown()})

    async def check(self, request: Request) -> Response:
        account = self._account(read_parameters(request, openapi.OF_ACCOUNT))
        return json_answer(checked(self._armoury.shown(account), account))

    def _account(self, given: Mapping[str, Any]) -> str | None:
        """The account that is asked for, which a key is not."""
        account: str | None = given.get("account")
        name = None if account is None else self._keyring.account_of_key(account)
        if name is not None:
            raise _wrong_parameter("account", f"Parameter 'account' is a key; its account is {name!r}.")
        return account

    # -- clocks -------------------------------------------------------------------------------------------------

    async def clock(self, request: Request) -> Response:
        given = read_parameters(request, openapi.OF_THE_CLOCK)
        self._account(given)
        return json_answer(self._clock(_required(given, "the account whose clock is meant")))

    async def set_clock(self, request: Request) -> Response:
        read_parameters(request, ())
        wanted = await read_body(request, lambda _: CLOCK)
        _check_clock(wanted)
        account: str = wanted["account"]
        if (name := self._keyring.account_of_key(account)) is not None:
            raise _wrong("/account", f"is a key; its account is {name!r}.")
        self._move(account, wanted)
        if wanted.get("freeze"):
            self._clocks.freeze(account)
        elif "freeze" in wanted:
            self._clocks.thaw(account)
        elif wanted.get("reset"):
            self._armoury.reset_time(account)
        return json_answer(self._clock(account))

    def _move(self, account: str, wanted: Mapping[str, Any]) -> None:
        """Set the clock or let time pass, where that is asked for."""
        if not wanted.keys() & {"set", "advance"}:
            return
        name, move = ("set", self._armoury.set_time) if "set" in wanted else ("advance", self._clocks.set)
        told = wanted[name]
        new_us = moment_us(told) if name == "set" else self._clocks.now_us(account) + duration_us(told)
        if new_us is None or not 0 <= new_us < _LATEST_US:
            raise _wrong(f"/{name}", f"{told!r} leads to no time from 1970 to 2999.")
        move(account, new_us)

    def _clock(self, account: str) -> dict[str, Any]:
        return {
            "account": account,
            "now": timestamp(self._clocks.now_us(account)),
            "frozen": self._clocks.is_frozen(account),
            "real": self._clocks.is_real(account),
        }


def _check_clock(wanted: Mapping[str, Any]) -> None:
    """Refuse what asks for nothing, or for two things at once."""
    asked = [name for name in ("reset", "set", "advance", "freeze") if name in wanted]
    if not asked:
        raise _wrong("", "asks for nothing, expected one of freeze, set, advance, reset.")
    if "reset" in asked and len(asked) > 1:
        raise _wrong("/reset", f"makes it real time again, and does not go with {asked[1]}.")
    if {"set", "advance"} <= set(asked):
        raise _wrong("/advance", "does not go with set: add it to the time that is set.")


def _required(given: Mapping[str, Any], what: str) -> str:
    if "account" not in given:
        raise _wrong_parameter("account", f"Parameter 'account' is missing, expected {what}.")
    account: str = given["account"]
    return account


def _wrong_parameter(name: str, reason: str) -> QueryError:
    return QueryError(reason, ({"field": name, "reason": reason},))


def _wrong(field: str, reason: str) -> QueryError:
    return QueryError(f"{field or 'Body'}: {reason}", ({"field": field, "reason": reason},))


def _one_or_several(body: Any) -> Mapping[str, Any]:
    """As much of the shape as is not asked of each fault by itself, so that all reasons of all of them are told."""
    return {name: FAULTS[name] for name in ("type", "minItems", "maxItems")} if isinstance(body, list) else {}


def _place(index: int, field: str) -> str:
    return f"/{index}{field}"
