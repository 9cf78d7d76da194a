"""What no call on demand can bring about, so that a difference is left to Entra's own cycle."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from hasten.domain.changes import DISCARDED as BY_OPERATOR
from hasten.domain.changes import Change, State
from hasten.targets import Target
from hasten.telemetry.people import PeopleReconciled
from tests.chaos.left import CLOCKS, why_left
from tests.chaos.operations import Operations
from tests.simulation.oracle import (
    HAS_STILL,
    LACKS,
    SHOULD_BE_ACTIVE,
    SHOULD_BE_DISABLED,
    Difference,
    assigned,
)
from tests.simulation.world import World

HIDDEN = "no notification came and the delta hides it: the hourly comparison has still to find it"
BEFORE_FIRST_LOOK = "the account was disabled or deleted before Hasten first saw it"
NOT_LISTED = "the user was deleted when the group was assigned, and Graph lists no deleted members"
DISCARDED = "an operator discarded the change"
LIED = "Entra answered with success to a call in which it did nothing"
UNASSIGNED_GROUP = "the group is not assigned any more: a call on it has no effect"
REASSIGNED = "a group was unassigned and assigned again: between two sweeps, or too large for calls"
REJOINED = "the user left the group and came back between two looks, which show no difference"
BACK = "the account was off and back between two looks, and Graph had no subscription to say so"
UNWATCHED = "the account changed while the target had `users: off`"
DELETED_GROUP = "the group was deleted: no call names it, and its members cannot be read"

MOST_NEW_MEMBERS = Target.model_fields["most_new_members"].default

Time = tuple[datetime, datetime]
"""Begin and end."""

ACCOUNT_ENABLED = "accountEnabled"

BETWEEN_LOOKS = 300.0
"""Seconds at most: the period of the look timer."""


def why_only_a_cycle(
    difference: Difference,
    app: str,
    world: World,
    people: Operations,
    rows: Sequence[Change],
    *,
    unwatched: Sequence[Time] = (),
) -> str | None:
    """None when a call should have mended it. `rows` are those of the service principal `app`, and
    `unwatched` the times in which its target had `users: off`."""
    user, tenant = difference.user, world.tenant
    keeps_access = difference.what in {HAS_STILL, SHOULD_BE_DISABLED}
    theirs = [
        row
        for row in rows
        if row.user == user
        and row.is_removal is keeps_access
        and (difference.group in {"", row.group} or (row.is_of_person and not keeps_access))
    ]
    left = [row for row in theirs if row.state is State.LEFT_TO_CYCLE]
    if any(row.reason == BY_OPERATOR for row in left):
        return DISCARDED
    whys = (why_left(difference, app, world, row) for row in left)
    if why := next(filter(None, whys), None):
        return why
    if any(_ended_by_lie(world, people, row) for row in theirs):
        return LIED
    if difference.what == HAS_STILL and difference.group not in assigned(tenant, app):
        return UNASSIGNED_GROUP
    if user in people.own_accounts and _is_hidden(world):
        return HIDDEN
    if user in people.own_accounts and _precedes_first_look(world, difference):
        return BEFORE_FIRST_LOOK
    if user in people.own_accounts and _changed_in(world, user, unwatched):
        return UNWATCHED
    is_without = difference.what in {LACKS, SHOULD_BE_ACTIVE}
    if is_without and user in people.own_accounts and _was_back_untold(world, user):
        return BACK
    groups = tenant.directory.groups
    through = (
        [difference.group] if difference.group else [g for g in groups if _is_in(world, user, g)]
    )
    if is_without and any(_came_back(world, user, group) for group in through):
        return REJOINED
    if is_without and any(_was_not_listed(world, app, user, group) for group in through):
        return NOT_LISTED
    deleted = people.deleted_groups & ({difference.group} if difference.group else groups.keys())
    if any(
        _was_assigned_at_its_end(world, app, group)
        and (_is_in(world, user, group) or _left_just_before(world, user, group))
        for group in deleted
    ):
        return DELETED_GROUP
    if is_without and any(_was_assigned_again(world, app, group) for group in through):
        return REASSIGNED
    return None


def _ended_by_lie(world: World, people: Operations, row: Change) -> bool:
    """Returns whether Hasten did no more because of a false answer. It calls nobody again who keeps
    another assignment, whatever the last answer was: then the last one must be the false one."""
    if row.called_at is None or row.state is not State.LEFT_TO_CYCLE:
        return row.called_at is not None and row.user in lied_to(world, people)
    began = row.called_at.timestamp() - CLOCKS
    return row.keeps_assignment and any(
        call.at.timestamp() >= began and call.group == row.group and row.user in call.users
        for call in world.to_graph.calls
        if people.broken & set(call.users)
    )


def _changed_in(world: World, user: str, times: Sequence[Time]) -> bool:
    """Returns whether the account changed in one of the times, or so shortly before that no look of
    a timer came in between."""
    changes = [
        change.at
        for change in world.tenant.directory.history
        if change.subject.id == user and change.member is None
    ]
    return any(
        began.timestamp() - BETWEEN_LOOKS <= at <= ended.timestamp()
        for began, ended in times
        for at in changes
    )


def _was_back_untold(world: World, user: str) -> bool:
    """Returns whether the account was off between two looks of a timer, and Graph had no
    subscription by which to say so: the roster has the account as it is again, and a cycle may have
    taken it in the app meanwhile."""
    own = [
        change
        for change in world.tenant.directory.history
        if change.subject.id == user and change.member is None
    ]
    told = [item["changed_at"] for item in world.tenant.courier.log if user in item["users"]]
    return any(
        (one.removed or (one.before or {}).get(ACCOUNT_ENABLED))
        and other.at - one.at <= BETWEEN_LOOKS
        and not any(one.wall <= at <= other.wall for at in told)
        for one, other in pairwise(own)
    )


def _is_in(world: World, user: str, group: str) -> bool:
    return user in world.tenant.directory.groups[group].members


def _left_just_before(world: World, user: str, group: str) -> bool:
    """Returns whether the user left the group so shortly before its deletion that no look of a
    timer came in between: a look at a deleted group shows nobody."""
    own = [change for change in world.tenant.directory.history if change.subject.id == group]
    ends = [change.at for change in own if change.member is None and change.removed]
    left = [c.at for c in own if c.member is not None and c.member.id == user and c.removed]
    return any(0 <= end - at <= BETWEEN_LOOKS for at in left for end in ends)


def _was_assigned_at_its_end(world: World, app: str, group: str) -> bool:
    """Returns whether the group was assigned to the app when it was deleted, or so shortly before
    that no sweep may have read its members since."""
    ended = world.tenant.directory.groups[group].deleted_at
    return ended is not None and any(
        one.removed_at is None or one.removed_at >= ended - BETWEEN_LOOKS
        for one in world.tenant.assignments
        if (one.principal.id, one.resource.id) == (group, app) and one.created_at <= ended
    )


def _is_hidden(world: World) -> bool:
    behaviours = world.tenant.switches.now
    return behaviours.account_enabled_untracked or behaviours.restore_hidden


def _precedes_first_look(world: World, difference: Difference) -> bool:
    """Returns whether what differs changed last before Hasten began to watch people, or the account
    was deleted at that time: Hasten does not know whom it restores."""
    began = [
        at.timestamp()
        for at, event in world.around.events
        if isinstance(event, PeopleReconciled) and event.result == "started"
    ]
    changes = [
        change
        for change in world.tenant.directory.history
        if change.subject.id == difference.user and change.member is None
    ]
    if difference.what in {SHOULD_BE_ACTIVE, SHOULD_BE_DISABLED}:
        changes = [one for one in changes if not (one.before and ACCOUNT_ENABLED not in one.before)]
    before = [change for change in changes if began and change.at < began[0]]
    return bool(before) and (before == changes or before[-1].removed)


def _was_not_listed(world: World, app: str, user: str, group: str) -> bool:
    """Returns whether the user was deleted at some time between the assignment of the group and the
    first look at its members."""
    tenant = world.tenant
    assigned_at = [
        assignment.created_at
        for assignment in tenant.assignments
        if assignment.principal.id == group and assignment.resource.id == app
    ]
    own = [c for c in tenant.directory.history if c.subject.id == user and c.member is None]
    deleted = [c.at for c in own if c.removed]
    restored = [c.at for c in own if c.restored]
    return any(
        start <= at + BETWEEN_LOOKS and end >= at
        for at in assigned_at
        for start, end in zip(deleted, restored, strict=False)
    )


def _was_assigned_again(world: World, app: str, group: str) -> bool:
    """Returns whether the group was assigned again so soon that no sweep may have noticed it, or
    with too many members for calls."""
    tenant = world.tenant
    spans = sorted(
        (one.created_at, one.removed_at)
        for one in tenant.assignments
        if (one.principal.id, one.resource.id) == (group, app)
    )
    is_large = len(tenant.directory.groups[group].members) > MOST_NEW_MEMBERS
    return any(
        removed_at is not None and (is_large or created_at - removed_at <= BETWEEN_LOOKS)
        for (_, removed_at), (created_at, _) in pairwise(spans)
    )


def _came_back(world: World, user: str, group: str) -> bool:
    history = [
        change
        for change in world.tenant.directory.history
        if change.member is not None and (change.subject.id, change.member.id) == (group, user)
    ]
    return any(
        one.removed and not other.removed and other.at - one.at <= BETWEEN_LOOKS
        for one, other in pairwise(history)
    )


def lied_to(world: World, people: Operations) -> frozenset[str]:
    """Everyone who was in a call with someone about whom its answer lied: it has one verdict."""
    calls = [call.users for call in world.to_graph.calls]
    return frozenset(u for users in calls if people.broken & set(users) for u in users)
