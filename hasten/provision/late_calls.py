"""Keeps the rows of a user open while a call without an answer may still undo what they want."""

from collections.abc import Iterable, Sequence

from hasten.domain.changes import Change, State
from hasten.domain.late_calls import UnansweredCall, ends_doubt, once_more
from hasten.domain.planning import Call
from hasten.domain.rejoining import read_once_more
from hasten.limits import LATEST_CALL_EFFECT
from hasten.provision.state import Drain


def after_late_calls(drain: Drain, change: Change) -> Change:
    """Returns the row after a try. One that would end waits while a call for the opposite may still
    take effect, also one of another row of the user that has ended since. A removal also waits
    while nobody knows whether the user has joined again."""
    opened = drain.ledger.last_seen(drain.target.name)
    others = [row for row in opened if row.user == change.user]
    late, answered = drain.window.unanswered, drain.answered[change.user]
    after = once_more(change, others, now=drain.now, late=late, answered=answered)
    return read_once_more(after, now=drain.now)


def note_answered(drain: Drain, called: Iterable[Change]) -> None:
    """Notes that the call of these rows was answered: it has no effect later, also on a row that
    took the place of one of them meanwhile."""
    for row in called:
        if row.called_at is not None and ends_doubt(row):
            drain.answered[row.user].add(row.called_at)


def unanswered_call(call: Call) -> UnansweredCall | None:
    """Returns the call that has ended without an answer. None if it was not made: no row of it is
    marked."""
    at = max((row.called_at for row in call.changes if row.called_at is not None), default=None)
    takes, group = call.is_removal, call.group
    return None if at is None else UnansweredCall(at=at, users=call.users, takes=takes, group=group)


def lost_calls(drain: Drain, rows: Iterable[Change]) -> Sequence[UnansweredCall]:
    """Returns the calls without an answer that only these rows know: the worker has died that made
    the call, or the row took the place of another during it. The rows do not say which group such a
    call named."""
    lost: list[UnansweredCall] = []
    for row in rows:
        own = row.called_at if row.state is State.CALLING else None
        times = ((row.grant_called_at, False), (row.removal_called_at, True), (own, row.is_removal))
        for at, takes in times:
            if at is None:
                continue
            if not any(c.at == at and row.user in c.users for c in drain.window.unanswered):
                users = frozenset({row.user})
                lost.append(UnansweredCall(at=at, users=users, takes=takes, group=None))
    return lost


def earlier_calls(drain: Drain, rows: Iterable[Change]) -> tuple[UnansweredCall, ...]:
    """Returns those of `lost_calls` that may still take effect."""
    recent = drain.now - LATEST_CALL_EFFECT
    return tuple(call for call in lost_calls(drain, rows) if call.at > recent)
