"""Getting the published packages onto a machine: pinned, once, and whole or not at all."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from mockodp_harness.node import NodeMissing, NodeRunner, PackagesMissing, find, home, install
from mockodp_harness.node.__main__ import main
from mockodp_harness.node.packages import FILES, SOURCES, differences
from mockodp_harness.node.programs import node

LOCK = json.loads((SOURCES / "package-lock.json").read_bytes())["packages"]

# Does what npm ci does, as far as anybody looks: a folder per package of the lock file.
NPM = """
import json, os, pathlib, sys
pathlib.Path("npm-calls").write_text(" ".join(sys.argv[1:]))
with open(os.environ["CALLS"], "a") as calls:
    print(os.environ.get("NODE_OPTIONS", "no options"), file=calls)
for place, entry in json.load(open("package-lock.json"))["packages"].items():
    folder = pathlib.Path(place or "nowhere")
    folder.mkdir(parents=True, exist_ok=True)
    version = os.environ.get("VERSION", entry["version"])
    (folder / "package.json").write_text(json.dumps({"name": place, "version": version}))
"""
FAILING_NPM = "import sys; sys.exit('npm error: the registry did not answer')"


def program(folder: Path, name: str, script: str) -> None:
    """A program on PATH that is a few lines of Python."""
    source = folder / f"{name}.py"
    source.write_text(script)
    path = folder / name
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(source))} "$@"\n')
    path.chmod(0o755)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A machine with a Node.js and an npm that install nothing from anywhere."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program(programs, "node", "print('v20.20.2')")
    program(programs, "npm", NPM)
    return {
        "PATH": str(programs),
        "HOME": str(tmp_path),
        "MOCKODP_CACHE_DIR": str(tmp_path / "cache"),
        "CALLS": str(tmp_path / "calls"),
    }


def calls(env: dict[str, str]) -> list[str]:
    path = Path(env["CALLS"])
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.node
def test_the_real_packages_are_as_the_lock_file_says(packages: Path) -> None:
    assert differences(packages) == []
    assert packages == install() == find() == home()


@pytest.mark.node
def test_a_stand_in_that_is_loaded_names_itself(packages: Path) -> None:
    for name in ("kafkajs", "@aws-sdk/client-s3/deep/inside"):
        done = subprocess.run(
            [node(), "-e", f"require({name!r})"],
            cwd=packages,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        package = "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
        assert done.returncode == 1
        assert f"Package '{package}' was loaded, but only a stand-in of it is installed." in done.stderr


def test_the_lock_file_pins_all_and_names_no_download_host() -> None:
    wanted = json.loads((SOURCES / "package.json").read_bytes())
    stand_in = LOCK["node_modules/mockodp-stand-in"]["resolved"]

    assert {entry["resolved"] for entry in LOCK.values() if "resolved" in entry} == {stand_in} == {"file:stand-in"}
    for name, version in {**wanted["dependencies"], **wanted["overrides"]}.items():
        entry = LOCK[f"node_modules/{name}"]
        if version in ("$mockodp-stand-in", "file:stand-in"):
            assert entry["resolved"] == stand_in
        else:
            assert entry["version"] == version
            assert entry["integrity"].startswith("sha512-")


def test_everything_beside_the_python_code_goes_into_the_folder() -> None:
    beside = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert beside == set(FILES)


def test_the_cache_is_where_the_environment_says() -> None:
    name = home("/given", env={}).name
    assert home("/given", env={"MOCKODP_CACHE_DIR": "/own"}) == Path("/given", name)
    assert home(env={"MOCKODP_CACHE_DIR": "/own", "XDG_CACHE_HOME": "/xdg"}) == Path("/own", name)
    assert home(env={"XDG_CACHE_HOME": "/xdg"}) == Path("/xdg/mockodp", name)
    assert home(env={}) == Path.home() / ".cache" / "mockodp" / name


def test_it_installs_once(env: dict[str, str]) -> None:
    assert find(env=env) is None
    folder = install(env=env)

    assert folder == find(env=env) == install(env=env) == home(env=env)
    assert (folder / "npm-calls").read_text() == "ci --ignore-scripts"
    assert len(calls(env)) == 1
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]


def test_npm_is_not_led_to_the_mock(env: dict[str, str]) -> None:
    install(env={**env, "NODE_OPTIONS": "--require mockodp-preload.cjs"})
    assert calls(env) == ["no options"]


def test_several_at_once_end_with_one_whole_folder(env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "mockodp_harness.node", "install"]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}

    def installing(_: int) -> str:
        return subprocess.run(
            command, env={**env, **paths}, capture_output=True, encoding="utf-8", check=True
        ).stdout.strip()

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(installing, range(3))) == {f"The published destination 3.497.0 is ready in {home(env=env)}"}
    assert differences(home(env=env)) == []


def test_whoever_is_quicker_wins(env: dict[str, str]) -> None:
    other = f"\nimport shutil; shutil.copytree('.', {str(home(env=env))!r}); open('the slower', 'w').close()"
    program(Path(env["PATH"]), "npm", NPM + other)
    folder = install(env=env)

    assert find(env=env) == folder
    assert not (folder / "the slower").exists()


@pytest.mark.parametrize("damage", ["node_modules/ajv/package.json", "runner.mjs"])
def test_a_damaged_folder_is_not_used_but_renewed(env: dict[str, str], damage: str) -> None:
    folder = install(env=env)
    (folder / damage).unlink()

    assert find(env=env) is None
    with pytest.raises(PackagesMissing, match="is missing"):
        NodeRunner(env=env)
    assert install(env=env) == folder == find(env=env)


def test_other_versions_than_pinned_are_not_taken(env: dict[str, str]) -> None:
    with pytest.raises(PackagesMissing, match=r"node_modules/@amplitude/ua-parser-js is 9\.9\.9, expected 0\.0\.0"):
        install(env={**env, "VERSION": "9.9.9"})
    assert find(env=env) is None


def test_a_failing_npm_leaves_nothing_but_its_last_words(env: dict[str, str]) -> None:
    program(Path(env["PATH"]), "npm", FAILING_NPM)
    with pytest.raises(PackagesMissing, match=r"exit code 1(.|\n)*the registry did not answer"):
        install(env=env)
    assert [path for path in Path(env["MOCKODP_CACHE_DIR"]).iterdir() if path.is_dir()] == []


def test_an_npm_that_hangs_is_given_up(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockodp_harness.node.packages.NPM_SECONDS", 0.1)
    program(Path(env["PATH"]), "npm", "import sys, threading; threading.Event().wait(60)")
    with pytest.raises(PackagesMissing, match="npm ci did not end within"):
        install(env=env)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("v18.20.1", "is Node.js v18.20.1, expected 20.3 or newer"),
        ("v20.2.0", "is Node.js v20.2.0, expected 20.3 or newer"),
        ("", "is Node.js without a version, expected 20.3 or newer"),
    ],
)
def test_a_node_that_is_too_old_is_told(env: dict[str, str], version: str, words: str) -> None:
    program(Path(env["PATH"]), "node", f"print({version!r})")
    with pytest.raises(NodeMissing, match=words):
        install(env=env)


@pytest.mark.parametrize("name", ["node", "npm"])
def test_a_program_that_is_missing_is_named(env: dict[str, str], name: str) -> None:
    (Path(env["PATH"]) / name).unlink()
    with pytest.raises(NodeMissing, match=rf"^{name} was not found on PATH, expected Node\.js 20\.3 or newer"):
        install(env=env)


def test_a_node_that_does_not_run_is_told(env: dict[str, str]) -> None:
    (Path(env["PATH"]) / "node").write_text("no program at all")
    with pytest.raises(NodeMissing, match="does not run"):
        install(env=env)


@pytest.mark.parametrize(
    ("command", "said"),
    [("install", "The published destination 3.497.0 is ready in {}\n"), ("where", "{}\n")],
)
def test_the_command_line_says_where(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    install(env=env)
    done = CliRunner().invoke(main, [command])

    assert (done.exit_code, done.stdout) == (0, said.format(home(env=env)))


def test_where_says_how_to_install(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["where", "--cache-dir", str(tmp_path)])

    assert done.exit_code == 3
    assert done.stderr.startswith(f"PackagesMissing: The destination's packages are not ready in {tmp_path}")
    assert f"Run '{sys.executable} -m mockodp_harness.node install'." in done.stderr


def test_the_command_line_without_node_ends_with_3(tmp_path: Path) -> None:
    command = ["install", "--cache-dir", str(tmp_path)]
    done = CliRunner(env={"PATH": str(tmp_path)}).invoke(main, command)

    assert done.exit_code == 3
    assert done.stderr.startswith("NodeMissing: node was not found on PATH")


def test_a_runner_without_packages_says_how_to_install(env: dict[str, str]) -> None:
    with pytest.raises(PackagesMissing, match=r"Run '/.*python.* -m mockodp_harness\.node install'") as missing:
        NodeRunner(env=env)
    assert missing.value.exit_code == 3


@pytest.mark.node
def test_a_runner_without_node_says_so(packages: Path, tmp_path: Path) -> None:
    with pytest.raises(NodeMissing, match="node was not found on PATH"):
        NodeRunner(folder=packages, env={"PATH": str(tmp_path)})


def test_a_folder_without_its_packages_is_told_by_the_process(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node was not found on PATH")
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(SOURCES / name, tmp_path / name)
    done = subprocess.run(
        [node(), str(tmp_path / "runner.mjs")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 3
    assert "Cannot find module '@segment/actions-core'" in done.stderr
    assert "run 'npm ci --ignore-scripts' there" in done.stderr
