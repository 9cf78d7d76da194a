"""Keeps a removal open while a call may still give the access back that it has just taken.

Hasten stops waiting for a call after CALL_TIMEOUT, and the call goes on at Entra ID: it may have
found the user entitled before they left, and write to a slow app afterwards. What Entra ID or the
app shows of the account before that is no evidence.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from hasten.domain.changes import Change, State, waiting
from hasten.limits import LATEST_CALL_EFFECT

ANSWERED = frozenset({State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED})
"""States in which Entra ID has answered the last call of a row, and in which a removal claims that
the access is taken."""

MAY_COME_BACK = (
    "a call that gives the user access has not been answered and may still take effect: Hasten "
    "looks once more"
)


def replacing(known: Change, found: Change) -> Change:
    """Returns `found`, which takes the place of `known`, with the time of the last call that may
    still give access."""
    times = [*_call_times(known), *([found.grant_called_at] if found.grant_called_at else ())]
    at = max(times, default=None)
    return found if at is None else replace(found, grant_called_at=at)


def unanswered(change: Change) -> Change:
    """Returns the row of a call that has ended without an answer. The row of a grant keeps when
    that call began: another call for it may be answered while this one goes on."""
    is_call = change.state is State.CALLING and not change.is_removal
    return replace(change, grant_called_at=change.called_at) if is_call else change


def ends_doubt(called: Change) -> bool:
    """Returns whether the answer to the call of `called` leaves no call for it that may still take
    effect: no earlier one of the last LATEST_CALL_EFFECT had no answer."""
    at, before = called.called_at, called.grant_called_at
    return before is None or (at is not None and at - before >= LATEST_CALL_EFFECT)


def is_doubtful(row: Change, now: datetime) -> bool:
    """Returns whether a call from before a removal may still give the access back."""
    at = row.grant_called_at
    return row.is_removal and at is not None and now < at + LATEST_CALL_EFFECT


def once_more(
    change: Change,
    others: Iterable[Change],
    *,
    now: datetime,
    answered: Collection[datetime] = frozenset(),
) -> Change:
    """Returns the row of a removal as it ends, or waiting for another try after LATEST_CALL_EFFECT.
    `others` are the open rows of the user, and `answered` the begins of calls for the user that
    have been answered. What shows that the access is taken is as old as the try, which began at
    `called_at`."""
    if not change.is_removal or change.state not in ANSWERED:
        return change
    times = [at for row in (change, *others) for at in _call_times(row) if at not in answered]
    if not times:
        return change
    ends_at = max(times) + LATEST_CALL_EFFECT
    if (change.called_at or now) >= ends_at:
        return change
    again = replace(change, finished_at=None, needs_proof=False)
    return waiting(again, due_at=max(now, ends_at), reason=MAY_COME_BACK)


def _call_times(row: Change) -> list[datetime]:
    """Returns when calls began that give access to the user of the row, and that have not ended it
    by an answer."""
    is_own = not row.is_removal and row.state not in ANSWERED
    return [at for at in (row.grant_called_at, row.called_at if is_own else None) if at is not None]
