"""Tools that only npm has, installed once below .tools, by name and version. `make test` does it
before the tests start: `python -m tests.support.npm`. That needs no package, so that it can run
while the packages are installed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest import SkipTest

HOME = Path(__file__).parents[2] / ".tools"


@dataclass(frozen=True)
class Tool:
    package: str
    version: str
    also: tuple[str, ...] = ()
    """Packages that it needs in another version than npm would choose."""

    @property
    def modules(self) -> Path:
        """The folder `node_modules` that holds it."""
        return HOME / self.package.rpartition("/")[2] / self.version / "node_modules"


AZURITE = Tool("azurite", "3.37.0")
KQL = Tool("@kusto/language-service-next", "12.4.1")
QUINT = Tool("@informalsystems/quint", "0.33.1", also=("antlr4ts@0.5.0-alpha.4",))
"""npm would choose antlr4ts 0.5.0-dev, which Node.js cannot load."""

TOOLS = (AZURITE, KQL, QUINT)


def needed_for(what: str) -> None:
    """Skips the test where npm is missing; in CI nothing may be left out, so that it fails."""
    if shutil.which("npm") is None:
        reason = f"{what} needs npm"
        if os.environ.get("CI") == "true":
            raise AssertionError(f"{reason}, and CI must not skip it")
        raise SkipTest(reason)


def installed(tool: Tool) -> Path:
    """The folder `node_modules` with this version. It appears whole or not at all, whoever installs
    it too."""
    whole = tool.modules.parent
    if not whole.exists():
        whole.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=whole.parent, prefix="new-") as folder:
            new = Path(folder, tool.version)
            new.mkdir()
            wanted = [f"{tool.package}@{tool.version}", *tool.also]
            options = ["--no-audit", "--no-fund", "--silent", "--prefix", str(new)]
            npm = shutil.which("npm") or "npm"
            subprocess.run([npm, "install", *wanted, *options], check=True)
            try:
                new.rename(whole)
            except OSError:
                if not whole.exists():
                    raise
    return tool.modules


def main() -> str | None:
    """Installs all at once, as npm mostly waits; the reason why not, where that is an error."""
    if shutil.which("npm") is None:
        left_out = "no npm found: the tests of Azurite, Quint and the parser of KQL are left out"
        if os.environ.get("CI") == "true":
            return f"{left_out}, and CI must not leave them out"
        print(left_out)  # noqa: T201 - a command
        return None
    with ThreadPoolExecutor() as threads:
        list(threads.map(installed, TOOLS))
    return None


if __name__ == "__main__":
    sys.exit(main())
