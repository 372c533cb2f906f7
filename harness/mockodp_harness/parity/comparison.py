"""
Both answers to a case: whether they agree, whether an exception explains that they do not, and where they part.

Answers are compared as JSON texts, so that the text of numbers and the order of members count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from mockodp_harness.conformance import answer
from mockodp_harness.destinations import optimizely_data_platform as odp
from mockodp_harness.parity.trees import Number, Tree, read, written
from mockodp_harness.segment.values import parse, stringify

Sides = tuple[str, str]

SIDES: Final[Sides] = ("ours", "the package's")
STRAY: Final = "Stray"  # the name of what our engine must never raise
_ABSENT: Final = object()
_SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Excepted:
    """A difference that is known and stays: what it is called, why, and how it is told from others."""

    name: str
    reason: str
    explains: Callable[[Tree, Tree, Tree], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case with both answers, as texts; *excepted* names what explains their difference."""

    case: str
    ours: str
    theirs: str
    excepted: str | None = None

    @property
    def agrees(self) -> bool:
        return self.ours == self.theirs or self.excepted is not None

    @property
    def kind(self) -> str:
        return str(read(self.case)["kind"])


def answered(case: str) -> str:
    """Our engine's answer to a case; what it should never raise is an answer too, which no other one equals."""
    parsed = parse(case)
    try:
        return stringify(answer(parsed)) or ""
    except Exception as error:  # every kind of it is a finding
        message = f"{type(error).__name__}: {error}"
        return stringify({"id": parsed.get("id"), "ok": False, "error": {"name": STRAY, "message": message}}) or ""


def compared(case: str, ours: str, theirs: str) -> Outcome:
    """Both answers, and what explains their difference if anything does."""
    if ours == theirs:
        return Outcome(case, ours, theirs)
    trees = (read(case), read(ours), read(theirs))
    excepted = next((each.name for each in EXCEPTED if each.explains(*trees)), None)
    return Outcome(case, ours, theirs, excepted)


def signature(outcome: Outcome) -> tuple[Any, ...]:
    """What kind of difference it is: what each side came to, and whether the same was sent."""
    ours, theirs = read(outcome.ours), read(outcome.theirs)
    return (*map(_came_to, (ours, theirs)), _requests(ours) == _requests(theirs))


def _came_to(answer: Tree) -> str:
    return "ok" if answer["ok"] else answer["error"]["name"]


def _requests(answer: Tree) -> Tree:
    return answer.get("requests") if not answer["ok"] else _member(answer["result"], "requests")


def _member(value: Tree, name: str) -> Tree:
    return value.get(name) if isinstance(value, dict) else None


# -- exceptions ---------------------------------------------------------------------------------------------------


def _is_another_failure(case: Tree, ours: Tree, theirs: Tree) -> bool:
    """Both fail after the same requests, and one subscription alone would fail as the package reports."""
    if ours["ok"] or theirs["ok"] or ours.get("requests") != theirs.get("requests"):
        return False
    return any(read(answered(written(alone))).get("error") == theirs["error"] for alone in _alone(case))


def _alone(case: Tree) -> Iterator[Tree]:
    """The case with each of its subscriptions alone."""
    rest = {
        name: member for name, member in case.items() if name not in ("presets", "default_actions", "subscriptions")
    }
    if case["kind"] not in ("event", "batch", "preset"):
        return
    rest["kind"] = "batch" if case["kind"] == "batch" else "event"
    all_presets = [each["name"] for each in odp.presets()]
    named = all_presets if case["kind"] == "preset" or case.get("presets") is True else case.get("presets") or ()
    slugs = odp.destination().actions if case.get("default_actions") is True else case.get("default_actions") or ()
    yield from ({**rest, "presets": [name]} for name in named)
    yield from ({**rest, "default_actions": [slug]} for slug in slugs)
    yield from ({**rest, "subscriptions": [each]} for each in case.get("subscriptions") or ())


def _failure(answer: Tree) -> str:
    """The name of the liquid error that an answer is, if it is one."""
    name = "" if answer["ok"] else answer["error"]["name"]
    return name if name in ("TokenizationError", "ParseError", "RenderError") else ""


def _has_prototype(case: Tree) -> bool:
    return any("__proto__" in written(case[name]) for name in ("mapping", "subscriptions", "template") if name in case)


EXCEPTED: Final = (
    Excepted(
        "another failure first",
        "The package reports what fails first in time; ours the first of those that fail unsent.",
        _is_another_failure,
    ),
    Excepted(
        "wording of liquid errors",
        "A template that cannot be read or rendered fails by the same name; place and wording are the library's own.",
        lambda _case, ours, theirs: _failure(ours) == _failure(theirs) != "",
    ),
    Excepted(
        "prototypes in mappings",
        "What a member or a path named __proto__ adds to objects, or finds in what is none, is not modelled.",
        lambda case, _ours, _theirs: _has_prototype(case),
    ),
    Excepted(
        "keys of liquid tags",
        "Only paths in outputs of a template are listed, not those its tags read: a help for forms, no payload.",
        lambda case, _ours, _theirs: case["kind"] == "keys" and "{%" in written(case["mapping"]),
    ),
)


# -- where answers part -------------------------------------------------------------------------------------------


def first_difference(ours: Tree, theirs: Tree, pointer: str = "", sides: Sides = SIDES) -> str | None:
    """Where two answers part and what each has there, called by the names of the *sides*; None if they are equal."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _among_members(ours, theirs, pointer, sides)
    if isinstance(ours, list) and isinstance(theirs, list):
        pairs = enumerate(zip_longest(ours, theirs, fillvalue=_ABSENT))
        found = (first_difference(a, b, f"{pointer}/{index}", sides) for index, (a, b) in pairs)
        return next(filter(None, found), None)
    if type(ours) is type(theirs) and ours == theirs:
        return None
    inner = _inside(ours, theirs, pointer, sides)
    return inner or f"{pointer or '/'}: {sides[0]} is {_text(ours)}, {sides[1]} is {_text(theirs)}"


def _among_members(ours: Tree, theirs: Tree, pointer: str, sides: Sides) -> str | None:
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        found = first_difference(ours.get(name, _ABSENT), theirs.get(name, _ABSENT), f"{pointer}/{name}", sides)
        if found:
            return found
    if list(ours) != list(theirs):
        return f"{pointer or '/'}: the order of members: {sides[0]} is {list(ours)}, {sides[1]} is {list(theirs)}"
    return None


def _inside(ours: Tree, theirs: Tree, pointer: str, sides: Sides) -> str | None:
    """The difference within texts that are JSON themselves, such as bodies."""
    if not (type(ours) is str and type(theirs) is str and ours[:1] in ("[", "{") and theirs[:1] == ours[:1]):
        return None
    try:
        return first_difference(read(ours), read(theirs), pointer, sides)
    except ValueError:
        return None


def _text(value: Tree) -> str:
    if value is _ABSENT:
        return "absent"
    text = f"the number {value}" if isinstance(value, Number) else written(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
