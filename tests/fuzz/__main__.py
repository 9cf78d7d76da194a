"""Searches the decoders for findings, one after another: `python -m tests.fuzz --help`. The end is
a line for each decoder."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz import corpus
from tests.fuzz.decoders import DECODERS

RESULTS = corpus.ROOT / "var" / "fuzz"
EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
FINDINGS = ("crash-*", "timeout-*", "oom-*")


def main() -> int:
    """Returns 1 if there is a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each decoder")
    parser.add_argument("--decoder", choices=DECODERS, help="only this one")
    parser.add_argument("--keep", action="store_true", help="add to the corpus what reaches more")
    given = parser.parse_args()
    names = [given.decoder] if given.decoder else list(DECODERS)
    lines = [_searched(name, given.seconds, keep=given.keep) for name in names]
    print("\n".join(lines))
    return int(any(": finding" in line for line in lines))


def _searched(name: str, seconds: int, *, keep: bool) -> str:
    folder = RESULTS / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in _findings(folder):
        old.unlink()
    log = folder / "log"
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(seconds), str(folder)]
    with log.open("w") as output:
        ended = subprocess.run(command, cwd=corpus.ROOT, stderr=output, stdout=output, check=False)
    said = log.read_text(errors="replace")
    executions = EXECUTIONS.search(said)
    findings = _findings(folder)
    if findings:
        return f"{name}: finding {findings[0]}, see {log}"
    if ended.returncode or not executions:
        return f"{name}: finding: the search itself failed, see {log}"
    added = corpus.keep(name, _inputs(folder)) if keep else 0
    return f"{name}: {executions[1]} executions in {seconds} s, {added} inputs added to the corpus"


def _findings(folder: Path) -> list[Path]:
    return sorted(file for pattern in FINDINGS for file in folder.glob(pattern))


def _inputs(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in (folder / "inputs").iterdir()]


if __name__ == "__main__":
    sys.exit(main())
