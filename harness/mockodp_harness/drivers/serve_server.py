"""
Segment's local server over HTTP: its description of the destination, one action run, a key tried.

``GET /manifest`` gives the definition. ``POST /<action>`` with payload (a list is a batch), mapping and settings gives
the exchanges with the destination's service, or one object that says what was thrown; both with status 200.
Knows the server's protocol; nothing here knows of triggers or of traces.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from mockodp_harness.drivers.errors import ServerMissing, ServerRefused
from mockodp_harness.drivers.serve_definition import destination_of
from mockodp_harness.segment.destination import Destination
from mockodp_harness.segment.values import parse, stringify

Json = Mapping[str, Any]

OK: Final = 200
STARTING: Final = 60.0  # seconds for the definition: the server compiles the tree when it is first asked
HOW: Final = (
    "Start it in the tree of the destination, such as "
    "'mockodp exec -- ./bin/run serve --destination=optimizely-data-platform', and give its URL as server."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the server told of one run: the exchanges with the service, and what was thrown if anything was."""

    exchanges: Sequence[Json] = field(default=())
    thrown: Json | None = None


class LocalServer:
    """
    One server, asked one thing at a time.

    Servers may list the exchanges of earlier runs once more. What stands in the list before a run is learned from an
    empty batch, which sends nothing; a server that was seen to forget is not asked again.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._remembers = True
        # No connection is kept: Node closes an idle one after seconds, just when the next call may use it.
        one_each = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(base_url=self.url, trust_env=False, limits=one_each)

    def close(self) -> None:
        self._http.close()

    def destination(self) -> Destination:
        """The destination that is served; `ServerMissing` if no local server of Segment is there."""
        said = self._manifest()
        if isinstance(said, dict) and isinstance(said.get("actions"), dict):
            return destination_of(said)
        raise ServerMissing(
            f"{self.url}/manifest gave {_shortened(json.dumps(said))}, expected the definition of a destination with "
            f"'actions': this is no local server of Segment. {HOW}"
        )

    def run(self, slug: str, payload: Any, mapping: Json, settings: Json, deadline: float) -> Told:
        """Run the action *slug*; TimeoutError if it is not back by *deadline*, a time of `time.monotonic`."""
        before = self._listed(slug, settings, deadline)
        said = self._post(slug, {"payload": payload, "mapping": mapping, "settings": settings}, deadline)
        if isinstance(said, list):
            exchanges = _beyond(before, said)
            if exchanges and not before:
                self._remembers = bool(self._listed(slug, settings, deadline))
            return Told(exchanges)
        return Told(_beyond(before, self._listed(slug, settings, deadline)), thrown=said)

    def try_key(self, settings: Json, deadline: float) -> Json:
        """What the server says of *settings*: ``ok``, and ``error`` if they are no good."""
        said = self._post("authenticate", settings, deadline)
        if isinstance(said, dict) and "ok" in said:
            return said
        raise self._strange("authenticate", said, "an object with 'ok'")

    def _listed(self, slug: str, settings: Json, deadline: float) -> list[Json]:
        """The exchanges that the server lists without a run; none if it forgets them, or does not say."""
        if not self._remembers:
            return []
        said = self._post(slug, {"payload": [], "mapping": {}, "settings": settings}, deadline)
        return said if isinstance(said, list) else []

    def _manifest(self) -> Any:
        try:
            answer = self._http.get("/manifest", timeout=STARTING)
            return parse(answer.content) if answer.status_code == OK else f"{answer.status_code} {answer.reason_phrase}"
        except httpx2.TransportError as error:
            raise self._missing(error) from None
        except ValueError:
            return _shortened(answer.text)

    def _post(self, path: str, body: Json, deadline: float) -> Any:
        content = (stringify(body) or "").encode()
        try:
            answer = self._http.post(
                f"/{path}", content=content, headers={"content-type": "application/json"}, timeout=_left(deadline)
            )
        except httpx2.TimeoutException as error:
            raise TimeoutError from error
        except httpx2.TransportError as error:
            raise self._missing(error) from None
        if answer.status_code != OK:
            said = f"{answer.status_code} {answer.reason_phrase}: {_shortened(answer.text)}"
            raise ServerRefused(
                f"POST {self.url}/{path} with {len(content):,} bytes was answered by {said}, expected 200. "
                "If the action is gone, make a new driver; if there is too much in one call, give fewer events."
            )
        return self._decoded(path, answer)

    def _decoded(self, path: str, answer: httpx2.Response) -> Any:
        try:
            said = parse(answer.content)
        except ValueError:
            said = answer.text
        if isinstance(said, dict | list):
            return said
        raise self._strange(path, said, "a list of exchanges, or an object that says what was thrown")

    def _missing(self, error: Exception) -> ServerMissing:
        return ServerMissing(f"No local server of Segment answers at {self.url} ({error}). {HOW}")

    def _strange(self, path: str, said: Any, expected: str) -> ServerRefused:
        return ServerRefused(f"POST {self.url}/{path} gave {_shortened(json.dumps(said))}, expected {expected}.")


def _beyond(before: Sequence[Json], listed: Sequence[Json]) -> Sequence[Json]:
    """What *listed* has beyond *before*; all of it if the server has begun a new list."""
    return listed[len(before) :] if len(listed) >= len(before) else listed


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"  # noqa: PLR2004
