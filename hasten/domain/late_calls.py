"""Keeps a row open while a call for the opposite may still undo what its own call has just done.

Hasten stops waiting for a call after CALL_TIMEOUT, and the call goes on at Entra ID. A grant may
have found the user entitled before they left, and a removal may have found them without an
assignment before they joined again; each may write to a slow app afterwards. What Entra ID or the
app shows of the account before that is no evidence.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hasten.domain.changes import Change, State
from hasten.domain.row_states import waiting
from hasten.limits import LATEST_CALL_EFFECT

ANSWERED = frozenset({State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED})
"""States in which Entra ID has answered the last call of a row, and in which the row claims what it
wants."""

MAY_COME_BACK = (
    "a call that gives the user access has not been answered and may still take effect: Hasten "
    "looks once more"
)
MAY_BE_TAKEN = (
    "a call that takes the user's access has not been answered and may still take effect: Hasten "
    "calls once more"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnansweredCall:
    """A call that began `at` and that has ended without an answer. `takes` means that it takes
    access. `group` is the group that it named, None if it named the user alone or if that is not
    known."""

    at: datetime
    users: frozenset[str]
    takes: bool
    group: str | None

    def may_undo(self, row: Change) -> bool:
        """Returns whether the call may undo what the row wants. A grant of any group gives the
        account; a removal from a group takes no more than the membership."""
        is_opposite = self.takes is not row.is_removal and row.user in self.users
        of_account = not self.takes or self.group is None
        return is_opposite and (of_account or self.group in row.subjects)


def still_late(calls: Iterable[UnansweredCall], now: datetime) -> tuple[UnansweredCall, ...]:
    """Returns the calls that may still take effect. Of several for the same users and group it
    returns the last, which may do so for longest: tries for one person take no more room."""
    last = {
        (call.users, call.takes, call.group): call for call in sorted(calls, key=lambda c: c.at)
    }
    return tuple(call for call in last.values() if now < call.at + LATEST_CALL_EFFECT)


def replacing(known: Change, found: Change) -> Change:
    """Returns `found`, which takes the place of `known`, with the times of the last calls for both
    that may still give access, or take it."""
    gave = [*_call_times(known, of_removals=False), found.grant_called_at]
    took = [*_call_times(known, of_removals=True), found.removal_called_at]
    return replace(
        found,
        grant_called_at=max((at for at in gave if at is not None), default=None),
        removal_called_at=max((at for at in took if at is not None), default=None),
    )


def unanswered(change: Change) -> Change:
    """Returns the row of a call that has ended without an answer. The row keeps when that call
    began: another call for it may be answered while this one goes on."""
    if change.state is not State.CALLING:
        return change
    if change.is_removal:
        return replace(change, removal_called_at=change.called_at)
    return replace(change, grant_called_at=change.called_at)


def ends_doubt(called: Change) -> bool:
    """Returns whether the answer to the call of `called` leaves no call for it that may still take
    effect: no earlier one of the last LATEST_CALL_EFFECT had no answer."""
    before = called.removal_called_at if called.is_removal else called.grant_called_at
    at = called.called_at
    return before is None or (at is not None and at - before >= LATEST_CALL_EFFECT)


def undone_until(row: Change) -> datetime | None:
    """Returns until when a call from before the row may undo what it wants; None if there is no
    such call."""
    at = row.grant_called_at if row.is_removal else row.removal_called_at
    return None if at is None else at + LATEST_CALL_EFFECT


def is_doubtful(row: Change, late: Iterable[UnansweredCall], now: datetime) -> bool:
    """Returns whether a call from before the row, or one of `late`, may still undo what it
    wants."""
    until = undone_until(row)
    is_late = any(call.may_undo(row) and now < call.at + LATEST_CALL_EFFECT for call in late)
    return is_late or (until is not None and now < until)


def once_more(
    change: Change,
    others: Iterable[Change],
    *,
    now: datetime,
    late: Iterable[UnansweredCall] = (),
    answered: Collection[datetime] = frozenset(),
) -> Change:
    """Returns the row as it ends, or waiting for another try after LATEST_CALL_EFFECT. `others` are
    the open rows of the user, of which those of grants matter for a removal. `late` are the calls
    of the target without an answer, and `answered` the begins of calls for the user that have been
    answered. What shows the result is as old as the try, which began at `called_at`."""
    if change.is_update or change.state not in ANSWERED:
        return change
    rows = (change, *others) if change.is_removal else (change,)
    times = [at for row in rows for at in _call_times(row, of_removals=not change.is_removal)]
    times += [call.at for call in late if call.may_undo(change)]
    ends_at = max((at + LATEST_CALL_EFFECT for at in times if at not in answered), default=None)
    if ends_at is None or (change.called_at or now) >= ends_at:
        return change
    reason = MAY_COME_BACK if change.is_removal else MAY_BE_TAKEN
    again = replace(change, finished_at=None, needs_proof=False, user_called=False, served=0)
    return waiting(again, due_at=max(now, ends_at), reason=reason)


def _call_times(row: Change, *, of_removals: bool) -> list[datetime]:
    """Returns when calls began that give access to the user of the row, or that take it, and that
    have not ended it by an answer."""
    is_own = row.is_removal is of_removals and row.state not in ANSWERED
    before = row.removal_called_at if of_removals else row.grant_called_at
    return [at for at in (before, row.called_at if is_own else None) if at is not None]
