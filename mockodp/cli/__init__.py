"""The command line. Flags and environment go in, exit codes come out; each command is loaded when it is called."""


def main() -> None:
    """Run the command that the arguments name."""
    from mockodp.cli.group import cli  # noqa: PLC0415  importing the package costs nothing

    cli(prog_name="mockodp")
