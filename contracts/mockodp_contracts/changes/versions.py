"""Two versions of all contracts side by side: what differs, what each says of a payload, and which change is why."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from mockodp_contracts.catalogue import RULES, URN, Catalog, Contract, Direction
from mockodp_contracts.changes.facets import Change, Facet, Key, asked, canonical, changes, facets
from mockodp_contracts.changes.rules import LOOSENED, TIGHTENED
from mockodp_contracts.errors import BrokenContract, ContractError
from mockodp_contracts.explained import explained
from mockodp_contracts.judging import Finding
from mockodp_contracts.violation import Severity, Violation

_OF_OTHERS: Final = "additionalProperties"


class Version:
    """One side: its contracts, and what they ask for; *broken* says of some why they cannot be read."""

    def __init__(self, catalog: Catalog, now: datetime) -> None:
        self.catalog = catalog
        self.broken: dict[str, str] = {}
        self.facets: dict[str, list[Facet]] = {}
        self._now = now
        self._reached: dict[str, frozenset[str]] = {}
        _ = catalog.rules  # if they are broken nothing can be said of any contract
        for name in catalog.names:
            try:
                self.facets[name] = self._facets(name)
            except Exception as error:  # whatever a file may hold
                self.broken[name] = trouble(name, error)

    def _facets(self, name: str) -> list[Facet]:
        """What the contract *name* itself asks for; its examples and its number are read too."""
        contract = self.catalog[name]
        number(contract)
        _ = contract.good, contract.bad, asked(contract.schema), contract.refs
        return facets(self.catalog, contract)

    def reached(self, name: str) -> frozenset[str]:
        """The contracts that the contract *name* is made of, itself too."""
        if name not in self._reached:
            found, ahead = {name}, [name]
            while ahead:
                each = ahead.pop()
                more = self.catalog[each].refs - found if each in self.facets else frozenset[str]()
                found |= more
                ahead += more
            self._reached[name] = frozenset(found)
        return self._reached[name]

    def text(self, name: str) -> bytes:
        """All that the contract *name* itself asks for; equal for equal contracts."""
        rules = sorted((facet.key, facet.sense) for facet in self.facets[name] if facet.key.keyword == "rule")
        return canonical([asked(self.catalog[name].schema), [[*key, sense.decode()] for key, sense in rules]])

    def refusals(self, name: str, payload: Any) -> list[Finding]:
        """Why the contract *name* refuses *payload*; nothing if it takes it."""
        found, _ = self.catalog.judge(name).findings(payload, self._now)
        return [refusal for refusal in found if refusal.severity is Severity.ERROR]

    def violation(self, refusal: Finding, payload: Any) -> Violation:
        """*refusal* of *payload* for people; of several items the first."""
        return explained(self.catalog, [refusal], payload)[0]

    def facet_at(self, refusal: Finding) -> Facet | None:
        """The facet that *refusal* is about, or that holds what it is about."""
        name, at = _standing(refusal)
        while name in self._at and at:
            if facet := self._at[name].get(at):
                return facet
            at = at.rpartition("/")[0]
        return None

    def keyword(self, refusal: Finding) -> str:
        """The keyword that *refusal* is about."""
        facet = self.facet_at(refusal)
        return facet.key.keyword if facet else ""

    @cached_property
    def _at(self) -> dict[str, dict[str, Facet]]:
        shapes = {name: [f for f in found if f.key.keyword != "rule"] for name, found in self.facets.items()}
        return {name: {facet.at: facet for facet in found} for name, found in shapes.items()}


class Disagreement(NamedTuple):
    """
    A payload that one side takes, and why the other, *refuser*, does not.

    It is *masked* where the new side refuses it too, but only for changes at other places: without these it would take
    what the old side refuses.
    """

    contract: str
    payload: Any
    direction: str
    refuser: Version
    refusals: tuple[Finding, ...]
    masked: bool = False


class Versions:
    """Both sides."""

    def __init__(self, old: Catalog, new: Catalog, now: datetime) -> None:
        self.old = Version(old, now)
        self.new = Version(new, now)
        self.catalogs = (old, new)
        self.both = sorted(self.old.facets.keys() & self.new.facets.keys())
        self.gone = sorted(self.old.facets.keys() - set(new.names))
        self.come = sorted(self.new.facets.keys() - set(old.names))

    @cached_property
    def changes(self) -> dict[Key, Change]:
        """What differs in contracts that both sides have."""
        found: dict[Key, Change] = {}
        for name in self.both:
            found |= changes(self.old.facets[name], self.new.facets[name])
        return found

    @cached_property
    def affected(self) -> list[str]:
        """The contracts that differ, or are made of one that does; all others are equal."""
        alike = {name for name in self.both if self.old.text(name) == self.new.text(name)}
        return [name for name in self.both if not self.old.reached(name) | self.new.reached(name) <= alike]

    def direction(self, name: str) -> Direction:
        catalog = self.old.catalog if name in self.old.facets else self.new.catalog
        return catalog[name].direction

    def disagreement(self, name: str, payload: Any) -> Disagreement | None:
        """How the sides disagree about *payload* for the contract *name*; None if they agree."""
        old, new = self.old.refusals(name, payload), self.new.refusals(name, payload)
        if old and new:
            return self._masked(name, payload, old, new)
        if not old and not new:
            return None
        refuser, direction = (self.new, TIGHTENED) if new else (self.old, LOOSENED)
        return Disagreement(name, payload, direction, refuser, tuple(new or old))

    def _masked(self, name: str, payload: Any, old: list[Finding], new: list[Finding]) -> Disagreement | None:
        """
        What is loosened of *payload*, though the new side refuses it for what is tightened.

        A constraint that was only put in another way refuses at the same place as before, so that counts for nothing.
        """
        if not all(_are_apart(one, other) for one in old for other in new):
            return None
        loosened = Disagreement(name, payload, LOOSENED, self.old, tuple(old), masked=True)
        tightened = Disagreement(name, payload, TIGHTENED, self.new, tuple(new))
        gone, come = (
            {key for refusal in each.refusals for key in self.blamed(each, refusal)} for each in (loosened, tightened)
        )
        return loosened if gone | come <= self.changes.keys() and not gone & come else None

    def said(self, name: str, payload: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What each side says of *payload*."""
        old, new = (
            tuple(str(side.violation(refusal, payload)) for refusal in side.refusals(name, payload))
            for side in (self.old, self.new)
        )
        return old, new

    def blamed(self, of: Disagreement, refusal: Finding) -> list[Key]:
        """The changes that are why there is *refusal*; a key of its own if there is none."""
        name, refuser = of.contract, of.refuser
        found = self._rules(refuser, name, refusal) or self._shapes(refuser, refusal)
        at = unquote(refusal.location.removeprefix(URN))
        return found or self._ways(refuser, name, refusal) or [Key(name, refusal.pointer, "unexplained", at)]

    def _rules(self, refuser: Version, name: str, refusal: Finding) -> list[Key]:
        holder, _ = _standing(refusal)
        reached = refuser.reached(name)
        return [key for key in self.changes if holder == RULES + key.rule and key.contract in reached]

    def _shapes(self, refuser: Version, refusal: Finding) -> list[Key]:
        """Changes of the very thing that refuses."""
        facet = refuser.facet_at(refusal)
        if facet is None:
            return []
        if facet.key.keyword == _OF_OTHERS:
            holder = facet.key.place.rpartition("/")[0]
            last = refusal.pointer.rpartition("/")[2]
            keys = [facet.key._replace(place=f"{holder}/{part}") for part in (last, "*")]
            return [key for key in keys if key in self.changes]
        if facet.key.keyword == "required":
            key = facet.key._replace(place=_beside(facet.key.place, refusal.pointer))
            return [key] if key in self.changes else []
        change = self.changes.get(facet.key)
        side = () if change is None else change.gone if refuser is self.old else change.come
        return [facet.key] if facet in side else []

    def _ways(self, refuser: Version, name: str, refusal: Finding) -> list[Key]:
        """Changes of the way to what refuses: another contract is asked, or asked elsewhere."""
        holder, _ = _standing(refusal)
        of_rule = holder.startswith(RULES)
        owners = set(refuser.catalog.rules[refusal.rule].contracts) if of_rule else {holder}
        found = []
        for key, change in self.changes.items():
            for facet in change.gone if refuser is self.old else change.come:
                asked_for = _contracts(facet.value) if key.contract in refuser.reached(name) else ()
                if any(refuser.reached(each) & owners for each in asked_for):
                    found.append(key)
        at = refuser.facet_at(refusal)
        inner = frozenset[str]().union(*(refuser.reached(each) for each in _contracts(at.value))) if at else ()
        return list(dict.fromkeys([*found, *(key for key in self.changes if key.contract in inner)]))


