"""Runs the Quint models: random traces of an instance, checked against its invariants."""

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support import npm

MODELS = Path(__file__).parents[2] / "model"

REVOCATION: Mapping[str, str] = {
    "CHANGES": "2",
    "STARTS_AS_MEMBER": "true",
    "FAULTS": "1",
    "LOST_LOOKS": "1",
    "LEDGER_BEFORE_CURSOR": "true",
    "REMOVAL_WINS_IN_A_SLICE": "true",
    "LATER_READ_COUNTS": "true",
    "LEDGER_BEFORE_REPLICA": "true",
    "EARLY_ANSWER_IS_NOT_FINAL": "true",
    "FENCE": "true",
    "COMPARE_AND_SET": "true",
    "MARK": "true",
}
WRITES: Mapping[str, str] = {
    "EVENTS": "2",
    "FAULTS": "2",
    "FENCE": "true",
    "LOOKS_AGAIN_AFTER_WRITE": "true",
    "LOOKS_AGAIN_AFTER_LOSS": "true",
    "COUNTS_REOPENINGS": "true",
    "COMPARE_AND_SET": "true",
    "MARK": "true",
}


@dataclass(frozen=True)
class Run:
    """`report` is what Quint says: of a violation it shows the trace."""

    is_violated: bool
    report: str


def run(
    module: str, constants: Mapping[str, str], *, samples: int, steps: int = 40, seed: int = 1
) -> Run:
    """Raises AssertionError where Quint finds neither a violation nor none."""
    npm.needed_for("the model in Quint")
    cli = npm.installed(npm.QUINT) / npm.QUINT.package / "dist" / "src" / "cli.js"
    given = ", ".join(f"{name} = {value}" for name, value in constants.items())
    path = MODELS / f"{module}.qnt"
    text = path.read_text() + f"\nmodule instance {{ import {module}({given}).* }}\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "instance.qnt")
        file.write_text(text)
        options = [
            "--backend=typescript",
            "--main=instance",
            "--invariant=safe",
            f"--max-samples={samples}",
            f"--max-steps={steps}",
            f"--seed={seed}",
        ]
        done = subprocess.run(
            ["node", cli, "run", *options, file],
            capture_output=True,
            text=True,
            check=False,
        )
    report = done.stdout + done.stderr
    is_violated = "[violation]" in report
    assert is_violated or "[ok]" in report, report
    return Run(is_violated, report)
