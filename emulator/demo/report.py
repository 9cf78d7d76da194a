"""Prints the result of the demo: the time of each change, and the checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from emulator.demo.measure import Call, Change, Course, called_too_often, percentile
from emulator.demo.story import LEAST_CALLS
from emulator.demo.timeline import GROUPS
from emulator.graph.seed import TOTAL_ADMIN

P50, P95 = 1.0, 2.0
"""Seconds that Hasten itself may take from notification to call, also on a machine that does other
work: two idle cores need 0.3 and 0.9."""

BURST_CALLS = 7
MOST_CALLS = 5
"""Calls for one change: at once, and after 15, 30, 60 and 120 s, until Entra counts it. The
emulated Entra counts a change 45 s late (documented for assignments: "up to a few minutes")."""

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that the demo observed."""

    courses: Sequence[Course]
    calls: Sequence[Call]
    calls_before_attack: int
    attack: tuple[int, int]
    accounts: dict[str, Json]
    stats: Json
    next_cycle: float


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check and its result."""

    what: str
    shown: str
    holds: bool


def checks(outcome: Outcome) -> list[Check]:
    changes = [course.change for course in outcome.courses]
    missing = [c.name for c in changes if not _is_in_app(c, outcome.accounts)]
    uncalled = [c.change.name for c in outcome.courses if c.own is None]
    own = [course.own for course in outcome.courses if course.own is not None]
    too_often = called_too_often(outcome.courses, MOST_CALLS)
    burst = _calls_of(outcome, "burst")
    leaver = next(iter(_calls_of(outcome, "leaver")), None)
    leaver_first = leaver is not None and bool(burst) and leaver.at < burst[-1].at
    extra = len(outcome.calls) - outcome.calls_before_attack
    p50, p95 = (percentile(own, p) if own else float("inf") for p in (50, 95))
    return [
        _check("changes lost", missing or uncalled),
        _check(f"people called more than {MOST_CALLS} times for a change", too_often),
        _time(f"p50, notification to call (at most {P50:g} s)", p50, P50),
        _time(f"p95, notification to call (at most {P95:g} s)", p95, P95),
        Check(
            what=f"first calls for the burst of 23 (least possible: 5, at most {BURST_CALLS})",
            shown=str(len(burst)),
            holds=0 < len(burst) <= BURST_CALLS,
        ),
        Check(
            what=f"calls in all (least possible: {LEAST_CALLS})",
            shown=str(len(outcome.calls)),
            holds=len(outcome.calls) >= LEAST_CALLS,
        ),
        Check(
            what="the leaver was called before waiting joiners",
            shown="yes" if leaver_first else "no",
            holds=leaver_first,
        ),
        Check(
            what="calls that the replay and the forgery led to",
            shown=f"{extra} (answers {outcome.attack[0]}, {outcome.attack[1]})",
            holds=extra == 0 and outcome.attack == (202, 202),
        ),
        _count("limit violations", outcome.stats["limit_violations"]),
        _count("429s given by Graph", outcome.stats["throttled"]),
    ]


def show(console: Console, outcome: Outcome, found: Sequence[Check]) -> None:
    cycle = datetime.fromtimestamp(outcome.next_cycle, UTC).strftime("%H:%M:%S")
    table = Table(
        title="Each change, from its notification on",
        caption="Held: Graph's window of 5 calls in 10 s was full, or an earlier call on the same "
        f"person had not ended.\nCalls: Entra counts a change 45 s late here, as the documents "
        "allow; Hasten calls again until it does.\nBy cycle: who keeps another assignment leaves "
        f"the old group with Entra's own cycle, at {cycle} UTC.",
        box=None,
        padding=(0, 2, 0, 0),
        header_style="bold underline",
    )
    for column in ("Change", "Who", "Group"):
        table.add_column(column, no_wrap=True)
    for column in ("Called", "Held", "Calls", "In app", "Cycle"):
        table.add_column(column, justify="right", no_wrap=True)
    for course in outcome.courses:
        sign = "-" if course.change.removed else "+"
        table.add_row(
            course.change.what,
            course.change.name,
            f"{sign} {GROUPS[course.change.group].removeprefix('TOTAL-')}",
            *_times(course, outcome.next_cycle),
        )
    console.print(table)
    summary = Table(title="What must hold", show_header=False, box=box.SIMPLE)
    for check in found:
        mark = "[green]✓[/green]" if check.holds else "[red]✗[/red]"
        summary.add_row(mark, check.what, check.shown)
    console.print(summary)


def _times(course: Course, next_cycle: float) -> tuple[str, str, str, str, str]:
    if course.notified_at is None or course.call is None:
        return ("never", "", "", "", "")
    called = _span(course.call.at - course.notified_at)
    held = _span(course.held) if course.held else ""
    calls = str(course.calls)
    if course.in_app_at is None:
        return (called, held, calls, "by cycle" if course.change.by_cycle else "never", "")
    in_app = _span(course.in_app_at - course.notified_at)
    return (called, held, calls, in_app, f"+{(next_cycle - course.in_app_at) / 60:.0f} min")


def _is_in_app(change: Change, accounts: dict[str, Json]) -> bool:
    """Returns whether the app shows the end of the story for this user."""
    account = accounts.get(change.user)
    if account is None:
        return False
    if change.what == "leaver":
        return not account["active"]
    if change.what == "move":
        return bool(account["active"]) and TOTAL_ADMIN in account["groups"]
    return bool(account["active"]) and change.group in account["groups"]


def _calls_of(outcome: Outcome, what: str) -> list[Call]:
    found = {c.call for c in outcome.courses if c.change.what == what and c.call is not None}
    return sorted(found, key=lambda call: call.at)


def _check(what: str, found: Sequence[str]) -> Check:
    return Check(what=what, shown=", ".join(found) or "0", holds=not found)


def _time(what: str, took: float, most: float) -> Check:
    return Check(what=what, shown=_span(took), holds=took <= most)


def _count(what: str, number: int) -> Check:
    return Check(what=what, shown=str(number), holds=number == 0)


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
