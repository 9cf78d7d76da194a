"""Decides how an event ends whose user is no member any more. That alone says nothing about their
access in the app: the event is done only if a row shows that the access was taken."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hasten.domain.changes import DIRECT, Change, State
from hasten.domain.ensuring import ENDED_WELL, WAS_NO_MEMBER, Ending, LookAgain
from hasten.domain.intents import Intent
from hasten.domain.removal_settlement import CHECK_ACCOUNT_IN_APP
from hasten.domain.seen_access import UNREAD, UNWATCHED, unfinished, was_taken
from hasten.errors import PermanentError, ReadError, TemporaryError

CALL_AWAITED = timedelta(minutes=10)
"""Time for which an event waits for the call of another removal of its user, or until Hasten has
added its user to another group."""

CALL_LOOKED_AT_AFTER = timedelta(seconds=30)
"""Delay before Hasten looks again whether that has happened. A call typically takes less than 30
seconds (Graph docs, provisionOnDemand)."""


def of_leaver(
    intent: Intent, rows: Sequence[Change], error: ReadError | None, now: datetime
) -> Ending | LookAgain | TemporaryError:
    """Returns what is known of somebody of whom no removal is missing. `rows` are theirs, and
    `error` is set if Graph does not say whether anything assigns them: it is returned if its answer
    alone can tell."""
    if removals := unfinished(rows):
        return _with_removals(intent, WAS_NO_MEMBER, removals, now)
    if was_taken(rows):
        return WAS_NO_MEMBER
    match error:
        case None:
            return Ending(State.LEFT_TO_CYCLE, UNWATCHED, CHECK_ACCOUNT_IN_APP)
        case PermanentError():
            return Ending(State.LEFT_TO_CYCLE, f"{UNREAD}: {error.reason}", CHECK_ACCOUNT_IN_APP)
        case _:
            return error


def of_account(
    intent: Intent, ending: Ending, own: Change | None, now: datetime
) -> Ending | LookAgain:
    """Returns another ending than `in_sync` for somebody who is no member because they were
    disabled or deleted, while `own`, the row of their account, shows no revocation yet."""
    if own is None or not own.is_removal or own.state in ENDED_WELL:
        return ending
    return _with_removals(intent, ending, [own], now)


def awaited(intent: Intent, now: datetime) -> LookAgain | None:
    """Returns when to look again at what Hasten does about the user meanwhile; None once the event
    has waited long enough."""
    until = intent.asked_at + CALL_AWAITED
    return LookAgain(min(until, now + CALL_LOOKED_AT_AFTER)) if now < until else None


def _with_removals(
    intent: Intent, ending: Ending, removals: Sequence[Change], now: datetime
) -> Ending | LookAgain:
    """Returns what is known of somebody of whom these removals have not ended well. While one waits
    for its call, its end may come any moment: the event waits for it, but not for long."""
    is_called = any(row.is_open and row.state is not State.HELD for row in removals)
    if is_called and (again := awaited(intent, now)):
        return again
    removal = removals[0]
    reason = f"{ending.reason}; the user {_left(removal)}, and that removal is {removal.state}"
    return Ending(State.LEFT_TO_CYCLE, reason, removal.next_action or CHECK_ACCOUNT_IN_APP)


def _left(removal: Change) -> str:
    if removal.is_of_person:
        return f"was {removal.action}"
    where = "the target" if removal.group == DIRECT else f"group {removal.group}"
    return f"left {where}"
