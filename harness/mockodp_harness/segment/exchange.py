"""
One request of an action and what comes back, as values; and the errors that end a call, in JavaScript's names.

Knows no sockets: whoever runs the engine gives it a function that sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from mockodp_harness.segment import values
from mockodp_harness.segment.patterns import pattern

SUCCESS: Final = range(200, 300)
USER_AGENT: Final = ("user-agent", "Segment (Actions)")
_REASONS: Final = {
    413: "Payload Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 509: "Bandwidth Limit Exceeded",
}  # fmt: skip
"""What Node says of a status where Python says something else."""
_NO_HEADER_VALUE: Final = pattern("[^\t\x20-\x7e\x80-\xff]")


class Request(NamedTuple):
    """A request as the framework makes it: *headers* in wire order, *body* the exact text."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | None = None


class Response(NamedTuple):
    """What came back; *body* is text."""

    status: int
    body: str = ""
    headers: Mapping[str, str] | None = None
    status_text: str = ""

    @property
    def data(self) -> Any:
        """The body as an error shows it: JSON if it is said to be, then UNDEFINED if it is not; else the text."""
        kind = next((value for name, value in (self.headers or {}).items() if name.lower() == "content-type"), "")
        if "application/json" not in kind:
            return self.body
        try:
            return values.parse(self.body)
        except ValueError:
            return values.UNDEFINED

    @property
    def content(self) -> Any:
        """The body as an action shows it: the text where there is no JSON, or null."""
        data = self.data
        return self.body if data is None or data is values.UNDEFINED else data


Send = Callable[[Request], Response]


class CallError(Exception):
    """
    What ends a call. *name* and *message* are JavaScript's; *status* is the framework's, if it sets one.

    *errors* lists single faults; *response* is what the other side answered.
    """

    def __init__(
        self,
        name: str,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        response: Response | None = None,
    ) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.status = status
        self.code = code
        self.errors = tuple(errors)
        self.response = response
        self.is_late = response is not None  # told after something was sent


def post(url: str, key: str, body: str | None = None) -> Request:
    """A POST with a bearer key; with a body it is JSON."""
    headers = [("authorization", f"Bearer {key}"), USER_AGENT]
    return Request("POST", url, (*headers, *([("content-type", "application/json")] if body is not None else [])), body)


def exchanged(request: Request, send: Send) -> Response:
    """The answer to *request*; `CallError` for what cannot be sent, and for a status outside 200 to 299."""
    check_request(request)
    try:
        response = send(request)
    except CallError as error:
        error.is_late = True
        raise
    if response.status not in SUCCESS:
        raise CallError("HTTPError", _reason(response), response=response)
    return response


def can_be_sent(request: Request) -> bool:
    """Whether the HTTP client takes *request* at all."""
    return "://" in request.url and not any(_NO_HEADER_VALUE().search(value) for _, value in request.headers)


def check_request(request: Request) -> None:
    """Raise `CallError` for what the HTTP client does not take."""
    if "://" not in request.url:
        raise CallError("TypeError", "Invalid URL", code="ERR_INVALID_URL")
    for _, value in request.headers:
        if _NO_HEADER_VALUE().search(value):
            raise CallError("TypeError", f"{value} is not a legal HTTP header value")


def _reason(response: Response) -> str:
    from http import HTTPStatus  # noqa: PLC0415  not at import: few calls fail, and the table of them takes long to build

    try:
        return response.status_text or _REASONS.get(response.status) or HTTPStatus(response.status).phrase
    except ValueError:
        return str(response.status)
