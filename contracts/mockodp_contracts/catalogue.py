"""
The contracts as data: files of JSON Schema under ``schemas``, and ``rules.json`` with what goes beyond shape.

A contract is named by its place, ``items/email_event``, and known to other contracts as ``urn:mockodp:`` and that name.
Nothing is read before it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import orjson

from mockodp_contracts.errors import BrokenContract, UnknownContract
from mockodp_contracts.evidence import Label
from mockodp_contracts.violation import Severity, path_of, pointer_to

if TYPE_CHECKING:
    from mockodp_contracts.judging import Judge

Schema = dict[str, Any]
Direction = Literal["request", "answer", "event", "report"]
"""
Who writes and who reads: *request* from the integration to ODP, *answer* from the mock to the integration, *event* from
a source to the integration, *report* from the mock to other projects.
"""

URN: Final = "urn:mockodp:"
RULES: Final = "rules/"
SOURCE: Final = "source/"
NAME: Final = re.compile(r"[a-z0-9_]+/[a-z0-9_]+")
EVERY_TEXT: Final = "**"
DIRECTIONS: Final = ("request", "answer", "event", "report")


class Files(Protocol):
    """Where the files of a catalogue are: a folder, a wheel, a commit."""

    def names(self) -> list[str]:
        """The names of all contracts, sorted."""

    def read(self, name: str) -> bytes:
        """The file of a contract by its name; `KeyError` if there is none."""

    def rules(self) -> bytes:
        """The file of rules."""


@dataclass(frozen=True, slots=True)
class Example:
    """A payload, in words what it shows, and which rule it breaks at which JSON Pointer if it is a bad one."""

    shows: str
    value: Any
    breaks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A rule beyond shape, for the places *at* of the items of *contracts*.

    *at* is a JSON Pointer in which ``*`` is any index or member, or ``**`` for every text in the item. Either *schema*
    says what must hold there, or *check* names a function of ours with its arguments. *about* points to where the
    trouble is seen, if that is not *at*.
    """

    name: str
    severity: Severity
    statement: str
    expected: str
    hint: str
    label: Label
    contracts: tuple[str, ...]
    at: str
    about: str
    schema: Schema | None
    check: Mapping[str, Any] | None
    good: tuple[Any, ...]
    bad: tuple[Any, ...]

    @property
    def urn(self) -> str:
        return f"{URN}{RULES}{self.name}"

    @property
    def at_its_place(self) -> bool:
        """Whether it is asked place by place. Ordinary traffic breaks rules of info, and error reports cost time."""
        return self.check is not None or self.severity is Severity.INFO


