"""
python-liquid taught to behave as LiquidJS: JavaScript's values, own members only, its operators and its errors.

Only `mockodp_harness.segment.mapping.liquid` may import this module: it loads the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn, TextIO

from liquid import Environment, RenderContext, TokenStream
from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, logical, parse_identifier
from liquid.builtin.expressions._tokenize import tokenize
from liquid.builtin.expressions.arguments import KeywordArgument, PositionalArgument
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import Blank, Empty, parse_primitive
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.assign_tag import AssignNode, AssignTag
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.exceptions import FilterArgumentError, LiquidError, LiquidSyntaxError
from liquid.expression import Expression
from liquid.extra import BlockTag
from liquid.parser import get_parser
from liquid.tag import Tag
from liquid.template import BoundTemplate
from liquid.token import (
    TOKEN_ASSIGN,
    TOKEN_COLON,
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_EOF,
    TOKEN_EXPRESSION,
    TOKEN_OUTPUT,
    TOKEN_PIPE,
    TOKEN_TAG,
    TOKEN_WORD,
    Token,
)
from liquid.undefined import Undefined
from liquid.utils.chain_map import ReadOnlyChainMap

from mockodp_harness.segment.mapping import errors
from mockodp_harness.segment.mapping.liquid import DISABLED_FILTERS, DISABLED_TAGS
from mockodp_harness.segment.mapping.liquid_filters import FILTERS, bounded, stringified, weight
from mockodp_harness.segment.mapping.liquid_operators import contains, equal, less, own_member
from mockodp_harness.segment.values import UNDEFINED, Crash, crash, length, number

_NOT_LIQUIDJS: Final = ("doc", "ifchanged")
_OF_ONE_ARGUMENT: Final = ("append", "prepend")  # other filters take what they get
_RESERVED: Final = ("and", "blank", "contains", "empty", "false", "nil", "not", "null", "or", "true")


class Template:
    """A template, parsed."""

    def __init__(self, source: str) -> None:
        try:
            self._template = _ENVIRONMENT.from_string(source)
            _adapt(self._template.nodes, _Context(self._template))
        except LiquidError as error:
            raise _as_ours(error, _name_of(error), source) from None
        except Exception as error:  # what the library itself stumbles over
            raise errors.LiquidError(f"{_told(error)}, line:1, col:1", name="ParseError") from None

    def rendered(self, event: Any) -> str:
        """The text of the template for one event."""
        try:
            return self._template.render(event if isinstance(event, dict) else {})
        except LiquidError as error:
            raise _as_ours(error, "RenderError", "") from None
        except Exception as error:
            raise errors.LiquidError(f"{_told(error)}, line:1, col:1", name="RenderError") from None


def _told(error: Exception) -> str:
    if isinstance(error, (Crash, RecursionError)):
        return crash(error).message
    return str(error) or type(error).__name__


# -- errors -------------------------------------------------------------------------------------------------------


class _Unparsable(LiquidSyntaxError):
    """A tag that there is not, or that is disabled."""


def _name_of(error: LiquidError) -> str:
    message = str(error.message)
    is_parsing = isinstance(error, _Unparsable) or message.startswith(("unexpected tag", "expected tag", "block nest"))
    return "ParseError" if is_parsing else "TokenizationError"


def _as_ours(error: LiquidError, name: str, source: str) -> errors.LiquidError:
    line, column = _position(error.token, source)
    return errors.LiquidError(f"{error.message}, line:{line}, col:{column}", name=name)


def _position(token: Token | None, source: str) -> tuple[int, int]:
    """Line and column of the tag or output statement that *token* is in."""
    if token is None or token.start_index < 0:
        return 1, 1
    text = token.source or source
    start = max(text.rfind("{{", 0, token.start_index + 2), text.rfind("{%", 0, token.start_index + 2), 0)
    before = text[:start]
    return before.count("\n") + 1, length(before[before.rfind("\n") + 1 :]) + 1


# -- tokens -------------------------------------------------------------------------------------------------------


class _Stream(TokenStream):
    """Tokens of a template whose expressions have LiquidJS's few reserved words."""

    def into_inner(self, *, tag: Token | None = None, eat: bool = True) -> TokenStream:
        token = self.current
        if token.kind != TOKEN_EXPRESSION:
            raise LiquidSyntaxError("missing expression", token=tag or token)
        if eat:
            next(self)
        return TokenStream(_tokens(token))


