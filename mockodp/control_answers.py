"""How the control API answers: JSON, and one shape for every refusal."""

from __future__ import annotations

import time
from typing import Any

import orjson
from starlette.responses import Response

from mockodp.answers import envelope


def json_answer(value: Any, status: int = 200) -> Response:
    """*value* as JSON."""
    return Response(orjson.dumps(value), status, media_type="application/json")


def refused(status: int, title: str, message: str, **more: Any) -> Response:
    """A refusal of the control API, in the one shape of all refusals."""
    detail = {"message": message, **more}
    return json_answer(envelope(title, status, detail, time.time_ns() // 1000), status)
