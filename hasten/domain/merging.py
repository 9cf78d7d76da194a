"""Decides how a change that was found meets the row that the ledger already holds."""

from dataclasses import replace
from datetime import datetime

from hasten.domain.changes import MAX_CAUSES, Cause, Change, HeldBy, State
from hasten.domain.late_calls import once_more, replacing
from hasten.domain.rejoining import also_added
from hasten.domain.row_states import released
from hasten.domain.sightings import milliseconds
from hasten.limits import REPLICATION_SETTLED_AFTER


def newer(known: Change | None, found: Change) -> Change | None:
    """Returns the row that the ledger must hold after `found`, or None if `known` already covers
    it.

    A repeated read of one slice changes nothing but `seen_at`, unless it saw the user leave: two
    instances may read one slice at the same time, and a lagging replica may answer the later read.
    The row of a user whom the slice shows as joining too is marked: a later read of the membership
    decides. So it does about a removal that Hasten made itself: they may have joined before it, or
    just after, whichever Hasten recorded first. Only a later read overrides an addition of Hasten's
    own. What an event found, or a read after a write of Hasten, overrides a row that has ended or
    is held, once all replicas have settled since the row was read. An open row that nobody holds
    reads the membership by itself.

    A newer slice with the same action updates only the origin of a row that has not been called
    yet, so the row keeps its place in the queue. No cycle has shown what it did since. A row that
    was called, or that waits for a retry, starts over, with the events that wait for it, unless the
    slice shows Hasten's own write.
    An update does not replace a row that has still to give access again, since that row's calls
    carry the profile as well. What an operator has released is let go, also if a look found it
    first and the brake holds it. So is what observe mode holds, when it is found again after the
    target has left that mode.
    """
    if known is None:
        return found
    if found.origin < known.origin:
        return None
    if found.is_update and known.action.gives_access_again and not known.is_settled:
        found = replace(found, action=known.action)
    same = known.action is found.action
    if found.origin == known.origin and not (same and known.ahead is not found.ahead):
        is_later = not known.ahead or found.seen_at > known.seen_at
        is_news = found.is_removal and not known.is_removal and is_later
        is_settled = _is_settled(known, found)
        if is_news or is_settled:
            after = replacing(known, found)
            return after if known.ahead or is_settled else also_added(after, known) or after
        shows_joining = not found.ahead and (found.also_added or not found.is_removal)
        in_doubt = also_added(known, found) if known.is_removal and shows_joining else None
        return in_doubt or _confirmed(known, found)
    untouched = known.state in {State.PENDING, State.HELD}
    seen_at_last = is_own_write(known, found) and not found.ahead
    if same and (untouched or seen_at_last or (known.is_open and found.ahead)):
        row = replace(
            _with_causes(known, found) or known,
            origin=found.origin,
            seen_at=found.seen_at,
            ahead=known.ahead and found.ahead,
            cycle_showed_nothing=False,
        )
        if _was_observed(row) and not _was_observed(found):
            row = _acted_on(row, found)
        elif found.released and not row.released:
            is_braked = row.held_by is HeldBy.BRAKE
            row = released(row, now=found.found_at) if is_braked else replace(row, released=True)
        return (also_added(row, found) or row) if found.also_added else row
    if same and known.is_open:
        found = replace(found, causes=_causes_of_both(known, found))
    return replacing(known, found)


