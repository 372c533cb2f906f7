"""The command line as a whole: help, version, fidelity, and mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import click
import pytest

from mockodp.cli.group import COMMANDS, Commands, cli
from mockodp.fidelity import every_rule
from tests.mockodp.commands import run


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_name_and_a_help(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: mockodp {name} ")
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert isinstance(cli, Commands)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name


def test_the_help_lists_every_command() -> None:
    for arguments in (("--help",), ("-h",)):
        listed = run(*arguments).stdout.partition("Commands:\n")[2]
        assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)
    assert run().exit_code == 2


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"mockodp {version('mockodp')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nosuch",), "'nosuch' is not a command. Known: serve, up, down,"),
        (("--nosuch",), "No such option"),
        (("show",), "Missing argument 'ID'. See 'mockodp show --help'."),
        (("exec",), "Missing argument"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("mockodp: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_fidelity_needs_no_mock() -> None:
    rules = list(every_rule())
    assert [rule["name"] for rule in json.loads(run("fidelity", "--json").stdout)["rules"]] == [r.name for r in rules]
    text = run("fidelity", COLUMNS="80").stdout
    assert max(len(line) for line in text.splitlines() if "#/" not in line) <= 80  # a name is never broken
    assert all(rule.name in text for rule in rules)
    assert run("fidelity").stdout.count("\n") == 4 * len(rules)


def test_fidelity_can_be_narrowed_by_kind_and_by_grade() -> None:
    said = run("fidelity", "--kind", "rule", "--evidence", "unknown", "--json")
    assert {(rule["name"], rule["severity"]) for rule in json.loads(said.stdout)["rules"]} == {
        ("timestamp-in-future", "warning")
    }


def test_the_module_is_the_command_too() -> None:
    said = subprocess.run([sys.executable, "-m", "mockodp", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("mockodp ")
