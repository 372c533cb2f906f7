"""The wheel in an empty environment: three packages and nothing else, it starts, and it serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"mockodp", "mockodp_contracts", "mockodp_harness"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that holds the wheel and what it asks for."""
    home = tmp_path_factory.mktemp("empty")
    venv.create(home, with_pip=True)
    command = [
        str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check",
        "--constraint", str(ROOT / "constraints.txt"), str(wheel),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return home / "bin"


@pytest.mark.slow
def test_the_wheel_has_the_three_packages_and_their_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == PACKAGES
    wanted = {f"{package}/py.typed" for package in PACKAGES} | {
        "mockodp/node/mockodp-preload.cjs",
        "mockodp_harness/demo_events.json",
        "mockodp_harness/node/canned.mjs",
        "mockodp_harness/node/cases.mjs",
        "mockodp_harness/node/package-lock.json",
        "mockodp_harness/node/runner.mjs",
    }
    assert wanted <= set(names)
    assert not [name for name in names if "node_modules" in name or "test" in name]


@pytest.mark.slow
def test_installed_alone_it_starts_and_serves(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()  # a user's own folders of these names must not get in its way
    (tmp_path / "harness").mkdir()
    program = (
        "import os, urllib.request as r; url = os.environ['MOCKODP_URL'] + '/eu/twilio_segment/auth'; "
        "key = {'authorization': 'Bearer ' + os.environ['MOCKODP_KEY']}; "
        "print(r.urlopen(r.Request(url, method='POST', headers=key)).status)"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MOCKODP_", "PYTHON"))}
    command = [str(installed / "mockodp"), "exec", "--", sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "200"), done.stderr
    shown = subprocess.run(
        [str(installed / "mockodp"), "fidelity", "--json"], capture_output=True, timeout=60, check=True
    )
    assert json.loads(shown.stdout)
