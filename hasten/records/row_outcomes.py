"""Says what is written to the outbox, and of failures, in the commit that writes a row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hasten.domain.changes import Change, State
from hasten.domain.outcomes import NOT_TAKEN, of_change, of_membership, of_person
from hasten.ports.store import Put, Write
from hasten.records import failures, outbox


def outcomes_of(before: Change | None, now: Change) -> Sequence[Write]:
    """Returns the outcomes to publish with a write: that of the row that ends, also if it ends in
    its state once more because nothing will come of that any more, and that of the row it replaces.
    """
    writes: list[Put] = []
    if before is not None and before.is_open and before.action is not now.action:
        writes.append(outbox.put(of_change(before, State.SUPERSEDED, now.found_at)))
    is_news = before is None or _end(before) != _end(now)
    if is_news and not now.is_open:
        writes.append(outbox.put(of_change(now)))
    if is_news:
        writes += _marks(now)
    if is_news and now.is_removal and now.state is State.FAILED:
        writes.append(outbox.put(of_person(NOT_TAKEN, now, now=now.finished_at or now.found_at)))
    if is_news and _is_given_up(now):
        writes.append(outbox.put(of_membership(now)))
    return writes


def outcomes_of_moved(before: Change | None, now: Change) -> Sequence[Write]:
    """Returns the same for a row that comes from another target: how it ended was published for
    that one. An open row that it replaces still has to get its outcome."""
    if now.is_open:
        return outcomes_of(before, now)
    writes = _marks(now)
    if before is not None and before.is_open and before.action is not now.action:
        writes.append(outbox.put(of_change(before, State.SUPERSEDED, now.found_at)))
    elif before is not None and before.is_open and before.causes:
        writes.append(outbox.put(of_change(replace(now, causes=before.causes))))
    return writes


def _marks(change: Change) -> list[Put]:
    if change.state is not State.FAILED or change.finished_at is None:
        return []
    return [failures.put(change, change.finished_at)]


def _is_given_up(change: Change) -> bool:
    """Returns whether Hasten looks no more for what shows that the membership has ended: only a
    person can look into the app now."""
    is_left = change.state is State.LEFT_TO_CYCLE and not change.is_discarded
    return is_left and change.is_removal and change.keeps_assignment and not change.needs_proof


def _end(change: Change) -> tuple[State, datetime | None]:
    return change.state, change.finished_at
