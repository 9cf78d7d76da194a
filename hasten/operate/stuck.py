"""Finds changes that do not move, because they wait for someone or because their target stands
still."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hasten.domain.changes import Change, State
from hasten.domain.cycle import Cycle
from hasten.operate.problems import Problem

STUCK_AFTER = timedelta(minutes=5)
"""Age at which an open revocation is a problem, as in the alert `stale-revocation`. A drain starts
within a minute after a row is due."""


def problems(rows: Sequence[Change], now: datetime) -> list[Problem]:
    """Returns the problems. `rows` are the open changes of a target."""
    moving = [row for row in rows if row.state is not State.HELD]
    found = [*_waiting_for_someone(moving)]
    late = [row for row in moving if row.is_removal and now - row.noticed_at > STUCK_AFTER]
    if late:
        first = min(row.noticed_at for row in late)
        found.append(
            Problem(
                f"{len(late)} revocations wait, the oldest since {first:%Y-%m-%d %H:%M}Z",
                f"explain {late[0].user} says why; disable the account in the app meanwhile",
            )
        )
    due = [row for row in moving if row.is_due(now)]
    if standstill(rows, now) > STUCK_AFTER:
        found.append(
            Problem(
                f"{len(due)} changes are due, and nobody was called for more than 5 minutes: the "
                "target stands still",
                "check that the app runs, and its function `provisioning` is enabled",
            )
        )
    return found


def standstill(rows: Sequence[Change], now: datetime) -> timedelta:
    """Returns for how long a change has been due while Hasten made no call for the target. A long
    backlog that the pace works off is no standstill. `rows` are the open changes of the target."""
    due = [row.due_at for row in rows if row.is_due(now)]
    if not due:
        return timedelta(0)
    called = [row.called_at for row in rows if row.called_at is not None]
    return now - max([min(due), *called])


def deleted_groups(deleted: Mapping[str, str], known: Cycle, now: datetime) -> list[Problem]:
    """Returns one problem for each deleted group whose people no cycle has deprovisioned yet, as
    far as the job shows: it may have errors for weeks."""
    over = known.done_by(now)
    when = f"should be over by {over:%Y-%m-%d %H:%M}Z" if over else "has no known time"
    next_one = (
        f"keep access until Entra's next cycle, which {when}",
        "disable their accounts in the app if that is too late, or restore the group",
    )
    no_complete_one = (
        "may keep access, because no cycle since then has ended without errors",
        "mend what the provisioning job cannot provision, and look for these people in the app",
    )
    found = []
    for group, at in deleted.items():
        gone_at = datetime.fromisoformat(at)
        has_run = known.began is not None and known.began - 2 * known.interval > gone_at
        said, next_action = no_complete_one if has_run else next_one
        reason = f"group {group} was deleted by {gone_at:%Y-%m-%d %H:%M}Z: its people {said}"
        found.append(Problem(reason, next_action))
    return found


def _waiting_for_someone(rows: Iterable[Change]) -> list[Problem]:
    """Returns one problem for each reason, such as a call that Graph answers with 401."""
    counted: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.state is State.WAITING and row.next_action:
            key = row.reason, row.next_action
            counted[key] = counted.get(key, 0) + 1
    return [
        Problem(f"{count} changes wait for someone: {reason}", next_action)
        for (reason, next_action), count in counted.items()
    ]