def taken_over(known: Change | None, row: Change, *, now: datetime) -> Change | None:
    """Returns the row that the ledger must hold after `row`, which comes from the target that
    served the job before, or None if `known` stays as it is. What an operator has released stays
    released. What one target does counts although the other one has only observed it, or an
    operator has discarded it there, unless that row was opened again later. So is a row that the
    other target has opened again since `known`, a copy of it perhaps, ended. A change that is newer
    than a call for the opposite stays open until that call can have no effect any more."""
    after = newer(known, row)
    if known is None:
        return after
    acts = known.is_open and known.state is not State.HELD
    was_left = _was_observed(row) or row.is_discarded
    if was_left and (acts or known.state is State.FAILED) and known.action is row.action:
        return _with_causes(known, row)
    is_again = not known.is_open and known.finished_at and row.found_at > known.finished_at
    if is_again and known.action is row.action and not _was_observed(row):
        return replace(replacing(known, row), origin=max(known.origin, row.origin))
    gives_way = _was_observed(known) or (known.is_discarded and not was_left)
    is_released = known.state is State.HELD and row.released
    is_same = known.action is row.action and known.origin <= row.origin
    if (gives_way or is_released) and is_same and not _opened_again(known, row):
        return replace(row, causes=_causes_of_both(known, row))
    kept = after or known
    if row.is_removal is kept.is_removal:
        return after or (_with_causes(known, row) if row.is_open else None)
    doubtful = once_more(replacing(row, kept), (), now=now)
    return doubtful if doubtful != known else None


def is_own_write(known: Change, found: Change) -> bool:
    """Returns whether `found` may show what Hasten itself wrote to Entra ID, or read before, and
    recorded as `known`. A slice of history that began once every replica showed that cannot: the
    opposite must have happened in between, where Hasten did not look."""
    settled = milliseconds(known.seen_at + REPLICATION_SETTLED_AFTER)
    return known.ahead and known.action is found.action and found.origin < settled


def is_overtaken(known: Change, found: Change) -> bool:
    """Returns whether Hasten recorded its own addition since the read began that shows the user
    leaving. They may have left before it or after: only another read can say."""
    is_older = found.origin == known.origin and found.seen_at <= known.seen_at
    return known.ahead and not known.is_removal and found.is_removal and is_older


def _was_observed(row: Change) -> bool:
    return row.state is State.HELD and row.held_by is HeldBy.OBSERVE


def _opened_again(known: Change, ended: Change) -> bool:
    """Returns whether `known` is open because of what came after the end of `ended`: a row that was
    called, or found, since then."""
    at = ended.finished_at
    return at is not None and (known.called_at is not None or known.found_at > at)


def _acted_on(row: Change, found: Change) -> Change:
    """Returns a row that observe mode held with the place of `found` in the queue. The brake may
    hold it in turn."""
    return replace(
        row,
        state=found.state,
        held_by=found.held_by,
        released=found.released,
        reason=found.reason,
        next_action=found.next_action,
        found_at=found.found_at,
        due_at=found.due_at,
    )


def _is_settled(known: Change, found: Change) -> bool:
    """Returns whether no lagging replica can explain that the opposite of the row was found, by
    Hasten itself or after a write of its own."""
    is_opposite = known.action is not found.action and (found.ahead or known.ahead)
    is_old = found.seen_at - known.seen_at >= REPLICATION_SETTLED_AFTER
    is_called = known.is_open and known.state is not State.HELD
    return is_opposite and is_old and not is_called


def _confirmed(known: Change, found: Change) -> Change | None:
    """Returns an open row that a read of its slice confirms which is no older: the user may have
    joined and left once more between the two reads, and a replica that lags behind the second one
    would show them as a member."""
    row = _with_causes(known, found) or known
    is_news = known.is_open and not known.ahead and found.seen_at >= known.seen_at
    if is_news and known.action is found.action:
        row = replace(row, seen_at=found.seen_at)
    return row if row != known else None


def _with_causes(known: Change, found: Change) -> Change | None:
    """Returns `known` with the causes of `found` added, or None if it has them already."""
    if known.action is not found.action or not known.is_open:
        return None
    both = _causes_of_both(known, found)
    return replace(known, causes=both) if both != known.causes else None


def _causes_of_both(known: Change, found: Change) -> tuple[Cause, ...]:
    """Returns the events that wait for the row that stays."""
    new = tuple(cause for cause in found.causes if cause not in known.causes)
    return (*known.causes, *new)[-MAX_CAUSES:]
