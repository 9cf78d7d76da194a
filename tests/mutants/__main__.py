"""Judges mutants of the domain and of the records: `python -m tests.mutants --help`. Exits with 1
if the tests kill less than 95 % of those that are not equivalent."""

import argparse
import json
import random
import sys
import time
from collections import Counter

import pytest

from tests.mutants import equivalent
from tests.mutants.covering import FOLDER
from tests.mutants.judging import Verdict
from tests.mutants.mutants import Mutant, files, mutants
from tests.mutants.session import Session

LEAST_KILLED = 0.95
NO_TESTS = ["adapters", "csdl", "emulator", "events_contract", "handlers", "infra"]
"""Folders of unit tests that judge no mutant, to save time: they run other code."""
THREADS = ["api/test_openapi.py"]
"""Schemathesis starts a thread when it collects tests, and a forked process has no such thread."""
LONG = ["watch/test_growth.py"]
RESULT = FOLDER / "alive.json"
UNIT_TESTS = ["tests/unit", *(f"--ignore=tests/unit/{one}" for one in NO_TESTS + THREADS + LONG)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--module", default="", help="only the files whose path contains this")
    parser.add_argument("--sample", type=int, help="only that many, chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="those that lived last time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tests", nargs="*", default=UNIT_TESTS, help="the tests that judge")
    given = parser.parse_args()
    wanted = [one for path in files() if given.module in path for one in mutants(path)]
    if given.again:
        lived = set(map(tuple, json.loads(RESULT.read_text())))
        wanted = [one for one in wanted if (one.path, one.within, one.before, one.after) in lived]
    if given.sample and given.sample < len(wanted):
        wanted = sorted(random.Random(given.seed).sample(wanted, given.sample))
    wanted = [one for one in wanted if one.is_python]
    return _judge(wanted, given.tests, given.workers)


def _judge(wanted: list[Mutant], tests: list[str], workers: int) -> int:
    listed = equivalent.entries()
    verdicts: dict[Mutant, Verdict] = {}
    for mutant in wanted:
        if any(entry.is_of(mutant) for entry in listed.get(mutant.path, [])):
            verdicts[mutant] = Verdict.EQUIVALENT

    def judged(mutant: Mutant, verdict: Verdict) -> None:
        verdicts[mutant] = verdict
        if verdict == Verdict.ALIVE:
            print(f"alive ({len(verdicts)} of {len(wanted)}): {mutant}", flush=True)

    started = time.monotonic()
    left = [mutant for mutant in wanted if mutant not in verdicts]
    if left:
        quietly = ["-q", "-s", "--disable-warnings", "-p", "no:cacheprovider"]
        session = Session(left, workers, judged)
        if pytest.main([*quietly, *tests], plugins=[session]) != pytest.ExitCode.OK:
            return 2
    return _report(verdicts, time.monotonic() - started)


def _report(verdicts: dict[Mutant, Verdict], seconds: float) -> int:
    count = Counter(verdicts.values())
    alive = sorted(one for one, verdict in verdicts.items() if verdict == Verdict.ALIVE)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps([(one.path, one.within, one.before, one.after) for one in alive]))
    killed = count[Verdict.KILLED] + count[Verdict.TIMED_OUT]
    share = killed / max(1, killed + len(alive))
    print(f"{len(verdicts)} mutants in {seconds:.0f} s:", *(f"{n} {v}," for v, n in count.items()))
    print(f"{share:.1%} of those that are not equivalent are killed")
    gone = equivalent.stale(equivalent.entries())
    print(*(f"another number of mutants than listed: {one}" for one in gone), sep="\n", end="")
    return int(share < LEAST_KILLED or bool(gone))


if __name__ == "__main__":
    sys.exit(main())
