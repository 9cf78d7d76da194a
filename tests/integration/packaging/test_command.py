"""What `pip install .` gives an operator: the command, what it needs, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOT_SOURCES = shutil.ignore_patterns(".*", "build", "node_modules", "var", "__pycache__", "*.pyc")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, without the network: a build writes beside its sources."""
    sources = tmp_path_factory.mktemp("sources") / "hasten"
    shutil.copytree(ROOT, sources, ignore=NOT_SOURCES)
    built = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", built, sources)
    subprocess.run([*PIP, *build], check=True)
    [wheel] = built.iterdir()
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder it is installed into, whose packages come before those of this repository."""
    folder = tmp_path_factory.mktemp("installed")
    install = ("install", "--no-deps", "--no-compile", "--target", folder, wheel)
    subprocess.run([*PIP, *install], check=True)
    return folder


def _run(installed: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        command, cwd=installed, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_all_of_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    sources = (path for path in (ROOT / "hasten").rglob("*") if path.is_file())
    assert packed == {
        path.relative_to(ROOT).as_posix() for path in sources if "__pycache__" not in path.parts
    }


def test_the_wheel_requires_what_the_two_files_of_requirements_pin(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())

    pinned = [
        line
        for file in ("requirements-common.txt", "requirements-cli.txt")
        for line in (ROOT / file).read_text().splitlines()
        if re.match(r"\w", line)
    ]
    assert metadata.get_all("Requires-Dist") == pinned


def test_the_installed_command_lists_its_commands(installed: Path) -> None:
    usage = _run(installed, installed / "bin" / "hasten", "--help")

    commands = {"status", "explain", "release", "discard", "replay", "apply", "doctor"}
    assert usage.returncode == 0, usage.stderr
    assert commands <= set(usage.stdout.split())


@pytest.mark.parametrize(
    "command", [("bin/hasten",), (sys.executable, "-m", "hasten")], ids=["hasten", "python -m"]
)
def test_the_installed_command_runs_from_anywhere(installed: Path, command: tuple[str]) -> None:
    unknown = _run(installed, installed / command[0], *command[1:], "explode")

    assert unknown.returncode == 2
    assert "No such command 'explode'" in unknown.stderr


def test_the_installed_command_is_not_that_of_the_repository(installed: Path) -> None:
    asked = _run(installed, sys.executable, "-c", "import hasten; print(hasten.__file__)")

    assert Path(asked.stdout.strip()).is_relative_to(installed)
