"""Decides whether a call can carry out a removal now, and when what Graph shows of it counts."""

from datetime import datetime

from hasten.domain.changes import DIRECT, Change
from hasten.domain.planning import OUT_OF_REACH, AssignmentStatus, GrantsBy, is_asked
from hasten.domain.rejoining import settles_at
from hasten.domain.removal_settlement import ASSIGNMENTS_READ_AGAIN, GROUP_READ_AGAIN
from hasten.domain.row_states import waiting
from hasten.domain.sightings import DELETIONS
from hasten.domain.verdicts import CANNOT_ACT
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN
from hasten.provision.removal_status import RemovalStatus
from hasten.provision.state import Drain

UNASSIGNED_GROUP = "the group is no longer assigned, and a call on it has no effect"
KEEPS_ASSIGNMENT = (
    "the user keeps another assignment: no document says that a call on the group removes a member"
)


def out_of_reach(drain: Drain, row: Change, status: RemovalStatus) -> str:
    """Returns why no call can carry out the removal; empty if one can."""
    standing = status.standing
    if standing in OUT_OF_REACH and not is_asked(row, standing):
        happened = row.reason if row.reason in DELETIONS else f"the user is {standing} in Entra"
        return f"{happened}, {CANNOT_ACT}"
    if standing is not AssignmentStatus.ASSIGNED:
        return ""
    is_called_once_more = _was_called_early(drain, row) and status.began >= _honoured_at(row)
    if row.keeps_assignment and not is_called_once_more:
        return KEEPS_ASSIGNMENT
    if row.group != DIRECT and not drain.found.watches(row.group):
        return UNASSIGNED_GROUP
    return ""


def _was_called_early(drain: Drain, row: Change) -> bool:
    """Returns whether the last call may have come before Entra had seen that the user left the
    group, so that it took no membership."""
    is_of_group = row.group != DIRECT and drain.target.grants_by is not GrantsBy.USER
    called_at = row.called_at if row.keeps_assignment and is_of_group else None
    return called_at is not None and called_at < _honoured_at(row)


def _honoured_at(row: Change) -> datetime:
    """Returns from when on Entra considers that the user left. A later read of the same slice only
    confirms that, and a row that is opened again was found again later."""
    return min(row.found_at, row.seen_at) + ASSIGNMENT_COUNTS_WITHIN


def is_unshown(row: Change, standing: AssignmentStatus) -> bool:
    """Returns True if a cycle has run for a deleted user, about whom no call can ask, and the log
    has shown nothing of it."""
    return standing is AssignmentStatus.DELETED and row.cycle_showed_nothing


def may_lag(drain: Drain, row: Change, status: RemovalStatus) -> bool:
    """Returns True if a lagging replica may have shown another assignment that had ended, or one
    through the group itself, or if Hasten calls the group once more."""
    is_assigned = status.standing is AssignmentStatus.ASSIGNED
    return is_assigned and status.began < _settles_at(drain, row, status)


def _settles_at(drain: Drain, row: Change, status: RemovalStatus) -> datetime:
    """Returns when the assignments that Graph showed count. Who is assigned through the group alone
    has no other assignment: they are back, or Graph did not remove them."""
    if status.through == {row.group}:
        return row.seen_at + ASSIGNMENT_COUNTS_WITHIN
    return _honoured_at(row) if _was_called_early(drain, row) else settles_at(row)


def read_again(drain: Drain, row: Change, status: RemovalStatus) -> Change:
    reason = GROUP_READ_AGAIN if status.through == {row.group} else ASSIGNMENTS_READ_AGAIN
    return waiting(row, due_at=_settles_at(drain, row, status), reason=reason)
