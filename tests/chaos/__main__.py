"""`python -m tests.chaos`: storms, each with its own seed; exits 1 when an invariant is broken.

`--seeds 50 --operations 200` runs the seeds 1 to 50; `--seed 7` runs one again and tells more.
With `--deploys`, deployments also change targets.yaml, and administrators pause provisioning jobs.
`--write` puts the tables of docs/reliability.md in place of those that are there, after each storm.
"""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.chaos import page
from tests.chaos.storm import Outcome, storm
from tests.support.virtual_time import virtual

GARBAGE = 50_000, 20, 100
"""Thresholds of the garbage collector: with Python's own a tenth of a storm goes into searches that
find little."""

FIXED = "0"
"""PYTHONHASHSEED: the order of a set of texts depends on it, and a seed must name one run."""


def main() -> int:
    asked = _arguments()
    if os.environ.get("PYTHONHASHSEED") != FIXED:
        os.environ["PYTHONHASHSEED"] = FIXED
        os.execv(sys.executable, [sys.executable, "-m", "tests.chaos", *sys.argv[1:]])  # noqa: S606 - itself
    seeds = [asked.seed] if asked.seed else range(asked.first, asked.first + asked.seeds)
    outcomes = []
    for outcome in _storms(seeds, asked.operations, deploys=asked.deploys):
        outcomes.append(outcome)
        print(_line(outcome, asked.operations, deploys=asked.deploys), flush=True)
        for broken in outcome.broken:
            print(f"  {broken}")
        if asked.seed:
            print(outcome.report)
        if asked.write:
            page.write(outcomes, asked.operations, asked.measured)
    return 1 if any(outcome.broken for outcome in outcomes) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=1, help="the first of the seeds")
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--operations", type=int, default=200)
    parser.add_argument("--deploys", action="store_true", help="settings and jobs change too")
    parser.add_argument("--write", action="store_true", help="update docs/reliability.md")
    parser.add_argument("--measured", type=Path, help="a report of pytest, for its table")
    return parser.parse_args()


def _storms(seeds: range | list[int], operations: int, *, deploys: bool) -> Iterator[Outcome]:
    run = partial(_run, operations=operations, deploys=deploys)
    if len(seeds) == 1:
        _prepare()
        yield from map(run, seeds)
        return
    with ProcessPoolExecutor(initializer=_prepare) as pool:
        yield from pool.map(run, seeds)


def _prepare() -> None:
    gc.freeze()  # modules live to the end
    gc.set_threshold(*GARBAGE)


def _run(seed: int, operations: int, *, deploys: bool) -> Outcome:
    logging.disable(logging.CRITICAL)  # of the libraries; what Hasten logs is kept and checked
    gc.collect()  # the storm before
    outcomes: list[Outcome] = []

    @virtual
    async def body() -> None:
        outcomes.append(await storm(seed, operations, deploys=deploys))

    body()
    return outcomes[0]


def _line(outcome: Outcome, operations: int, *, deploys: bool) -> str:
    report = outcome.report
    verdict = "BROKEN" if outcome.broken else "ok"
    again = f"python -m tests.chaos --seed {outcome.seed} --operations {operations}"
    again += " --deploys" if deploys else ""
    return (
        f"seed {outcome.seed}: {verdict}, {sum(outcome.operations.values())} operations, "
        f"{sum(report.faults.values())} faults, {report.calls} calls, "
        f"{report.seconds / 3600:.1f} virtual hours (again: {again})"
    )


if __name__ == "__main__":
    sys.exit(main())
