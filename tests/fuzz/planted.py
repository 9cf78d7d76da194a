"""Shows that the search finds faults: `python -m tests.fuzz.planted` plants one fault after another
in a copy of Hasten, searches the decoder that has it, and says after how many seconds it was
found."""

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.corpus import ROOT

SECONDS = 120
"""For the search of one fault."""

COPIED = ("hasten", "tests", "emulator", "docs", "handlers", "infra")
LINKED = ("targets.yaml", "pyproject.toml", "host.json", "examples", "local.settings.sample.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A change of a line of Hasten that makes a decoder wrong."""

    decoder: str
    file: str
    right: str
    wrong: str


PLANTED = (
    Planted(
        decoder="notification",
        file="hasten/domain/notifications.py",
        right="if not isinstance(subscription, str) or not isinstance(resource, str):",
        wrong="if not isinstance(subscription, str):",
    ),
    Planted(
        decoder="event",
        file="hasten/events/envelope.py",
        right="decoded = from_base64(encoded) if isinstance(encoded, str) else None",
        wrong="decoded = from_base64(encoded)",
    ),
    Planted(
        decoder="delta",
        file="hasten/adapters/graph/membership.py",
        right="if not isinstance(some, list):",
        wrong="if some is None:",
    ),
    Planted(
        decoder="verdict",
        file="hasten/domain/account.py",
        right="if not (isinstance(details, Mapping) and _has_succeeded(step)):",
        wrong="if not (details is not None and _has_succeeded(step)):",
    ),
    Planted(
        decoder="log",
        file="hasten/domain/account.py",
        right='str(source.get("id") or "").lower() if isinstance(source, Mapping) else ""',
        wrong='str((source or {}).get("id") or "").lower()',
    ),
    Planted(
        decoder="accounts",
        file="hasten/adapters/scim/accounts.py",
        right="return BOOLEANS.get(value.casefold()) if isinstance(value, str) else None",
        wrong="return BOOLEANS.get(value.casefold()) if value else None",
    ),
    Planted(
        decoder="targets",
        file="hasten/yaml_file.py",
        right="except UnicodeDecodeError:",
        wrong="except UnicodeEncodeError:",
    ),
)


def main() -> int:
    """Returns 1 if a fault was not found."""
    missed = 0
    for planted in PLANTED:
        seconds = found_after(planted)
        missed += seconds is None
        result = "not found" if seconds is None else f"found after {seconds:.0f} s"
        print(f"{planted.decoder}: {planted.file}: {result}", flush=True)
    return int(missed > 0)


def found_after(planted: Planted, seconds: int = SECONDS) -> float | None:
    """Returns the seconds until the search found the fault, with its start; None if it did not.
    Raises ValueError if Hasten does not have the line."""
    with tempfile.TemporaryDirectory(prefix="hasten-planted-") as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in LINKED:
            (copy / name).symlink_to(ROOT / name)
        changed = copy / planted.file
        text = changed.read_text()
        if text.count(planted.right) != 1:
            raise ValueError(f"{planted.file} does not have once: {planted.right}")
        changed.write_text(text.replace(planted.right, planted.wrong))
        command = [sys.executable, "-m", "tests.fuzz"]
        began = time.perf_counter()
        ended = subprocess.run(
            [*command, "--decoder", planted.decoder, "--seconds", str(seconds)],
            cwd=copy,
            check=False,
            capture_output=True,
            text=True,
        )
        is_found = ": finding /" in ended.stdout or ": finding var" in ended.stdout
        if not is_found and ended.returncode:
            raise RuntimeError(f"the search failed: {ended.stdout}{ended.stderr}")
        return time.perf_counter() - began if is_found else None


if __name__ == "__main__":
    sys.exit(main())
