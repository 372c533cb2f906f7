"""Faults as other people see them: as they were told, in a few words, with what they did so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mockodp.answers import timestamp
from mockodp.fault_words import did_nothing
from mockodp.faults.model import EVERY_ACCOUNT, Delay, Effect, Fault, Match, Step
from mockodp.faults.plan import Armed
from mockodp.faults.presets import PRESETS

_UNITS: Final = ((3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms"))


def fault_shown(armed: Armed, now_us: int, account: str | None = None) -> dict[str, Any]:
    """
    A fault at *now_us* on the clock of its account.

    With *account* its counts are of that one alone; that matters for a fault of every account.
    """
    fault = armed.fault
    met, struck = _counts(armed, account)
    return {
        "id": fault.id,
        "name": fault.name,
        "account": fault.account,
        "told": fault.said,
        "does": words(fault),
        "armed_at": timestamp(armed.begun_us(account or fault.account)),
        "met": met,
        "struck": struck,
        "idle": not met or (not struck and fault.budget is None),
        "state": state(armed, now_us, account),
        **_blocked(armed, account),
    }


def _counts(armed: Armed, account: str | None) -> tuple[int, int]:
    """How many requests it met and struck, of everybody or of one account; a handshake is one of everybody."""
    if account is None:
        return armed.met, armed.struck
    tallies = [armed.tallies[each] for each in (account, EVERY_ACCOUNT) if each in armed.tallies]
    return sum(tally.met for tally in tallies), sum(tally.struck for tally in tallies)


def _blocked(armed: Armed, account: str | None) -> dict[str, Any]:
    """How many requests it was not asked about, since another fault struck them, and which that was; or nothing."""
    found = [blocked for name, blocked in armed.blocked.items() if account in (None, name)]
    if not found:
        return {}
    behind = found[-1].behind
    named = behind.id if behind.name == behind.id else f"{behind.id} ({behind.name})"
    return {"blocked": sum(each.count for each in found), "behind": named}


def checked(faults: Sequence[Mapping[str, Any]], account: str | None = None) -> dict[str, Any]:
    """Whether every one of *faults*, as they are shown, did what it was armed for; none is no proof of anything."""
    idle = [fault for fault in faults if fault["idle"]]
    if not faults:
        whose = "" if account is None else f" for account {account!r}"
        message = f"No fault is armed{whose}, so nothing was checked."
    elif idle:
        message = f"{len(idle)} of {_counted(len(faults), 'fault')} did nothing: {'; '.join(map(idleness, idle))}."
    else:
        did = "did what it was" if len(faults) == 1 else "did what they were"
        message = f"{_counted(len(faults), 'fault')} {did} armed for."
    return {"verdict": "pass" if faults and not idle else "fail", "message": message, "faults": list(faults)}


def idleness(fault: Mapping[str, Any]) -> str:
    """Why a fault that is idle counts so, in words."""
    named = f"{fault['id']} ({fault['name']}, account {fault['account']!r})"
    return f"{named} {did_nothing(fault)}"


def state(armed: Armed, now_us: int, account: str | None = None) -> str:
    """``armed``, ``expired`` when its time is over, ``used_up`` when it struck for the last time; of one account."""
    if armed.has_expired(account or armed.fault.account, now_us):
        return "expired"
    return "used_up" if armed.fault.account != EVERY_ACCOUNT and armed.is_over(now_us) else "armed"


def presets_shown() -> list[dict[str, Any]]:
    """The ready faults."""
    return [
        {
            "name": name,
            "summary": preset.summary,
            "evidence": preset.evidence.value,
            "source": preset.source,
            "fault": preset.fault,
        }
        for name, preset in PRESETS.items()
    ]


def words(fault: Fault) -> str:
    """What a fault does and to which requests, in a line."""
    steps = ", then ".join(map(_step, fault.steps)) + (", again and again" if fault.repeat else "")
    parts = [steps, *_of_match(fault.match)]
    if fault.budget is not None:
        parts.append(f"over {_counted(fault.budget.tokens, 'request')} in {duration(fault.budget.per_us)}")
    if fault.most_requests is not None:
        parts.append(f"{_counted(fault.most_requests, 'request')} at most")
    if fault.lifetime_us is not None:
        parts.append(f"for {duration(fault.lifetime_us)}")
    return "; ".join(parts)


def duration(length_us: float) -> str:
    """A time as people write it, in the largest unit that leaves it whole."""
    for unit_us, unit in _UNITS:
        if length_us >= unit_us and length_us % unit_us == 0:
            return f"{length_us / unit_us:g}{unit}"
    return f"{length_us / 1000:g}ms"


def effect_words(effect: Effect | None) -> str:
    """What an effect does, before anything is drawn."""
    if effect is None:
        return "nothing"
    said = [f"status {effect.status}"] if effect.status is not None else []
    said += [f"Retry-After {effect.retry_after}"] if effect.retry_after is not None else []
    if effect.fail is not None:
        which = effect.fail if isinstance(effect.fail, str) else ", ".join(map(str, effect.fail))
        said.append(f"items failed: {which}")
    said += [f"delay {_delay(effect.delay)}"] if effect.delay is not None else []
    if effect.wire is not None:
        length = f" {duration(effect.wire_s * 1e6)}" if effect.wire_s is not None else ""
        said.append(f"{effect.wire.value.replace('_', ' ')}{length}")
    return ", ".join(said)


def _step(step: Step) -> str:
    if step.for_us is not None:
        return f"for {duration(step.for_us)} {effect_words(step.effect)}"
    if step.times is None:
        return effect_words(step.effect)
    return f"{'once' if step.times == 1 else f'{step.times} times'} {effect_words(step.effect)}"


def _delay(delay: Delay) -> str:
    if delay.kind == "lognormal":
        return f"around {duration(delay.values[0] * 1e6)}"
    if delay.kind == "percentiles":
        points = zip(delay.values[::2], delay.values[1::2], strict=True)
        return ", ".join(f"p{percent:g} {duration(seconds * 1e6)}" for percent, seconds in points)
    return " to ".join(duration(seconds * 1e6) for seconds in delay.values)


def _of_match(match: Match) -> Iterator[str]:
    if match.region or match.endpoint:
        yield " ".join(["only", *filter(None, (match.region, match.endpoint))])
    if match.item is not None:
        yield "only with such an item"
    if match.nth:
        yield f"only number {', '.join(map(str, match.nth))}"
    if match.every > 1:
        yield f"only every {_ordinal(match.every)}"
    if match.probability < 1:
        yield f"with probability {match.probability:g}"


def _ordinal(number: int) -> str:
    is_teen = number // 10 % 10 == 1
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
