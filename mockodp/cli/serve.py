"""``mockodp serve``: run a mock until a signal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from mockodp.cli.flags import effective, settings_flags
from mockodp.settings import Settings

if TYPE_CHECKING:
    from mockodp.server import Ready


@click.command(short_help="Run a mock until Ctrl-C.")
@settings_flags
def serve(config: Path | None, **flags: Any) -> None:
    """
    Run a mock until Ctrl-C or SIGTERM.

    One line of JSON on stdout says that it is ready, where it is and what its token is; the same stands in the
    locator file, where the other commands look. What arrives is logged on stderr.

    A flag wins over the environment, that over the TOML file, that over the default.
    """
    settings = effective(flags, config).settings
    from mockodp.server import serve as run  # noqa: PLC0415  --help and wrong flags need no server

    run(settings, os.environ, lambda ready: announce(ready, settings))


def announce(ready: Ready, settings: Settings) -> None:
    """The ready line for programs; a few words for a person who looks on."""
    sys.stdout.write(orjson.dumps(ready.content()).decode() + "\n")
    sys.stdout.flush()
    if sys.stderr.isatty():
        sys.stderr.write(banner(ready, settings))
        sys.stderr.flush()


def banner(ready: Ready, settings: Settings) -> str:
    """What a person wants to know first. The token is not in it: commands find it by themselves."""
    urls = "\n".join(f"  {region.upper():<12}{ready.url}/{region}/twilio_segment" for region in ("us", "eu", "au"))
    tls = ready.tls_url or "switched off"
    return f"""
mockodp {ready.version} is ready.

{urls}
  TLS         {tls}
  Records     {"in memory, gone when it stops" if ready.store == ":memory:" else ready.store}

Any key that begins with {settings.key_prefix} opens an account of its own. Try one:

  curl {ready.url}/us/twilio_segment/batch_upsert_contact \\
    -H 'authorization: Bearer {settings.key_prefix}demo' \\
    -H 'content-type: application/json' \\
    -d '[{{"user_identifiers":{{"email":"ada@example.com"}},"first_name":"Ada"}}]'

See it with 'mockodp records', follow with 'mockodp tail'. Stop with Ctrl-C.

"""
