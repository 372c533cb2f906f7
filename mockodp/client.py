"""A Python client of the control API. The command line and the tests of other projects use this one."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2
import orjson

from mockodp.client_faults import Clock, timed, unproved
from mockodp.errors import ControlError, EnvironmentNotReady, MockODPError, VerificationError
from mockodp.regions import Region

_SLACK_SECONDS = 10.0
_ENDLESS = httpx2.Timeout(None, connect=_SLACK_SECONDS)


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """An account and what a destination needs to reach it."""

    name: str
    key: str
    base_urls: Mapping[str, str]


class Client:
    """Talks to one running mock."""

    def __init__(self, url: str, token: str = "", *, tls_url: str | None = None, ca: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.tls_url = tls_url
        self.ca = ca
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(
            base_url=self.url, headers=headers, timeout=_SLACK_SECONDS, trust_env=False, verify=_trust(self.url, ca)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def is_ready(self) -> bool:
        """Whether the mock takes requests."""
        try:
            return bool(self._http.get("/_mock/ready").status_code == 200)  # noqa: PLR2004
        except httpx2.TransportError:
            return False

    def version(self) -> str:
        """The version of the mock that answers."""
        found: str = self._call("GET", "/_mock/ready")["version"]
        return found

    def open_account(self, name: str | None = None, region: Region | str | None = None) -> OpenedAccount:
        """A new account, or the one of that name, with its test key."""
        wanted = {key: str(value) for key, value in (("name", name), ("region", region)) if value}
        opened = self._call("POST", "/_mock/accounts", json=wanted)
        return OpenedAccount(opened["name"], opened["key"], opened["base_urls"])

    def accounts(self) -> list[dict[str, Any]]:
        """Every account with what it holds."""
        listed: list[dict[str, Any]] = self._call("GET", "/_mock/accounts")["accounts"]
        return listed

    def reset(self, account: str) -> int:
        """Forget an account with all its records, faults and its time; how many records there were."""
        forgotten: int = self._call("DELETE", f"/_mock/accounts/{quote(account, safe='')}")["forgotten"]
        return forgotten

    def reset_all(self) -> list[dict[str, Any]]:
        """Forget all accounts, records, faults and moved clocks; the accounts with what they held."""
        forgotten: list[dict[str, Any]] = self._call("DELETE", "/_mock/accounts")["accounts"]
        return forgotten

    def records(self, **filters: Any) -> dict[str, Any]:
        """One page of records: ``{"records": [...], "dropped": n, "next": cursor or None}``."""
        page: dict[str, Any] = self._call("GET", "/_mock/records", params=_given(filters))
        return page

    def items(self, **filters: Any) -> dict[str, Any]:
        """One page of items: ``{"items": [...], "dropped": n, "next": cursor or None}``."""
        page: dict[str, Any] = self._call("GET", "/_mock/items", params=_given(filters))
        return page

    def record(self, record_id: str) -> dict[str, Any]:
        """One record with everything known of it."""
        record: dict[str, Any] = self._call("GET", f"/_mock/records/{quote(record_id, safe='')}")
        return record

    def item(self, item_id: str) -> dict[str, Any]:
        """One item of a batch, addressed as ``<record id>.<index>``."""
        item: dict[str, Any] = self._call("GET", f"/_mock/items/{quote(item_id, safe='')}")
        return item

    def body(self, record_id: str) -> bytes:
        """The raw bytes of a record's body."""
        return self._answered("GET", f"/_mock/records/{quote(record_id, safe='')}/body").content

    def verify(self, account: str, **wanted: Any) -> dict[str, Any]:
        """
        The outcome of a verification, whatever its verdict.

        *wanted*: match, schema, contract, verdict, answered, type, action, endpoint, region, count, within, quiet,
        after; or expectations, ordered.
        """
        outcome: dict[str, Any] = self._call(
            "POST", "/_mock/verify", json={"account": account, **_given(wanted)}, timeout=_ENDLESS
        )
        return outcome

    def expect(self, account: str, **wanted: Any) -> dict[str, Any]:
        """As `verify`, but a verdict other than pass raises `VerificationError`, which explains itself."""
        __tracebackhide__ = True  # pytest shows the line of the test, not this one
        outcome = self.verify(account, **wanted)
        if outcome["verdict"] != "pass":
            raise VerificationError(explained(outcome), outcome)
        return outcome

    # -- faults and time ----------------------------------------------------------------------------------------

    def arm_fault(self, account: str | OpenedAccount, **told: Any) -> dict[str, Any]:
        """
        Arm a fault for *account*, ``"*"`` for everybody; it with its id.

        *told*: preset, or effect, or sequence and repeat; match, budget, expires, name.
        """
        wanted = timed({"account": _name(account), **_given(told)})
        armed: dict[str, Any] = self._call("POST", "/_mock/faults", json=wanted)["faults"][0]
        return armed

    def arm_faults(self, faults: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Arm all of *faults*, each with its account, or none of them."""
        armed: list[dict[str, Any]] = self._call("POST", "/_mock/faults", json=timed(list(faults)))["faults"]
        return armed

    @contextmanager
    def fault(self, account: str | OpenedAccount, *, must_meet: bool = True, **told: Any) -> Iterator[dict[str, Any]]:
        """
        A fault as `arm_fault` arms it, for as long as the block lasts.

        `VerificationError` if it did nothing by then, unless *must_meet* is false or the block failed anyway.
        """
        __tracebackhide__ = True  # pytest shows the line of the test, not this one
        armed = self.arm_fault(account, **told)
        try:
            yield armed
        except BaseException:
            with suppress(MockODPError):  # what went wrong in the block is what matters
                self._disarmed(armed["id"])
            raise
        last = self._disarmed(armed["id"])
        if must_meet and (last is None or last["idle"]):
            raise VerificationError(unproved(last or armed, was_there=last is not None), last)

    def faults(self, account: str | OpenedAccount | None = None) -> list[dict[str, Any]]:
        """Every fault, or those that may fall on *account*, with what they did so far, there."""
        listed: list[dict[str, Any]] = self._call("GET", "/_mock/faults", params=_of(account))["faults"]
        return listed

    def fault_presets(self) -> list[dict[str, Any]]:
        """The ready faults."""
        listed: list[dict[str, Any]] = self._call("GET", "/_mock/faults/presets")["presets"]
        return listed

    def disarm(self, fault_id: str) -> dict[str, Any]:
        """Take a fault away; it with what it did."""
        gone: dict[str, Any] = self._call("DELETE", f"/_mock/faults/{quote(fault_id, safe='')}")
        return gone

    def disarm_all(self, account: str | OpenedAccount | None = None) -> list[dict[str, Any]]:
        """Take away every fault, or those of *account* alone, or those armed for ``"*"``; they with what they did."""
        gone: list[dict[str, Any]] = self._call("DELETE", "/_mock/faults", params=_of(account))["faults"]
        return gone

    def check_faults(self, account: str | OpenedAccount | None = None) -> dict[str, Any]:
        """Whether every fault, or every one that may fall on *account*, did what it was armed for."""
        outcome: dict[str, Any] = self._call("GET", "/_mock/faults/check", params=_of(account))
        return outcome

    def clock(self, account: str | OpenedAccount) -> Clock:
        """The clock of *account*, which drives its time stamps, rates and the expiry of its faults."""
        return Clock(self._call, _name(account))

    def _disarmed(self, fault_id: str) -> dict[str, Any] | None:
        """A fault that is taken away; None if that happened before."""
        try:
            return self.disarm(fault_id)
        except ControlError as error:
            if error.status == 404:  # noqa: PLR2004
                return None
            raise

    def stream(self, account: str | None = None, after: str | None = None) -> Iterator[dict[str, Any]]:
        """Records as they arrive, without end."""
        with self._streamed("/_mock/stream", {"account": account, "after": after}) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield orjson.loads(line[6:])

    def export(self, form: str, **filters: Any) -> Iterator[bytes]:
        """The records that meet *filters* as ``ndjson`` or ``har``, piece by piece."""
        with self._streamed(f"/_mock/records.{form}", filters) as answer:
            yield from answer.iter_bytes()

    def fidelity(self) -> list[dict[str, Any]]:
        """How true the mock is to ODP, rule by rule."""
        rules: list[dict[str, Any]] = self._call("GET", "/_mock/fidelity")["rules"]
        return rules

    def metrics(self) -> dict[str, float]:
        """The counters that have no labels, by name."""
        lines = self._answered("GET", "/_mock/metrics").text.splitlines()
        plain = (line.split(" ") for line in lines if "{" not in line and not line.startswith("#"))
        return {name: float(value) for name, value in plain}

    def settings(self) -> dict[str, Any]:
        """The settings in force."""
        settings: dict[str, Any] = self._call("GET", "/_mock/settings")
        return settings

    @contextmanager
    def _streamed(self, path: str, params: Mapping[str, Any]) -> Iterator[httpx2.Response]:
        """An answer read piece by piece; silence is no fault, but a connection that breaks is."""
        try:
            with self._http.stream("GET", path, params=_given(params), timeout=_ENDLESS) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refused(answer)
                yield answer
        except httpx2.ConnectError as error:
            raise self._absent(error) from error
        except httpx2.TransportError as error:
            raise EnvironmentNotReady(f"The mock at {self.url} went away: {error}.") from error

    def _absent(self, error: Exception) -> EnvironmentNotReady:
        return EnvironmentNotReady(f"No mock answers at {self.url}: {error}. Is it up? Start one with 'mockodp serve'.")

    def _call(self, method: str, path: str, **more: Any) -> Any:
        return orjson.loads(self._answered(method, path, **more).content)

    def _answered(self, method: str, path: str, **more: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx2.TransportError as error:
            raise self._absent(error) from error
        if answer.is_error:
            raise _refused(answer)
        return answer


def _trust(url: str, ca: str | None) -> ssl.SSLContext | bool:
    """Whom to trust at *url*; for plain HTTP a context without authorities, which takes no time to make."""
    if url.startswith("https:"):
        return ssl.create_default_context(cafile=ca) if ca else True
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def explained(outcome: Mapping[str, Any]) -> str:
    """A failed verification as text: what was expected, and the nearest misses place by place."""
    lines = [outcome["message"]]
    for number, tally in enumerate(outcome["expectations"]):
        for miss in tally.get("nearest", ()):
            of = f" of expectation {number}" if len(outcome["expectations"]) > 1 else ""
            lines.append(f"Nearest miss{of}: {miss['id']}")
            lines += [f"  {_difference(each)}" for each in miss["differences"]]
    plural = "" if outcome["considered"] == 1 else "s"
    lines.append(f"{outcome['considered']} accepted record{plural} considered, {outcome['dropped']} dropped.")
    return "\n".join(lines)


def _difference(difference: Mapping[str, Any]) -> str:
    place = difference["pointer"] or "(item)"
    if "message" in difference:
        return f"{place}: {difference['message']}"
    was = f"was {difference['actual']!r}" if "actual" in difference else "was absent"
    return f"{place}: expected {difference['expected']!r}, {was}"


def _refused(answer: httpx2.Response) -> ControlError:
    try:
        message = orjson.loads(answer.content)["detail"]["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        message = f"The answer was {answer.status_code} {answer.text[:200]!r}."
    return ControlError(message, answer.status_code)


def _name(account: str | OpenedAccount) -> str:
    return account if isinstance(account, str) else account.name


def _of(account: str | OpenedAccount | None) -> dict[str, str]:
    return {} if account is None else {"account": _name(account)}


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None; booleans as JSON writes them."""
    return {name: value for name, value in values.items() if value is not None}
