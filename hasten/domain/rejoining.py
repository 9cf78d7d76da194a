"""Decides about users whom one slice of a group's history shows as removed and as added.

Graph may list changes in any order, and repeat old ones. The removal wins, so Hasten takes the
access first. The row stays open until no replica lags behind the change. Then Hasten reads the
membership, and a member gets the access again.
"""

from dataclasses import replace
from datetime import datetime

from hasten.domain.changes import Action, Cause, Change, FoundBy, State
from hasten.domain.late_calls import ANSWERED, replacing
from hasten.domain.row_states import restarted, returned, waiting
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER

ENDED_BY_CALL = ANSWERED | {State.FAILED}

MAY_HAVE_REJOINED = (
    "one read of the group showed the user leaving and joining: Hasten reads the membership again"
)


def also_added(removal: Change, found: Change) -> Change | None:
    """Returns the row of a removal of which another read of its slice, or one that shows Hasten's
    own removal, shows the user joining. None if the row knows that, or if an operator has discarded
    the row. A read shows what happened until it ended, and another replica may not show yet what it
    did: so it does not matter which of the two began first."""
    if removal.also_added or removal.is_of_person or removal.is_discarded:
        return None
    shown_at = max(removal.seen_at, found.seen_at)
    doubtful = removal
    if not removal.is_open:
        doubtful = returned(removal, now=shown_at, reason=MAY_HAVE_REJOINED)
    return replace(doubtful, also_added=True, seen_at=shown_at)


def settles_at(removal: Change) -> datetime:
    """Returns from when on the assignments of the user may end the row of a removal."""
    is_doubtful = removal.also_added
    settled = ASSIGNMENT_COUNTS_WITHIN if is_doubtful else REPLICATION_SETTLED_AFTER
    return removal.seen_at + settled


def read_once_more(change: Change, *, now: datetime) -> Change:
    """Returns the row of a removal as it ends, or waiting until the membership can be read. Hasten
    read it last just before the try, which began at `called_at`."""
    ends_at = settles_at(change)
    is_settled = (change.called_at or now) >= ends_at
    is_in_doubt = change.is_removal and change.also_added
    if not is_in_doubt or change.state not in ENDED_BY_CALL or is_settled:
        return change
    again = replace(change, finished_at=None, needs_proof=False)
    return waiting(again, due_at=max(now, ends_at), reason=MAY_HAVE_REJOINED)


def rejoined(change: Change, *, now: datetime) -> Change:
    """Returns the row of a leaver as a new addition. Graph lists the user as a member again long
    after the change: one read of the history showed both, and Hasten took the removal first. `now`
    is when the read began that shows the membership: Entra may not have seen it yet."""
    joined = replace(
        restarted(change, Cause("", ""), now=now),
        action=Action.ADDED,
        seen_at=now,
        causes=(),
        found_by=FoundBy.RECONCILE,
        also_added=change.also_added,
    )
    return replacing(change, joined)


def is_decided_by_list(row: Change, read_at: datetime) -> bool:
    """Returns whether a list of the members that was read then decides about the row of a removal:
    the user may have joined again, no replica lags behind that any more, and nobody reads the
    membership for a row that is held or has ended."""
    rests = row.state is State.HELD or not row.is_open
    is_in_doubt = row.is_removal and row.also_added
    return is_in_doubt and rests and read_at - row.seen_at >= REPLICATION_SETTLED_AFTER


def is_decided(known: Change, found: Change) -> bool:
    """Returns whether `found` is a removal of the slice about which a read of the membership has
    decided that the user joined again. Only a look that has still to move the cursor can find in
    that slice that they left once more."""
    is_same = found.is_removal and found.origin == known.origin
    return is_same and known.action is Action.ADDED and known.also_added
