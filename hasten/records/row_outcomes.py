"""Says what is written to the outbox, and of failures, in the commit that writes a row."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from hasten.domain.changes import Change, State
from hasten.domain.outcomes import NOT_TAKEN, of_change, of_event, of_membership, of_person
from hasten.ports.store import Put, Write
from hasten.records import failures, outbox

NO_ROOM = "newer events of the person and the group wait for the same change"


def outcomes_of(before: Change | None, now: Change) -> Sequence[Write]:
    """Returns the outcomes to publish with a write: that of the row that ends, also if it ends in
    its state once more because nothing will come of that any more, that of the row it replaces, and
    those of the events for which it has no room any more."""
    writes = _without_room(before, now)
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


def outcomes_of_moved(
    rows: Sequence[Change], former: str
) -> Callable[[Change | None, Change], Sequence[Write]]:
    """Returns what does the same for `rows`, which come from the target `former`: how they ended
    was published for that one. Events of an open row in their place still have to get that end. The
    row in their place may be a copy of one that `former` has replaced meanwhile. Its outcome names
    `former`, so that both are one."""
    told = {(row.group, row.user): row.causes for row in rows}

    def outcomes(before: Change | None, now: Change) -> Sequence[Write]:
        writes = _without_room(before, now) + ([] if now.is_open else _marks(now))
        if before is None or not before.is_open:
            return writes
        if before.action is not now.action:
            named = replace(before, target=former)
            writes.append(outbox.put(of_change(named, State.SUPERSEDED, now.found_at)))
        untold = tuple(c for c in now.causes if c not in told[now.group, now.user])
        if untold and not now.is_open:
            writes.append(outbox.put(of_change(replace(now, causes=untold))))
        return writes

    return outcomes


def _without_room(before: Change | None, now: Change) -> list[Put]:
    """Returns the outcomes of the oldest events that waited for a row: it keeps MAX_CAUSES."""
    if before is None or not before.is_open or before.action is not now.action:
        return []
    return [
        outbox.put(
            of_event(
                cause,
                target=now.target,
                group=now.group,
                user=now.user,
                result=State.SUPERSEDED,
                reason=NO_ROOM,
                next_action="",
                now=now.last_seen_at,
            )
        )
        for cause in before.causes
        if cause not in now.causes
    ]


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
