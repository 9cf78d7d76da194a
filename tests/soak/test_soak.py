"""The short form of `make soak`."""

import os
import subprocess
import sys
from pathlib import Path


def test_two_hours_of_a_company_with_every_incident_are_as_they_must_be() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--short"],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "everything is as it must be" in ran.stdout
    assert "held-changes" in ran.stdout
    assert "timer-late" in ran.stdout
