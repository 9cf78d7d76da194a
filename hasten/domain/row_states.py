"""Moves a change from one state to another."""

from dataclasses import replace
from datetime import datetime

from hasten.domain.changes import Cause, Change, FoundBy, HeldBy, State


def finished(
    change: Change, state: State, *, now: datetime, reason: str = "", next_action: str = ""
) -> Change:
    return replace(change, state=state, finished_at=now, reason=reason, next_action=next_action)


def left_to_cycle(
    change: Change, *, now: datetime, reason: str, next_action: str, expected_at: datetime | None
) -> Change:
    """Returns the row as left to Entra's cycle. Hasten watches a removal, and any row with
    `expected_at`, until something shows that the cycle has done it."""
    left = finished(change, State.LEFT_TO_CYCLE, now=now, reason=reason, next_action=next_action)
    return replace(
        left, expected_at=expected_at, needs_proof=change.is_removal or expected_at is not None
    )


def held(change: Change, by: HeldBy, *, reason: str, next_action: str) -> Change:
    return replace(change, state=State.HELD, held_by=by, reason=reason, next_action=next_action)


def released(change: Change, *, now: datetime) -> Change:
    """Returns the row ready to be called, as if just found, because an operator released it."""
    return replace(
        change,
        state=State.PENDING,
        held_by=None,
        released=True,
        found_at=now,
        due_at=now,
        reason="",
        next_action="",
    )


def restarted(change: Change, cause: Cause, *, now: datetime) -> Change:
    """Returns an ended row as open again, because an event asks for another call."""
    return replace(
        released(change, now=now),
        released=False,
        noticed_at=now,
        causes=(cause,),
        found_by=FoundBy.EVENT,
        attempts=0,
        alone=False,
        user_called=False,
        called_at=None,
        finished_at=None,
        expected_at=None,
        needs_proof=False,
        contradicted=0,
        keeps_assignment=False,
        route=(),
        served=0,
        answer="",
        on_request=False,
        steps=(),
        unread_since=None,
        also_added=False,
        cycle_showed_nothing=False,
    )


def returned(change: Change, *, now: datetime, reason: str) -> Change:
    """Returns an ended row as open again. `reason` says why a call can, or must, act now."""
    again = restarted(change, Cause("", ""), now=now)
    return replace(again, causes=change.causes, found_by=change.found_by, reason=reason)


def waiting(change: Change, *, due_at: datetime, reason: str, next_action: str = "") -> Change:
    """Returns the row waiting until `due_at` for a cause that is not this change's own failure."""
    return replace(
        change,
        state=State.WAITING,
        due_at=due_at,
        reason=reason,
        next_action=next_action,
        unread_since=None,
    )


def retried(change: Change, *, due_at: datetime, reason: str) -> Change:
    """Returns the row waiting until `due_at`, with one more attempt counted."""
    counted = replace(change, attempts=change.attempts + 1)
    return waiting(counted, due_at=due_at, reason=reason)
