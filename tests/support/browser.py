"""The browser of the machine, where it has one: `python -m tests.support.browser` says which one
the tests of the pages use, or what is left out."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
LEFT_OUT = (
    "no Chromium found (CHROMIUM, PATH): tests/browser is left out; on Debian, "
    "`apt-get install chromium` provides it"
)


def found() -> Path | None:
    """The browser that the environment variable CHROMIUM names, or that of PATH."""
    named = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return Path(named) if named else None


if __name__ == "__main__":
    print(f"browser: {found()}" if found() else LEFT_OUT)  # noqa: T201 - a command
