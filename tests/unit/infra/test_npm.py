"""The tools of npm: what happens without npm, and that they can be installed before any package."""

import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

import pytest

from tests.support import npm
from tests.unit.infra.templates import ROOT


@pytest.fixture
def no_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_npm")
def test_without_npm_a_test_that_needs_it_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(SkipTest, match="Azurite needs npm"):
        npm.needed_for("Azurite")


@pytest.mark.usefixtures("no_npm")
def test_in_ci_such_a_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(AssertionError, match="CI must not skip it"):
        npm.needed_for("Azurite")


@pytest.mark.parametrize(("ci", "status"), [("false", 0), ("true", 1)])
def test_the_tools_are_installed_by_a_python_without_packages(
    tmp_path: Path, ci: str, status: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tests.support.npm"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status, done.stderr
    assert "no npm found" in done.stdout + done.stderr
