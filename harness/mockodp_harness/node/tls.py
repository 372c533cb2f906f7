"""The preload file that leads the vendor's host names to a mock over TLS, and the environment it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from mockodp_harness.node.errors import PackagesMissing


def preload() -> Path:
    """The file to give to ``node --require``, from the installed `mockodp` package."""
    spec = find_spec("mockodp")
    for place in (spec and spec.submodule_search_locations) or ():
        path = Path(place, "node", "mockodp-preload.cjs")
        if path.is_file():
            return path
    raise PackagesMissing("node/mockodp-preload.cjs was not found, expected it in the package 'mockodp'.")


def tls_environment(url: str, ca: Path | str, *, plain_url: str | None = None) -> dict[str, str]:
    """What to add to a Node client's environment, so that it meets the mock under the vendor's names."""
    added = {
        "NODE_OPTIONS": f"--require {json.dumps(str(preload()))}",
        "MOCKODP_TLS_URL": url,
        "MOCKODP_CA": str(ca),
    }
    return added if plain_url is None else {**added, "MOCKODP_URL": plain_url}


def joined(env: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """*env* with *added*; options for Node that are already there stay."""
    options = " ".join(filter(None, (env.get("NODE_OPTIONS"), added.get("NODE_OPTIONS"))))
    return {**env, **added, **({"NODE_OPTIONS": options} if options else {})}
