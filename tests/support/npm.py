"""Tools that only npm has: installed once below .tools, by name and version."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / ".tools"


def needed_for(what: str) -> None:
    """Skips the test where npm is missing; in CI nothing may be left out, so that it fails."""
    if shutil.which("npm") is None:
        reason = f"{what} needs npm"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI must not skip it")
        pytest.skip(reason)


def installed(package: str, version: str) -> Path:
    """The folder `node_modules` with this version. It appears whole or not at all, whoever installs
    it too."""
    home = HOME / package.rpartition("/")[2]
    folder = home / version
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix="new-") as new:
            whole = Path(new, version)
            whole.mkdir()
            arguments = ["install", f"{package}@{version}", "--no-audit", "--no-fund", "--silent"]
            npm = shutil.which("npm") or "npm"
            subprocess.run([npm, *arguments, "--prefix", str(whole)], check=True)
            try:
                whole.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
    return folder / "node_modules"
