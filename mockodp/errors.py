"""
What can go wrong, as a tree.

* MockODPError                 carries the exit code of the command line
  - SettingsError              the server was told to start in a way it cannot (2)
  - EnvironmentNotReady        something this machine should have is missing: a server, a port, a file (3)
  - QueryError                 a control call asks for something that makes no sense (2)
  - ControlError               the control API of a running mock refused a call (2)
  - VerificationError          a test expected traffic that did not happen; also an AssertionError (1)
  - Refusal                    the emulated endpoint refuses this request
    + Unauthorized             401: no key, or a key that opens nothing here
      * ForeignKey             a key that was not made for tests: nothing of its request may be stored
      * WrongRegion            a key bound to another region
    + Undecodable              400: not a JSON array of objects
    + ContractBroken           400: only with --strict: the body breaks its contract
    + BodyIncomplete           408: the body stopped before its end
    + TooLarge                 413
    + UnsupportedMedia         415
    + UnknownPath              404
    + MethodNotAllowed         405

A refusal speaks twice: the answer on the wire carries `message` and `reasons`, and the record keeps them beside `code`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class MockODPError(Exception):
    """Anything this package refuses on purpose."""

    exit_code: ClassVar[int] = 2


class SettingsError(MockODPError):
    """The server was told to start in a way it cannot."""


class EnvironmentNotReady(MockODPError):
    """Something this machine should have is missing."""

    exit_code = 3


class QueryError(MockODPError):
    """A control call asks for something that makes no sense; *reasons* name each member that is wrong."""

    def __init__(self, message: str, reasons: tuple[Mapping[str, Any], ...] = (), *, status: int = 400) -> None:
        super().__init__(message)
        self.reasons = reasons
        self.status = status


class ControlError(MockODPError):
    """The control API of a running mock refused a call."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class VerificationError(MockODPError, AssertionError):
    """A test expected traffic that did not happen; *verification* is the whole answer of the mock."""

    exit_code = 1

    def __init__(self, message: str, verification: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.verification = verification or {}


class Refusal(MockODPError):
    """The emulated endpoint refuses this request."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Bad Request"
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, reasons: tuple[Mapping[str, Any], ...] = (), **more: Any) -> None:
        super().__init__(message)
        self.reasons = reasons
        self.more = more

    @property
    def message(self) -> str:
        return str(self.args[0])


class Unauthorized(Refusal):
    """No key, or a key that opens nothing here."""

    status = 401
    title = "Unauthorized"
    code = "unauthorized"


class ForeignKey(Unauthorized):
    """A key that was not made for tests: nothing of its request may be stored."""

    code = "foreign_key"


class WrongRegion(Unauthorized):
    """A key bound to one region was used in another: a residency finding."""

    code = "wrong_region"


class Undecodable(Refusal):
    """The body is not a JSON array of objects."""

    code = "undecodable_body"


class ContractBroken(Refusal):
    """The body breaks its contract, and the mock was told to be strict."""

    code = "contract_broken"


class BodyIncomplete(Refusal):
    """The body stopped before its end."""

    status = 408
    title = "Request Timeout"
    code = "body_incomplete"


class TooLarge(Refusal):
    """The body or the number of its items is over the limit."""

    status = 413
    title = "Content Too Large"
    code = "too_large"


class UnsupportedMedia(Refusal):
    """The content type or the content encoding is none we read."""

    status = 415
    title = "Unsupported Media Type"
    code = "unsupported_media"


class UnknownPath(Refusal):
    """No endpoint lives at this path."""

    status = 404
    title = "Not Found"
    code = "unknown_path"


class MethodNotAllowed(Refusal):
    """The endpoint is there, but not for this method."""

    status = 405
    title = "Method Not Allowed"
    code = "method_not_allowed"
