"""
The tokens of an FQL text. Says nothing of what they mean.

Reads UTF-16 code units, as the framework does. Its oddities are in the pattern on purpose: a carriage return or
``price>9`` cannot be read, ``x >=100`` is three tokens, and ``a`` or ``n`` near the end loses what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from mockodp_harness.segment.patterns import pattern
from mockodp_harness.segment.values import from_units, units


class Token(NamedTuple):
    """A piece of FQL; *text* is as written, strings with their quotes, but names without their backslashes."""

    kind: str
    text: str


class _Unreadable(Exception):
    """The text has a character where no token may have it."""


END_OF_STREAM: Final = Token("eos", "eos")
_DOT: Final = Token("sign", ".")

_END: Final = r"(?=[\ \t\n,\])]|\Z)"
_TOKEN: Final = pattern(
    rf"""
      (?P<blank> [\ \t\n]++ )
    | (?P<operator> !(?=[A-Za-z(]) | !={_END} | = | [<>]={_END} | [<>] )
    | (?P<conditional> (?:and|or){_END} )
    | (?P<null> null{_END} )
    | (?P<cut> a[^\ \t\n,\])]?\Z | n[^\ \t\n,\])]{{0,2}}\Z )
    | (?P<identifier> (?:[A-Za-z_]|\\.)(?:[A-Za-z0-9_-]|\\.)*+(?=[\ \t\n,\]).(=!]|\Z) )
    | (?P<number> [0-9+-][0-9]*+(?:\.(?!{_END})[0-9]*+(?!\.)|(?!\.)) )
    | (?P<string> "[^"]*+" | '[^']*+' )
    | (?P<sign> [.\[\],()] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ENDED: Final = pattern(_END)
_ESCAPED: Final = pattern(r"\\(.)", re.DOTALL)


def tokens(fql: str) -> list[Token]:
    """All tokens of *fql* with the end of the stream as the last; none at all if one of them cannot be read."""
    try:
        return [*_merged(_read(units(fql))), END_OF_STREAM]
    except _Unreadable:
        return []


def _read(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        found = _TOKEN().match(text, position)
        if found is None:
            raise _Unreadable
        position = found.end()
        kind = str(found.lastgroup)
        if kind == "string" and not _ENDED().match(text, position):
            position -= 1  # the closing quote opens another string
        if kind != "blank":
            yield _token(kind, found[0])


def _token(kind: str, text: str) -> Token:
    if kind == "cut":
        return Token("identifier", text[0])
    if kind == "identifier":
        return Token(kind, _ESCAPED().sub(r"\1", text))
    return Token(kind, text)


def _merged(read: Iterable[Token]) -> list[Token]:
    """Names with dots between them are one name; a dot before anything else stands alone."""
    merged: list[Token] = []
    for token in read:
        if token.kind == "identifier" and _ends_with_name_and_dot(merged):
            merged[-2:] = [Token("identifier", f"{merged[-2].text}.{token.text}")]
        else:
            merged.append(token)
    return [Token(token.kind, from_units(token.text)) for token in merged]


def _ends_with_name_and_dot(read: list[Token]) -> bool:
    return len(read) > 1 and read[-1] == _DOT and read[-2].kind == "identifier"
