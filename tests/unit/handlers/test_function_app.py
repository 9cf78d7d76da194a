"""function_app.py as a worker loads it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
INDEXED = "import function_app; print(len(function_app.app.get_functions()))"


def test_loading_and_indexing_the_app_prints_no_warning() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", INDEXED],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert int(ran.stdout) > 0
