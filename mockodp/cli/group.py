"""
The commands by name, and the one place where errors become a line on stderr and an exit code.

Exit codes: 0 pass, 1 a verification failed or a contract is broken, 2 wrong use, 3 the environment is not ready, 4 the
verdict is unknown, 5 an approval has expired;
130 after Ctrl-C, 141 when nobody reads the output any more.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final, NoReturn

import click
from mockodp_contracts import ContractError

from mockodp.cli.lazy import LazyGroup
from mockodp.cli.output import printable
from mockodp.errors import MockODPError

COMMANDS: Final = {
    "serve": "mockodp.cli.serve:serve",
    "up": "mockodp.cli.background:up",
    "down": "mockodp.cli.background:down",
    "ready": "mockodp.cli.ready:ready",
    "exec": "mockodp.cli.execute:execute",
    "env": "mockodp.cli.env:env",
    "records": "mockodp.cli.listings:records",
    "items": "mockodp.cli.listings:items",
    "tail": "mockodp.cli.tail:tail",
    "show": "mockodp.cli.show:show",
    "verify": "mockodp.cli.verify:verify",
    "fault": "mockodp.cli.faults:fault",
    "clock": "mockodp.cli.clock:clock",
    "accounts": "mockodp.cli.accounts:accounts",
    "reset": "mockodp.cli.accounts:reset",
    "contracts": "mockodp.cli.contracts:contracts",
    "engine": "mockodp_harness.cli.engine:engine",
    "parity": "mockodp_harness.cli.parity:parity",
    "fidelity": "mockodp.cli.fidelity:fidelity",
    "doctor": "mockodp.cli.doctor:doctor",
}
WRONG_USE: Final = 2
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141


class Commands(LazyGroup):
    """The commands, and what becomes of their errors."""

    lazy = COMMANDS

    def main(self, *args: Any, **more: Any) -> NoReturn:
        """Run; expected errors end as one line and an exit code, all others as a traceback."""
        try:
            code = super().main(*args, **{**more, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = WRONG_USE
        except click.ClickException as error:
            code = complain(_usage(error), WRONG_USE)
        except MockODPError as error:
            code = complain(str(error), error.exit_code)
        except ContractError as error:
            code = complain(str(error), WRONG_USE)
        except (KeyboardInterrupt, click.Abort):
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that went away, as ``head`` does, ends it without a word."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_output()
            return PIPE_CLOSED
        return code


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="mockodp", prog_name="mockodp", message="%(prog)s %(version)s")
def cli() -> None:
    """A local Optimizely Data Platform that records and judges what Twilio Segment's destination sends it."""


def complain(message: str, code: int) -> int:
    """Say on stderr in one line what went wrong; the exit code."""
    click.echo(f"mockodp: {printable(' '.join(line.strip() for line in message.splitlines()))}", err=True)
    return code


def _usage(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    return message if context is None else f"{message} See '{context.command_path} --help'."


def _drop_output() -> None:
    """Point stdout to nowhere, so that its last flush at exit does not complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
