"""The short form of `make chaos`."""

import os
import subprocess
import sys
from pathlib import Path

SEEDS, OPERATIONS = 1, 30


def test_short_storms_end_with_every_invariant_intact() -> None:
    command = ["-m", "tests.chaos", "--seeds", str(SEEDS), "--operations", str(OPERATIONS)]

    ran = subprocess.run(
        [sys.executable, *command],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("ok, ") == SEEDS
