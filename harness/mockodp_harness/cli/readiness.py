"""What a command says when Node.js or the published packages are not ready."""

from __future__ import annotations

import click

from mockodp_harness.node.errors import NodeDriverError


def complain(error: NodeDriverError) -> int:
    """Say on stderr in one line what is missing; the exit code."""
    click.echo(f"mockodp: {' '.join(line.strip() for line in str(error).splitlines())}", err=True)
    return error.exit_code