def _tokens(expression: Token) -> Iterator[Token]:
    """The tokens of an expression, without a bar at its end, which says nothing in LiquidJS."""
    bar: Token | None = None
    for token in _named(expression):
        if bar is not None:
            yield bar
        bar = token if token.kind == TOKEN_PIPE else None
        if bar is None:
            yield token


def _named(expression: Token) -> Iterator[Token]:
    is_member = False
    for token in tokenize(expression.value, expression):
        is_name = token.kind == token.value and token.value.isalpha() and (is_member or token.value not in _RESERVED)
        is_member = token.kind == TOKEN_DOT
        yield token._replace(kind=TOKEN_WORD) if is_name else token


# -- tags ---------------------------------------------------------------------------------------------------------


def _value(env: Environment, stream: TokenStream, token: Token) -> FilteredExpression:
    """An expression with filters; what stands between the two is skipped, as LiquidJS skips it."""
    left = logical.parse_boolean_primitive(env, stream)
    while stream.current.kind not in (TOKEN_PIPE, TOKEN_EOF):
        if stream.current.kind in (TOKEN_COMMA, TOKEN_COLON):
            raise LiquidSyntaxError('expected "|" before filter', token=stream.current)
        next(stream)
    return FilteredExpression(token, left, list(_filters(env, stream)))


def _filters(env: Environment, stream: TokenStream) -> Iterator[Filter]:
    """Filters as LiquidJS reads them: it leaves out arguments that are missing, and refuses what stands beside them."""
    while stream.current.kind == TOKEN_PIPE:
        next(stream)
        name = stream.eat(TOKEN_WORD)
        arguments: list[KeywordArgument | PositionalArgument] = []
        expected, message = TOKEN_COLON, 'expected ":" after filter name'
        while stream.current.kind == expected:
            next(stream)
            expected, message = TOKEN_COMMA, "unexpected character"
            if stream.current.kind not in (TOKEN_COMMA, TOKEN_PIPE, TOKEN_EOF):
                arguments.append(_argument(env, stream))
        if stream.current.kind not in (TOKEN_PIPE, TOKEN_EOF):
            raise LiquidSyntaxError(message, token=stream.current)
        yield Filter(name, name.value, arguments)


def _argument(env: Environment, stream: TokenStream) -> KeywordArgument | PositionalArgument:
    if stream.current.kind != TOKEN_WORD or stream.peek.kind != TOKEN_COLON:
        return PositionalArgument(parse_primitive(env, stream))
    name = next(stream)
    next(stream)
    return KeywordArgument(name, name.value, parse_primitive(env, stream))


