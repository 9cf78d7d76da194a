"""What Hasten has left to Entra's own cycle, and whether its reason still explains a difference: a
row excuses only what no call can do now, as the directory is at the end of the storm."""

from collections.abc import Callable, Iterator
from functools import partial

from hasten.domain.changes import DIRECT, Change
from hasten.domain.removal_settlement import NOTHING_SHOWN_AFTER_CYCLE
from hasten.domain.settlement import ACCOUNT_DISABLED_EARLY
from hasten.domain.verdicts import CANNOT_ACT, NOT_COUNTED
from hasten.provision.judge_rows import STILL_LEFT_OUT
from hasten.provision.removal_reach import KEEPS_ASSIGNMENT, UNASSIGNED_GROUP
from hasten.provision.triage import CYCLE_HAS_ENDED, CYCLE_IS_SOONER
from hasten.watch.assigned_rows import MANY_AGAIN
from tests.chaos.targets import app_of
from tests.simulation.oracle import HAS_STILL, SHOULD_BE_DISABLED, Difference, assigned
from tests.simulation.world import World

OUT_OF_REACH = "left: the user is disabled or deleted, where on-demand provisioning cannot act"
NOT_IN_APP = "left: the same, and the app itself has not taken the access either"
KEEPS = "left: the user keeps another assignment, and a call on the group removes nobody"
GONE = "left: the user keeps another assignment, and no call names a deleted group"
SOONER = "left: Entra's own cycle should have given the access before a call could"
UNCOUNTED = "left: Entra did not count the user as assigned, call after call"
MANY = "left: the group was assigned again, and is too large for calls"
NAMES_OTHERS = "left: Entra answered with success, and the log named other members only"

CLOCKS = 2.0
"""Seconds by which the times of a row may be wrong, because the clocks of the hosts are."""

Explains = Callable[[World, str, Difference, Change], bool]


def why_left(difference: Difference, app: str, world: World, row: Change) -> str | None:
    """Returns why the row, which is left to the cycle, explains the difference; None if it does
    not, or does not any more."""
    whys = (
        why
        for reason, why, explains in KINDS
        if reason in row.reason and explains(world, app, difference, row)
    )
    return next(whys, None)


def _cannot_act(
    world: World,
    app: str,
    difference: Difference,
    row: Change,
    *,
    reads_app: bool,
) -> bool:
    """Returns whether the user is still disabled or deleted. Where Hasten also reaches the app, the
    row must say what the app has answered."""
    is_out = not world.tenant.directory.users[difference.user].is_enabled
    if difference.what != SHOULD_BE_DISABLED or not is_out or reads_app is not _reads(world, app):
        return False
    return not reads_app or not row.reason.endswith(CANNOT_ACT)


def _reads(world: World, app: str) -> bool:
    return any(one.scim is not None and app_of(one.name) == app for one in world.around.targets)


def _was_called(world: World, app: str, difference: Difference, row: Change) -> bool:
    """Returns whether Hasten has called the group since the user left it, where such a call removes
    nobody."""
    removes = not world.tenant.switches.now.members_not_removed
    if difference.what != HAS_STILL or row.called_at is None or removes:
        return False
    called_at = row.called_at.timestamp() + CLOCKS
    is_assigned = row.group in assigned(world.tenant, app)
    return is_assigned and called_at >= _changed(world, row.group, row.user)


def _is_gone(world: World, _: str, difference: Difference, row: Change) -> bool:
    is_deleted = world.tenant.directory.groups[row.group].deleted_at is not None
    return difference.what == HAS_STILL and is_deleted


def _gives(world: World, app: str, difference: Difference, row: Change) -> bool:
    """Returns whether the grant is about access that the user has now: it ended after they got it.
    The row of an account that is active again stands for all that the user had then."""
    if row.is_removal or row.is_update or row.finished_at is None:
        return False
    ended_at = row.finished_at.timestamp() + CLOCKS
    wanted = difference.group or ("" if row.is_of_person else row.group)
    given = _given(world, app, difference.user)
    return any(wanted in {"", group} and at <= ended_at for group, at in given)


def _given(world: World, app: str, user: str) -> Iterator[tuple[str, float]]:
    """Yields what assigns the user to the app, a group or DIRECT, and since when."""
    for one in world.tenant.assignments:
        if one.resource.id != app or one.removed_at is not None:
            continue
        if one.principal.id == user:
            yield DIRECT, one.created_at
        elif user in one.principal.members:
            yield one.principal.id, max(one.created_at, _changed(world, one.principal.id, user))


def _changed(world: World, group: str, user: str) -> float:
    """Returns when the user last joined or left the group."""
    changes = (
        change.at
        for change in world.tenant.directory.history
        if change.member is not None and (change.subject.id, change.member.id) == (group, user)
    )
    return max(changes, default=0.0)


KINDS: tuple[tuple[str, str, Explains], ...] = (
    (CANNOT_ACT, OUT_OF_REACH, partial(_cannot_act, reads_app=False)),
    (CANNOT_ACT, NOT_IN_APP, partial(_cannot_act, reads_app=True)),
    (NOTHING_SHOWN_AFTER_CYCLE, OUT_OF_REACH, partial(_cannot_act, reads_app=False)),
    (NOTHING_SHOWN_AFTER_CYCLE, KEEPS, _was_called),
    (KEEPS_ASSIGNMENT, KEEPS, _was_called),
    (UNASSIGNED_GROUP, GONE, _is_gone),
    (STILL_LEFT_OUT, NAMES_OTHERS, _was_called),
    (STILL_LEFT_OUT, NAMES_OTHERS, _gives),
    (CYCLE_IS_SOONER, SOONER, _gives),
    (CYCLE_HAS_ENDED, SOONER, _gives),
    (NOT_COUNTED, UNCOUNTED, _gives),
    (ACCOUNT_DISABLED_EARLY, UNCOUNTED, _gives),
    (MANY_AGAIN, MANY, _gives),
)
"""What the reason of a row has in it, the line of the table, and what must be so."""
