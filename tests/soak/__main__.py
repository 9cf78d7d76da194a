"""`python -m tests.soak`: a week of an ordinary company on simulated time; exits 1 when something
is not as it must be.

`--days 7` is how many days, from a Monday on; `--short` plays two hours with every incident.
`--write` puts the tables into docs/costs-and-limits.md and docs/reliability.md.
"""

import argparse
import logging
import os
import sys

from tests.soak import page
from tests.soak.day import Day
from tests.soak.plan import SHORT, week
from tests.soak.soak import run
from tests.soak.truth import broken

FIXED = "0"
"""PYTHONHASHSEED: the order of a set of texts depends on it, and the same week must be the same
run."""


def main() -> int:
    asked = _arguments()
    if os.environ.get("PYTHONHASHSEED") != FIXED:
        os.environ["PYTHONHASHSEED"] = FIXED
        os.execv(sys.executable, [sys.executable, "-m", "tests.soak", *sys.argv[1:]])  # noqa: S606 - itself
    logging.disable(logging.CRITICAL)  # of the libraries; what Hasten logs is kept and checked
    outcome = run(SHORT if asked.short else week(asked.days), _tell)
    for alert in outcome.alerts:
        print(f"{alert.fired_at:%A %H:%M} {alert.rule}: {alert.because}")
    wrong = broken(outcome)
    print("\n".join(wrong) or "everything is as it must be")
    if asked.write:
        page.write(outcome)
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true", help="update the pages")
    return parser.parse_args()


def _tell(day: Day) -> None:
    cost = day.cost
    print(
        f"{day.ended:%A %H:%M}: {cost.changes} changes, {cost.rows} rows, "
        f"{cost.runs.total()} runs, "
        f"{cost.graph.total()} requests to Graph, {cost.store.total()} to the store, an instance "
        f"holds {day.held.objects} objects, the store {day.kept.documents} documents, "
        f"the process {day.process >> 20} MiB, {len(day.wrong)} things wrong; "
        f"{dict(day.found_by)} {dict(day.states)} {dict(day.refused)} {day.store}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