class _OutputNode(OutputNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        text = stringified(_plain(self.expression.evaluate(context)))
        bounded(buffer.tell() + len(text))
        return buffer.write(text)


class _Output(Output):
    def parse(self, stream: TokenStream) -> _OutputNode:
        token = stream.eat(TOKEN_OUTPUT)
        return _OutputNode(token, _value(self.env, stream.into_inner(tag=token, eat=False), token))


class _Echo(EchoTag):
    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        return _OutputNode(token, _value(self.env, stream.into_inner(tag=token, eat=False), token))


class _Assign(AssignTag):
    def parse(self, stream: TokenStream) -> AssignNode:
        token = stream.eat(TOKEN_TAG)
        tokens = stream.into_inner(tag=token, eat=False)
        name = parse_identifier(self.env, tokens, allow_trailing_question_mark=False)
        tokens.eat(TOKEN_ASSIGN)
        return AssignNode(token, name=name, expression=_value(self.env, tokens, token))


class _Disabled(Tag):
    block = False

    def __init__(self, env: Environment, name: str) -> None:
        super().__init__(env)
        self.name = name

    def parse(self, stream: TokenStream) -> Node:
        raise _Unparsable(f'tag "{self.name}" is disabled', token=stream.current)


# -- scope --------------------------------------------------------------------------------------------------------


class _Context(RenderContext):
    """A context whose names are those of the event and of the template itself."""

    __slots__ = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        name, *others = path
        value = self.scope.get(name, UNDEFINED) if isinstance(name, str) else UNDEFINED
        for other in others:
            value = own_member(_plain(value), _plain(other))
        return self.env.undefined(str(name), token=token) if value is UNDEFINED else value


class _BoundTemplate(BoundTemplate):
    context_class = _Context


def _plain(value: Any) -> Any:
    """A value of the library as one of JavaScript's."""
    if isinstance(value, Undefined):
        return UNDEFINED
    if isinstance(value, range):
        bounded(len(value))
        return list(value)
    if isinstance(value, Empty | Blank):
        return ""
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _beside(other: Any, value: Any) -> Any:
    """One side of a comparison; what is missing, null or false is blank."""
    if isinstance(value, Empty | Blank):
        return value
    plain = _plain(value)
    is_nothing = plain is None or plain is UNDEFINED or plain is False
    return "" if isinstance(other, Blank) and is_nothing else plain


# -- operators ----------------------------------------------------------------------------------------------------


def _operator(base: type[Any], decide: Callable[[Any, Any], bool]) -> type[Any]:
    """*base* with another meaning, for expressions already parsed."""

    def evaluate(self: Any, context: RenderContext) -> bool:
        left, right = self.left.evaluate(context), self.right.evaluate(context)
        return decide(_beside(right, left), _beside(left, right))

    return type(f"_{base.__name__}", (base,), {"__slots__": (), "evaluate": evaluate})


_OPERATORS: Final = {
    base: _operator(base, decide)
    for base, decide in {
        logical.EqExpression: equal,
        logical.NeExpression: lambda left, right: not equal(left, right),
        logical.LtExpression: lambda left, right: less(left, right, or_equal=False),
        logical.LeExpression: lambda left, right: less(left, right, or_equal=True),
        logical.GtExpression: lambda left, right: less(right, left, or_equal=False),
        logical.GeExpression: lambda left, right: less(right, left, or_equal=True),
        logical.ContainsExpression: contains,
    }.items()
}


def _adapt(nodes: Iterable[Node], context: RenderContext) -> None:
    """Give the operators of parsed templates JavaScript's meaning."""
    for node in nodes:
        _adapt_expressions(node.expressions())
        _adapt(node.children(context), context)


def _adapt_expressions(expressions: Iterable[Expression]) -> None:
    for expression in expressions:
        expression.__class__ = _OPERATORS.get(type(expression), type(expression))
        _adapt_expressions(expression.children())


# -- the environment ----------------------------------------------------------------------------------------------


class _Environment(Environment):
    """An environment with LiquidJS's tags and filters."""

    template_class = _BoundTemplate
    suppress_blank_control_flow_blocks = False
    shorthand_indexes = True
    logical_not_operator = True

    def _parse(self, source: str) -> list[Node]:
        return get_parser(self).parse(_Stream(self.tokenizer()(source)))

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in (_Output, _Echo, _Assign, BlockTag):
            self.add_tag(tag)
        for name in _NOT_LIQUIDJS:
            del self.tags[name]
        for name in DISABLED_TAGS:
            self.tags[name] = _Disabled(self, name)
        self.filters = {name: _filter(name, function) for name, function in FILTERS.items()}
        self.filters |= {name: _disabled_filter(name) for name in DISABLED_FILTERS}


def _filter(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of plain values; but for some, arguments beyond those it knows are ignored."""
    count = function.__code__.co_argcount

    def applied(value: Any, *arguments: Any, **named: Any) -> Any:
        given = [_plain(argument) for argument in (*arguments, *named.values())]
        if name in _OF_ONE_ARGUMENT and len(given) != 1:
            raise FilterArgumentError(f"{name} expect 2 arguments", token=None)  # with the value itself
        result = function(_plain(value), *given[: count - 1])
        bounded(weight(result))
        return result

    return applied


def _disabled_filter(name: str) -> Callable[..., Any]:
    def refuse(*_arguments: Any, **_named: Any) -> NoReturn:
        raise FilterArgumentError(f'filter "{name}" is disabled', token=None)

    return refuse


_ENVIRONMENT: Final = _Environment(strict_filters=False)
