"""One row settled with one verdict."""

from datetime import timedelta

from hasten.domain.changes import Change
from hasten.domain.planning import Call
from hasten.domain.settlement import (
    settle,
)
from hasten.domain.verdicts import Result, Verdict
from tests.unit.domain.rows import GROUPS, NOW, seconds

GROUP = GROUPS[0]


def backoff(attempt: int) -> timedelta:
    return seconds(1000 + attempt)


def settled(row: Change, verdict: Verdict | Result, *, call: Call | None = None) -> Change:
    """By default the row was alone in a call of its group."""
    if isinstance(verdict, Result):
        verdict = Verdict(verdict)
    return settle(row, call or Call(row.group, (row,)), verdict, now=NOW, backoff=backoff)


def by_user(row: Change, *, then_group: bool = False) -> Call:
    return Call(None, (row,), then_group)
