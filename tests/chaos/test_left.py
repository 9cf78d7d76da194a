"""A row that was left to the cycle excuses a difference only while no call could mend it."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from emulator.graph.seed import TOTAL, object_id
from hasten.domain.changes import DISCARDED, OWN_ACCOUNT, Action, Change, State
from hasten.domain.removal_settlement import NOTHING_SHOWN_AFTER_CYCLE
from hasten.domain.verdicts import CANNOT_ACT, NOT_COUNTED
from hasten.provision.accounts import NOT_ASSIGNED
from hasten.provision.judge_rows import STILL_LEFT_OUT
from hasten.provision.removal_reach import KEEPS_ASSIGNMENT, UNASSIGNED_GROUP
from hasten.provision.triage import CYCLE_HAS_ENDED, CYCLE_IS_SOONER
from hasten.scim import Scim
from hasten.targets import Target
from hasten.watch.assigned_rows import MANY_AGAIN
from tests.chaos import reasons
from tests.chaos.left import (
    GONE,
    KEEPS,
    MANY,
    NAMES_OTHERS,
    NOT_IN_APP,
    OUT_OF_REACH,
    SOONER,
    UNCOUNTED,
)
from tests.chaos.operations import Operations
from tests.chaos.reasons import LIED, why_only_a_cycle
from tests.simulation.graph import OnDemand
from tests.simulation.oracle import (
    HAS_STILL,
    LACKS,
    SHOULD_BE_ACTIVE,
    SHOULD_BE_DISABLED,
    Difference,
)
from tests.simulation.scim import SETTINGS
from tests.simulation.world import World, simulated
from tests.support.virtual_time import now, virtual
from tests.support.world import found

ADA = object_id("user/300")
DISABLED = f"the user is disabled in Entra, {CANNOT_ACT}"
READ = Target(name="TOTAL", display_name="TOTAL", scim=Scim.model_validate(SETTINGS))


def _why(world: World, what: str, group: str, *rows: Change) -> str | None:
    difference = Difference(ADA, what, group if what in {LACKS, HAS_STILL} else "")
    return why_only_a_cycle(difference, TOTAL, world, Operations(world, Random(1)), rows)


def _left(group: str, action: Action, reason: str, *, is_called: bool = True) -> Change:
    row = replace(found(group, ADA, action, 1), state=State.LEFT_TO_CYCLE, reason=reason)
    return replace(row, finished_at=now(), called_at=now() if is_called else None)


@pytest.mark.parametrize("group", ["", OWN_ACCOUNT])
@pytest.mark.parametrize(
    ("reason", "is_disabled", "why"),
    [
        (DISABLED, True, OUT_OF_REACH),
        (NOTHING_SHOWN_AFTER_CYCLE, True, OUT_OF_REACH),
        (DISABLED, False, None),
        (KEEPS_ASSIGNMENT, True, None),
        ("a reason that the storm does not know", True, None),
    ],
)
@virtual
async def test_who_is_out_of_reach_keeps_the_account_while_they_are(
    group: str,
    reason: str,
    is_disabled: bool,  # noqa: FBT001 - a case of the table
    why: str | None,
) -> None:
    async with simulated() as world:
        left = group or world.admin.create_group([ADA])
        if is_disabled:
            world.admin.disable(ADA)

        row = _left(left, Action.DISABLED if group else Action.REMOVED, reason)
        assert _why(world, SHOULD_BE_DISABLED, left, row) == why


@pytest.mark.parametrize(
    ("answer", "why"), [("", None), ("; the app shows no account that matches", NOT_IN_APP)]
)
@virtual
async def test_where_hasten_reaches_the_app_the_row_says_what_the_app_answered(
    answer: str, why: str | None
) -> None:
    async with simulated(targets=(READ,)) as world:
        world.admin.disable(ADA)

        row = _left(OWN_ACCOUNT, Action.DISABLED, f"{DISABLED}{answer}")
        assert _why(world, SHOULD_BE_DISABLED, "", row) == why


@pytest.mark.parametrize(
    ("reason", "called", "why"),
    [
        (KEEPS_ASSIGNMENT, "since", KEEPS),
        (NOTHING_SHOWN_AFTER_CYCLE, "since", KEEPS),
        (STILL_LEFT_OUT, "since", NAMES_OTHERS),
        (KEEPS_ASSIGNMENT, "before", None),
        (KEEPS_ASSIGNMENT, "never", None),
        (UNASSIGNED_GROUP, "since", None),
        (DISABLED, "since", None),
    ],
)
@virtual
async def test_a_leaver_keeps_the_membership_only_if_the_group_was_called_since(
    reason: str, called: str, why: str | None
) -> None:
    async with simulated() as world:
        group, other = world.admin.create_group([ADA]), world.admin.create_group([ADA])
        world.admin.assign(group)
        row = _left(group, Action.REMOVED, reason, is_called=called != "never")
        if called == "before":
            await world.passes(timedelta(minutes=1))
        world.admin.leave(group, ADA)
        of_other = replace(row, group=other)
        strict = replace(world.tenant.switches.now, members_not_removed=True)
        world.tenant.switches.now = strict

        assert _why(world, HAS_STILL, group, row) == why
        assert _why(world, HAS_STILL, group, of_other) is None
        world.tenant.switches.now = replace(strict, members_not_removed=False)
        assert _why(world, HAS_STILL, group, row) is None
        world.admin.unassign(group)
        assert _why(world, HAS_STILL, group, row) == reasons.UNASSIGNED_GROUP


@pytest.mark.parametrize(("is_deleted", "why"), [(True, GONE), (False, None)])
@virtual
async def test_no_call_names_a_deleted_group_that_a_leaver_left_before(
    is_deleted: bool,  # noqa: FBT001 - a case of the table
    why: str | None,
) -> None:
    async with simulated() as world:
        group = world.admin.create_group([ADA])
        world.admin.assign(group)
        world.admin.leave(group, ADA)
        row = _left(group, Action.REMOVED, UNASSIGNED_GROUP)
        if is_deleted:
            world.admin.delete(group)

        assert _why(world, HAS_STILL, group, row) == why


@pytest.mark.parametrize("what", [LACKS, SHOULD_BE_ACTIVE])
@pytest.mark.parametrize(
    ("reason", "action", "when", "why"),
    [
        (CYCLE_IS_SOONER, Action.ADDED, "since", SOONER),
        (CYCLE_HAS_ENDED, Action.ADDED, "since", SOONER),
        (NOT_COUNTED, Action.ADDED, "since", UNCOUNTED),
        (MANY_AGAIN, Action.ADDED, "since", MANY),
        (STILL_LEFT_OUT, Action.ADDED, "since", NAMES_OTHERS),
        (CYCLE_IS_SOONER, Action.ENABLED, "since", SOONER),
        (CYCLE_IS_SOONER, Action.ADDED, "before", None),
        (CYCLE_IS_SOONER, Action.ENABLED, "before", None),
        (CYCLE_IS_SOONER, Action.UPDATED, "since", None),
        (NOT_ASSIGNED, Action.ENABLED, "since", None),
        (CYCLE_IS_SOONER, Action.REMOVED, "since", None),
    ],
)
@virtual
async def test_a_grant_excuses_only_what_the_user_had_when_it_was_left(
    what: str, reason: str, action: Action, when: str, why: str | None
) -> None:
    async with simulated() as world:
        is_own = action in {Action.ENABLED, Action.UPDATED}
        group = world.admin.create_group([ADA])
        if when == "since":
            world.admin.assign(group)
        row = _left(OWN_ACCOUNT if is_own else group, action, reason)
        if when == "before":
            await world.passes(timedelta(minutes=6))
            world.admin.assign(group)

        assert _why(world, what, group, row) == why


@pytest.mark.parametrize(
    ("what", "own", "why"),
    [
        (SHOULD_BE_DISABLED, True, reasons.DISCARDED),
        (SHOULD_BE_DISABLED, False, reasons.DISCARDED),
        (HAS_STILL, False, reasons.DISCARDED),
        (HAS_STILL, True, None),
    ],
)
@virtual
async def test_a_discarded_removal_of_the_account_excuses_no_membership(
    what: str,
    own: bool,  # noqa: FBT001 - a case of the table
    why: str | None,
) -> None:
    async with simulated() as world:
        group = world.admin.create_group([ADA])
        world.admin.assign(group)

        row = _left(OWN_ACCOUNT if own else group, Action.REMOVED, DISCARDED)
        assert _why(world, what, group, row) == why


@pytest.mark.parametrize("lied", ["last", "before", "another group"])
@virtual
async def test_a_false_answer_to_the_last_call_alone_excuses_who_keeps_another_assignment(
    lied: str,
) -> None:
    async with simulated() as world:
        group, other = world.admin.create_group([ADA]), world.admin.create_group([ADA])
        world.admin.assign(group)
        people = Operations(world, Random(1))
        people.broken.add(ADA)
        called = other if lied == "another group" else group
        world.to_graph.calls.append(OnDemand(TOTAL, now(), called, (ADA,)))
        if lied == "before":
            await world.passes(timedelta(minutes=5))
        row = replace(_left(group, Action.REMOVED, ""), keeps_assignment=True)

        why = why_only_a_cycle(Difference(ADA, HAS_STILL, group), TOTAL, world, people, [row])
        assert why == (LIED if lied == "last" else None)


@pytest.mark.parametrize(
    ("state", "is_called", "keeps", "why"),
    [
        (State.SUCCEEDED, True, False, LIED),
        (State.FAILED, True, False, LIED),
        (State.LEFT_TO_CYCLE, True, True, LIED),
        (State.LEFT_TO_CYCLE, True, False, None),
        (State.LEFT_TO_CYCLE, False, True, None),
        (State.IN_SYNC, False, False, None),
        (None, False, False, None),
    ],
)
@virtual
async def test_a_false_answer_excuses_only_what_a_call_has_ended(
    state: State | None,
    is_called: bool,  # noqa: FBT001 - a case of the table
    keeps: bool,  # noqa: FBT001 - a case of the table
    why: str | None,
) -> None:
    async with simulated() as world:
        group = world.admin.create_group([ADA])
        world.admin.assign(group)
        people = Operations(world, Random(1))
        people.broken.add(ADA)
        world.to_graph.calls.append(OnDemand(TOTAL, now(), group, (ADA,)))
        row = _left(group, Action.REMOVED, "", is_called=is_called)
        rows = [] if state is None else [replace(row, state=state, keeps_assignment=keeps)]

        difference = Difference(ADA, HAS_STILL, group)
        assert why_only_a_cycle(difference, TOTAL, world, people, rows) == why
