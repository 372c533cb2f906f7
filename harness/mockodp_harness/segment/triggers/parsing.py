"""
FQL to AST, by the framework's forgiving loop: it scans for conditions and skips what it does not know.

A list of conditions has one operator, the last one written in it. Groups do not nest: the first ``)`` ends them.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mockodp_harness.segment.triggers.conditions import Ast, begins_condition, condition, function, is_function
from mockodp_harness.segment.triggers.errors import TriggerError, nothing_read
from mockodp_harness.segment.triggers.tokens import Token, tokens

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


def _top(node: Ast | None) -> Ast:
    if node is None:
        raise nothing_read("type")
    return node if node["type"] == "group" else {"type": "group", "operator": "and", "children": [node]}


def _listed(tokens: _Tokens) -> Ast | None:
    """The node of a list of conditions: a group, the condition itself if it is alone, None if there is none."""
    children: list[Ast | None] = []
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


def _begun_by(token: Token, tokens: _Tokens) -> list[Ast | None]:
    """The children that *token* adds to its list, one or none, taking from *tokens* what belongs to it."""
    if token == _OPENING:
        return [_listed(_until_closed(tokens))]
    if begins_condition(token):
        node = condition(token, _taken(tokens, "Operator"), _taken(tokens, "Value"))
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
    raise TriggerError("Value token is missing")


def _until_closed(tokens: _Tokens) -> _Tokens:
    taken: _Tokens = deque()
    while tokens:
        token = tokens.popleft()
        if token == _CLOSING:
            return taken
        taken.append(token)
    raise nothing_read("type")


def _taken(tokens: _Tokens, part: str) -> Token:
    if not tokens:
        raise TriggerError(f"{part} token is missing")
    return tokens.popleft()
