"""What a payload that does not fit is told, in Segment's words: one message for each rule that it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mockodp_harness.segment.values import length, number_text, stringify, type_of

if TYPE_CHECKING:
    from mockodp_harness.segment.payload.schema import Schema

_LAST_UNIT: Final = "\uffff"
_LABELS: Final = {
    "date-time": "date and time", "email": "email address", "ipv4": "IPv4 address", "ipv6": "IPv6 address",
    "json-pointer": "JSON Pointer", "regex": "regular expression", "relative-json-pointer": "relative JSON Pointer",
    "uri": "URI", "uri-reference": "URI Reference", "uri-template": "URI-template",
}  # fmt: skip


class Mismatch(NamedTuple):
    """
    One rule that a payload breaks.

    *pointer* is a JSON Pointer to the value (``""`` is the payload), *path* the same as Segment writes JSON paths.
    """

    path: str
    pointer: str
    message: str

    def __str__(self) -> str:
        return self.message

    @classmethod
    def of(cls, schema: Schema, pointer: str, words: str) -> Mismatch:
        """The mismatch of the value at *pointer*, which *schema* may give a title."""
        title = schema.get("title") or (f"the value at {pointer}" if pointer else "the root value")
        return cls(_path(pointer), pointer, f"{_capitalised(title)} {words}.")


def joined(mismatches: Iterable[Mismatch]) -> str:
    """All messages as the one that Segment shows."""
    return " ".join(mismatch.message for mismatch in mismatches)


def below(pointer: str, name: str | int) -> str:
    """The pointer to a member or an item of the value at *pointer*."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1') if isinstance(name, str) else name}"


def _path(pointer: str) -> str:
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    return "$" + "".join(f"[{name}]" if name.isascii() and name.isdigit() else f".{name}" for name in names)


def _capitalised(text: str) -> str:
    return text if text[:1] > _LAST_UNIT else text[:1].upper() + text[1:]


# -- the words ----------------------------------------------------------------------------------------------------


def missing(name: str) -> str:
    return f"is missing the required field '{name}'"


def wrong_type(wanted: Sequence[str], found: Any) -> str:
    return f"must be {_article(wanted[0])} {_listed(wanted)} but it was {_kind(found)}"


def not_listed(choices: Iterable[Any]) -> str:
    return f"must be one of: {_listed([stringify(choice) or '' for choice in choices])}"


def wrong_format(name: str) -> str:
    return f"must be a valid {_LABELS.get(name, name)} string but it was not"


def too_long(limit: float, text: str) -> str:
    return f"must be {_characters(limit)} or fewer but it was {_characters(length(text))}"


def too_short(limit: float, text: str) -> str:
    return f"must be {_characters(limit)} or more but it was {_characters(length(text))}"


def too_great(limit: float) -> str:
    return f"must be equal to or less than {number_text(limit)}"


def too_small(limit: float) -> str:
    return f"must be equal to or greater than {number_text(limit)}"


UNMET: Final = 'must match "then" schema'


def _characters(count: float) -> str:
    return f"{number_text(count)} character{'' if count == 1 else 's'}"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "an array"
    kind = type_of(value)
    return kind if kind == "undefined" else f"{_article(kind)} {kind}"


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeiou" else "a"


def _listed(words: Sequence[str]) -> str:
    if len(words) <= 2:  # noqa: PLR2004
        return " or ".join(words)
    return f"{', '.join(words[:-1])}, or {words[-1]}"