class Contract:
    """One contract: a JSON Schema with a name, a version, a direction, examples and labels."""

    def __init__(self, name: str, schema: Schema) -> None:
        if not isinstance(schema, dict):
            raise BrokenContract(f"Contract {name!r} is {type(schema).__name__}, expected an object.")
        self.name = name
        self.schema = schema
        try:
            self.version: str = schema["x-version"]
            self.direction: Direction = schema["x-direction"]
            self.title: str = schema["title"]
            self.description: str = schema["description"]
            self.label = Label.from_json(schema["x-evidence"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BrokenContract(f"Contract {name!r}: its head lacks something or has it wrong: {error}.") from error
        if schema.get("$id") != URN + name or self.direction not in DIRECTIONS:
            raise BrokenContract(
                f"Contract {name!r}: $id is {schema.get('$id')!r}, expected {URN + name!r}; x-direction is "
                f"{self.direction!r}, expected one of: {', '.join(DIRECTIONS)}."
            )

    @property
    def good(self) -> tuple[Example, ...]:
        return tuple(Example(e["shows"], e["value"]) for e in self._examples("good"))

    @property
    def bad(self) -> tuple[Example, ...]:
        return tuple(Example(e["shows"], e["value"], e["breaks"]) for e in self._examples("bad"))

    def _examples(self, kind: str) -> list[dict[str, Any]]:
        examples: list[dict[str, Any]] = self.schema.get("x-examples", {}).get(kind, [])
        return examples

    @cached_property
    def refs(self) -> frozenset[str]:
        """The names of the contracts that this one uses itself."""
        return frozenset(ref.removeprefix(URN) for ref in _refs(self.schema))

    def labels(self) -> Iterator[tuple[str, Label]]:
        """Every label with the JSON Pointer to the schema that carries it, the contract's own first."""
        return _labels(self.schema, "")

    def label_at(self, pointer: str) -> Label:
        """The label of the keyword at *pointer*: the nearest one above it."""
        label, at = self.label, self.schema
        for part in path_of(pointer)[:-1]:
            at = at[int(part)] if isinstance(at, list) else at[part]
            if isinstance(at, dict) and "x-evidence" in at:
                label = Label.from_json(at["x-evidence"])
        return label


class Catalog:
    """All contracts of one place."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._contracts: dict[str, Contract] = {}
        self._judges: dict[str, Judge] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self._files.names())

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The rules beyond shape by name, in their order."""
        try:
            said = orjson.loads(self._files.rules())
        except orjson.JSONDecodeError as error:
            raise BrokenContract(f"The rules are not JSON: {error}.") from error
        if not isinstance(said, list):
            raise BrokenContract(f"The rules are {type(said).__name__}, expected an array.")
        return {rule.name: rule for rule in map(_rule, said)}

    def __iter__(self) -> Iterator[Contract]:
        return (self[name] for name in self.names)

    def __getitem__(self, name: str) -> Contract:
        """The contract of that very name; `UnknownContract` if there is none."""
        contract = self._contracts.get(name)
        if contract is None:
            try:
                contract = self._contracts[name] = Contract(name, orjson.loads(self._files.read(name)))
            except KeyError:
                raise UnknownContract(self._not_known(name)) from None
            except orjson.JSONDecodeError as error:
                raise BrokenContract(f"Contract {name!r} is not JSON: {error}.") from error
        return contract

    def find(self, name: str) -> Contract:
        """The contract of that name, or the one whose last part it is; source events give way to what is sent."""
        if name in self.names:
            return self[name]
        ends = self._ending(name)
        if len(ends) > 1:
            raise UnknownContract(f"{name!r} may be {' or '.join(ends)}: give the whole name.")
        return self[ends[0] if ends else name]

    def rules_of(self, name: str) -> list[Rule]:
        """The rules that hold for the contract *name* itself."""
        return [rule for rule in self.rules.values() if name in rule.contracts]

    @cached_property
    def short_names(self) -> tuple[str, ...]:
        """Every name that `find` knows: whole names, and last parts that mean one contract."""
        lasts = sorted({name.rpartition("/")[2] for name in self.names})
        return (*self.names, *(last for last in lasts if len(self._ending(last)) == 1))

    def _ending(self, last: str) -> list[str]:
        ends = [known for known in self.names if known.rpartition("/")[2] == last]
        return [known for known in ends if not known.startswith(SOURCE)] or ends

    def judge(self, name: str) -> Judge:
        """What judges by the contract of that name; compiled once."""
        judge = self._judges.get(name)
        if judge is None:
            from mockodp_contracts.judging import compiled  # noqa: PLC0415  the validator is not needed to list contracts

            judge = self._judges[name] = compiled(self, self.find(name))
        return judge

    def _not_known(self, name: str) -> str:
        sources_first = sorted(self.names, key=lambda known: not known.startswith(SOURCE))
        lasts = {known.rpartition("/")[2]: known for known in sources_first}
        near = get_close_matches(name, [*self.names, *lasts], n=3, cutoff=0.6)
        if near:
            return f"{name!r} is not a contract. Near: {', '.join(dict.fromkeys(lasts.get(n, n) for n in near))}."
        return f"{name!r} is not a contract. 'mockodp contracts list' names all {len(self.names)}."


class Folder:
    """The files of a folder: ``schemas`` and ``rules.json``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        found = (self._root / "schemas").glob("*/*.json")
        return sorted(f"{file.parent.name}/{file.stem}" for file in found)

    def read(self, name: str) -> bytes:
        if not NAME.fullmatch(name):  # it may come from a request
            raise KeyError(name)
        try:
            return (self._root / "schemas" / f"{name}.json").read_bytes()
        except OSError:
            raise KeyError(name) from None

    def rules(self) -> bytes:
        return (self._root / "rules.json").read_bytes()


@cache
def catalog() -> Catalog:
    """The contracts of this version."""
    return Catalog(Folder(Path(__file__).parent))


def _rule(said: Any) -> Rule:
    if not isinstance(said, dict):
        raise BrokenContract(f"A rule is {type(said).__name__}, expected an object.")
    try:
        return Rule(
            name=said["name"],
            severity=Severity(said["severity"]),
            statement=said["statement"],
            expected=said["expected"],
            hint=said["hint"],
            label=Label.from_json(said["evidence"]),
            contracts=tuple(said["contracts"]),
            at=said["at"],
            about=said.get("about", ""),
            schema=said.get("schema"),
            check=said.get("check"),
            good=tuple(said["examples"]["good"]),
            bad=tuple(said["examples"]["bad"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BrokenContract(f"Rule {said.get('name')!r} lacks something or has it wrong: {error}.") from error


def _labels(schema: Any, pointer: str) -> Iterator[tuple[str, Label]]:
    if isinstance(schema, dict):
        if "x-evidence" in schema:
            yield pointer, Label.from_json(schema["x-evidence"])
        for name, inner in schema.items():
            if not name.startswith("x-"):
                yield from _labels(inner, pointer + pointer_to([name]))
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from _labels(inner, f"{pointer}/{index}")


def _refs(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name == "$ref":
                yield value
            elif not name.startswith("x-"):
                yield from _refs(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _refs(value)