def number(contract: Contract) -> tuple[int, ...]:
    """The version of *contract*: major, minor, patch."""
    try:
        major, minor, patch = (int(part) for part in contract.version.split("."))
    except (ValueError, AttributeError):
        said = f"x-version is {contract.version!r}, expected such as 1.2.0."
        raise BrokenContract(f"Contract {contract.name!r}: {said}") from None
    return major, minor, patch


def trouble(name: str, error: Exception) -> str:
    """Why nothing can be said of the contract *name*, as one sentence that names it."""
    said = " ".join(str(error).split()) or "no more is known"
    if isinstance(error, ContractError) and repr(name) in said:
        return said
    kind = "" if isinstance(error, ContractError) else f"{type(error).__name__}: "
    return f"Contract {name!r} cannot be compared: {kind}{said.rstrip('.')}."


def _standing(refusal: Finding) -> tuple[str, str]:
    """The contract or rule that holds what refuses, and the JSON Pointer to it there."""
    name, _, at = refusal.location.removeprefix(URN).partition("#")
    return name, unquote(at)


def _contracts(value: Any) -> set[str]:
    """The contracts that the value of a facet names."""
    if isinstance(value, str):
        return {value.removeprefix(URN)} if value.startswith(URN) else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set[str]().union(*map(_contracts, inner))


def _are_apart(one: Finding, other: Finding) -> bool:
    """Whether neither refusal is about what the other is about, or about something in it."""
    at, beside = (f"{'' if each.items is None else '/*'}{each.pointer}/" for each in (one, other))
    return not at.startswith(beside) and not beside.startswith(at)


def _beside(place: str, pointer: str) -> str:
    """*place* with the last part of *pointer*."""
    return f"{place.rpartition('/')[0]}/{pointer.rpartition('/')[2]}"
