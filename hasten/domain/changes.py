"""A change is one user who joined or left one group of one target: the unit of work."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

DIRECT = "direct"
"""Stands in for the group when the user is assigned to the target without one."""


class Action(StrEnum):
    ADDED = "added"
    REMOVED = "removed"


class State(StrEnum):
    PENDING = "pending"
    CALLING = "calling"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    IN_SYNC = "in_sync"
    LEFT_TO_CYCLE = "left_to_cycle"
    FAILED = "failed"


OPEN_STATES = frozenset({State.PENDING, State.CALLING, State.WAITING})
"""States in which Hasten still has to do something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`(target, group, user)` names it; the newest action on that name replaces the older one.

    `origin` numbers the slice of the group's history (the cursor) in which it was found: the same
    slice read twice finds the same change. `noticed_at` is when the notification behind it was
    received, `found_at` when the read that found it began (its place in the queue), `seen_at` when
    the last read that confirmed it began, `due_at` before which nothing is tried.
    `alone` asks for a call of its own, so that its verdict is nobody else's. `user_called` is set
    once the user call that must come before the group call has succeeded (`grants_by:
    user_then_group`).
    """

    target: str
    group: str
    user: str
    action: Action
    origin: int
    noticed_at: datetime
    found_at: datetime
    seen_at: datetime
    due_at: datetime
    state: State = State.PENDING
    reason: str = ""
    next_action: str = ""
    attempts: int = 0
    alone: bool = False
    user_called: bool = False
    called_at: datetime | None = None
    finished_at: datetime | None = None
    answer: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_removal(self) -> bool:
        return self.action is Action.REMOVED


def newer(known: Change | None, found: Change) -> Change | None:
    """What the ledger must hold after `found`; None when `known` already covers it.

    A repeated read of the same slice changes nothing, unless it began later and saw the opposite:
    two instances may read one slice at the same time, and the older sight must not win.

    A newer slice with the same action leaves a row that has not been called yet as it is, but for
    its origin, so that it keeps its place in the queue; a row that was called, or waits for a
    retry, starts over.
    """
    if known is None:
        return found
    if found.origin < known.origin:
        return None
    if found.origin == known.origin:
        is_news = found.action is not known.action and found.seen_at > known.seen_at
        return found if is_news else None
    if known.state is State.PENDING and known.action is found.action:
        return replace(known, origin=found.origin, seen_at=found.seen_at)
    return found


def finished(
    change: Change, state: State, *, now: datetime, reason: str = "", next_action: str = ""
) -> Change:
    return replace(change, state=state, finished_at=now, reason=reason, next_action=next_action)


def waiting(change: Change, *, due_at: datetime, reason: str, next_action: str = "") -> Change:
    """Waits until `due_at` for something that is not the fault of this change."""
    return replace(
        change, state=State.WAITING, due_at=due_at, reason=reason, next_action=next_action
    )


def retried(change: Change, *, due_at: datetime, reason: str) -> Change:
    """Waits until `due_at` and counts the attempt."""
    counted = replace(change, attempts=change.attempts + 1)
    return waiting(counted, due_at=due_at, reason=reason)
