"""Finds people whom Hasten left to Entra's own cycle and who wait too long for it: the job may be
paused, in quarantine, or slower than anybody expects."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.limits import LOG_SETTLED_AFTER
from hasten.operate.problems import Problem
from hasten.telemetry.operate import CycleOverdue

MAX_CYCLE_WAIT = timedelta(hours=1) + LOG_SETTLED_AFTER
"""A cycle comes about every 40 minutes (Entra docs), and the log shows later what it has done."""


def overdue(rows: Sequence[Change], now: datetime) -> Sequence[Change]:
    """Returns the rows that were left to the cycle too long ago, oldest first. Rows that an
    operator discarded are not among them."""
    late = [
        row
        for row in rows
        if row.state is State.LEFT_TO_CYCLE
        and not row.is_discarded
        and row.finished_at is not None
        and now - row.finished_at > MAX_CYCLE_WAIT
    ]
    return sorted(late, key=lambda row: row.finished_at or now)


def problems(rows: Sequence[Change], now: datetime) -> list[Problem]:
    late = overdue(rows, now)
    if not late:
        return []
    people = len({row.user for row in late})
    return [
        Problem(
            f"{people} people wait more than an hour for Entra's own cycle, the first since "
            f"{late[0].finished_at:%Y-%m-%d %H:%M}Z",
            "look at the provisioning job: start it if it is paused, mend it if it is in "
            f"quarantine; explain {late[0].user} says what is left to do",
        )
    ]


def report_overdue(context: Context, target: str, rows: Sequence[Change]) -> None:
    """Emits an event if people of the target wait too long."""
    now = context.now()
    late = overdue(rows, now)
    if late:
        since = late[0].finished_at or now
        context.emit(
            CycleOverdue(
                target=target,
                people=len({row.user for row in late}),
                oldest=round((now - since).total_seconds(), 1),
            )
        )
