"""``python -m mockodp_harness.node install | where``: for a Makefile or a CI step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from mockodp_harness.node import packages
from mockodp_harness.node.errors import NodeDriverError

cache_dir = click.option("--cache-dir", type=Path, help="Default: $MOCKODP_CACHE_DIR or ~/.cache/mockodp.")


@click.group()
def main() -> None:
    """The published destination's packages on this machine."""


@main.command()
@cache_dir
def install(cache_dir: Path | None) -> None:
    """Install them, unless they are there, and say so."""
    click.echo(f"The published destination {packages.version()} is ready in {_place(packages.install, cache_dir)}")


@main.command()
@cache_dir
def where(cache_dir: Path | None) -> None:
    """Print the folder that they are in, and nothing else; exit code 3 if they are not there."""
    click.echo(_place(packages.found, cache_dir))


def _place(place: Callable[[Path | None], Path], cache_dir: Path | None) -> Path:
    try:
        return place(cache_dir)
    except NodeDriverError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main(prog_name="python -m mockodp_harness.node")
