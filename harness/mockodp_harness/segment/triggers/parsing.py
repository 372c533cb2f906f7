"""
FQL to AST, by the framework's forgiving loop: it scans for conditions and skips what it does not know.

A list of conditions has one operator, the last one written in it. Groups do not nest: the first ``)`` ends them.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mockodp_harness.segment.triggers.conditions import Ast, begins_condition, condition, function, is_function
from mockodp_harness.segment.triggers.errors import TriggerError, nothing_read
from mockodp_harness.segment.triggers.tokens import END_OF_STREAM, Token, tokens
from mockodp_harness.segment.values import UNDEFINED, Undefined

_Tokens = deque[Token]
_OPENING: Final = Token("sign", "(")
_CLOSING: Final = Token("sign", ")")
_NOT: Final = Token("operator", "!")


def parse(fql: str) -> Ast:
    """The AST of *fql*: a group, or ``{"error": {"message": ...}}`` if it cannot be parsed."""
    try:
        return _top(_listed(deque(tokens(fql))))
    except TriggerError as error:
        return {"error": {"message": str(error)}}


def _top(node: Ast | Undefined | None) -> Ast:
    if node is None or isinstance(node, Undefined):
        raise nothing_read("type")
    return node if node["type"] == "group" else {"type": "group", "operator": "and", "children": [node]}


def _listed(tokens: _Tokens) -> Ast | Undefined | None:
    """The node of a list of conditions: a group, the condition itself if it is alone, None if there is none."""
    children: list[Ast | Undefined] = []
    operator = "and"
    while tokens:
        token = tokens.popleft()
        if token.kind == "conditional":
            operator = token.text
        else:
            children += _begun_by(token, tokens)
    if len(children) > 1:
        return {"type": "group", "operator": operator, "children": children}
    return children[0] if children else None


def _begun_by(token: Token, tokens: _Tokens) -> list[Ast | Undefined]:
    """The children that *token* adds to its list, one or none, taking from *tokens* what belongs to it."""
    if token == _OPENING:
        return [_listed(_until_closed(tokens)) or UNDEFINED]
    if begins_condition(token):
        node = condition(token, tokens.popleft(), _value(tokens))
    elif is_function(token):
        node = _called(token, tokens, negated=False)
    elif token == _NOT and tokens and is_function(tokens[0]):
        node = _called(tokens.popleft(), tokens, negated=True)
    else:
        return []
    return [] if node is None else [node]


def _called(name: Token, tokens: _Tokens, *, negated: bool) -> Ast | None:
    """The node of a function call; its five tokens are taken whatever they are, the last even if it is missing."""
    parts = [tokens.popleft() for _ in range(min(5, len(tokens)))]
    match parts:
        case [_, field, _, value, *_]:
            return function(name, field, value, negated=negated)
    raise TriggerError(f"{name.text}() is missing a {'1st' if len(parts) < 2 else '2nd'} argument")  # noqa: PLR2004


def _until_closed(tokens: _Tokens) -> _Tokens:
    taken: _Tokens = deque()
    while tokens:
        token = tokens.popleft()
        if token == _CLOSING:
            taken.append(END_OF_STREAM)  # a group ends as the whole does: `(type =)` has a value
            return taken
        taken.append(token)
    raise nothing_read("type")


def _value(tokens: _Tokens) -> Token:
    if not tokens:  # the end of the stream was taken for the operator
        raise TriggerError("Value token is missing")
    return tokens.popleft()
