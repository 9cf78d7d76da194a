"""The drain and people's own accounts: which calls serve them, and who is not called."""

from datetime import timedelta

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.domain.cycle import DEFAULT_CYCLE_INTERVAL
from hasten.domain.planning import GrantsBy
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.provision.judge_rows import OVERDUE_AFTER
from hasten.provision.verify import verify
from tests.fakes.directory import JOB, answer
from tests.support.account_rows import WAKE, called, row, world_of
from tests.support.people import ADA, SETTLED, passes
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found


@pytest.mark.parametrize("happens", ["disable", "delete"])
def test_who_is_out_is_left_to_the_cycle_with_the_time_and_alerted_when_overdue(
    happens: str,
) -> None:
    @virtual
    async def scenario() -> None:
        world = await world_of(ADA)
        at = {"timeBegan": now().isoformat(), "timeEnded": now().isoformat()}
        world.directory.job_list = [{"id": JOB, "status": {"code": "Active", "lastExecution": at}}]
        getattr(world.directory, happens)(ADA)
        await world.looks(ADA)

        await drain(world.context, WAKE)
        left = await row(world)
        await passes(2 * DEFAULT_CYCLE_INTERVAL + OVERDUE_AFTER)
        await verify(world.context)

        assert world.directory.calls == []
        assert left.state is State.LEFT_TO_CYCLE
        assert left.action is (Action.DISABLED if happens == "disable" else Action.DELETED)
        assert f"the user is {left.action} in Entra" in left.reason
        assert left.expected_at is not None
        assert left.expected_at <= now() - OVERDUE_AFTER
        alerts = [
            message.body["data"]["result"]
            for message in world.bus.of(PROVISIONING_OUTCOMES)
            if message.body["type"] == "hasten.alert.v1"
        ]
        assert alerts == ["revocation_overdue"]

    scenario()


@pytest.mark.parametrize("purged", [False, True])
def test_the_row_of_a_deletion_says_whether_it_can_be_undone(purged: bool) -> None:  # noqa: FBT001
    @virtual
    async def scenario() -> None:
        world = await world_of(ADA)
        world.directory.delete(ADA)
        if purged:
            world.directory.purge(ADA)
        await world.looks(ADA)

        await drain(world.context, WAKE)

        said = "permanently deleted" if purged else "can be restored for 30 days"
        assert said in (await row(world)).reason

    scenario()


@virtual
async def test_the_log_ends_the_row_of_who_was_disabled() -> None:
    world = await world_of(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)
    await drain(world.context, WAKE)
    world.directory.log.append(
        {
            "jobId": JOB,
            "activityDateTime": (now() + timedelta(minutes=1)).isoformat(),
            "provisioningAction": "disable",
            "provisioningStatusInfo": {"status": "success"},
            "sourceIdentity": {"id": ADA},
        }
    )

    await passes(timedelta(minutes=2))
    await verify(world.context)

    assert (await row(world)).state is State.DONE_BY_CYCLE


@pytest.mark.parametrize(
    ("grants_by", "calls"),
    [
        (GrantsBy.GROUP, [ENGINEERING, ADMIN]),
        (GrantsBy.USER, [None]),
        (GrantsBy.USER_THEN_GROUP, [None, ENGINEERING, ADMIN]),
    ],
)
def test_who_is_back_gets_everything_again_one_call_after_the_other(
    grants_by: GrantsBy, calls: list[str | None]
) -> None:
    @virtual
    async def scenario() -> None:
        world = await world_of(ADA, grants_by=grants_by)
        world.directory.join(ADMIN, ADA)
        world.directory.disable(ADA)
        await world.looks(ADA)
        await drain(world.context, WAKE)
        await passes(SETTLED)
        world.directory.enable(ADA)
        await world.looks(ADA)

        await drain(world.context, WAKE)

        assert called(world) == [(group, (ADA,)) for group in calls]
        assert world.directory.crossed == []
        assert (await row(world)).state is State.SUCCEEDED

    scenario()


@pytest.mark.parametrize("joins", [ADMIN, None])
@pytest.mark.parametrize("grants_by", list(GrantsBy))
def test_calls_that_are_repeated_follow_the_groups_as_they_are_now(
    grants_by: GrantsBy, joins: str | None
) -> None:
    """The user leaves one group, and joins another or keeps one, while the row waits."""

    @virtual
    async def scenario() -> None:
        world = await world_of(ADA, grants_by=grants_by)
        if joins is None:
            world.directory.join(ADMIN, ADA)
        world.directory.disable(ADA)
        await world.looks(ADA)
        await drain(world.context, WAKE)
        await passes(SETTLED)
        world.directory.enable(ADA)
        await world.looks(ADA)
        world.directory.answers = lambda _: answer(status=503)
        await drain(world.context, WAKE)
        assert (await row(world)).state is State.WAITING

        world.directory.leave(ENGINEERING, ADA)
        world.directory.join(joins or ADMIN, ADA)
        world.directory.calls.clear()
        world.directory.answers = None
        await passes(SETTLED)
        await drain(world.context, WAKE)

        assert ENGINEERING not in {group for group, _ in called(world)}
        assert called(world)[-1] == (None if grants_by is GrantsBy.USER else ADMIN, (ADA,))
        assert (await row(world)).state is State.SUCCEEDED

    scenario()


@virtual
async def test_who_is_back_without_an_assignment_gets_nothing() -> None:
    world = await world_of(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)
    await drain(world.context, WAKE)
    await passes(SETTLED)
    world.directory.enable(ADA)
    world.directory.leave(ENGINEERING, ADA)
    await world.looks(ADA)

    await drain(world.context, WAKE)
    early = await row(world)
    await passes(SETTLED)
    await drain(world.context, WAKE)

    assert world.directory.calls == []
    assert early.state is State.WAITING
    assert (await row(world)).state is State.LEFT_TO_CYCLE


@virtual
async def test_a_row_that_graph_contradicts_is_not_called_and_looked_at_again() -> None:
    world = await world_of(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)
    world.directory.enable(ADA)

    await drain(world.context, WAKE)
    early = await row(world)
    await passes(SETTLED)
    world.bus.sent.clear()
    await drain(world.context, WAKE)

    assert (early.state, early.due_at) == (State.WAITING, early.seen_at + timedelta(minutes=2))
    assert world.directory.calls == []
    assert [users for users, _ in world.queued_people()] == [[ADA]]
    await world.looks_as_queued()
    assert await world.actions() == {ADA: "enabled"}


@pytest.mark.parametrize(
    ("claimed", "is_out", "action"),
    [(Action.DISABLED, False, "enabled"), (Action.ENABLED, True, "disabled")],
)
def test_a_row_that_a_crash_left_without_its_sighting_is_corrected(
    claimed: Action,
    is_out: bool,  # noqa: FBT001 - a case
    action: str,
) -> None:
    """The account changed back before the next look, so that the roster agrees with Graph."""

    @virtual
    async def scenario() -> None:
        world = await world_of(ADA)
        if is_out:
            world.directory.disable(ADA)
            await world.looks(ADA)
        seen = await world.context.roster.find(TOTAL, ADA)
        assert seen is not None
        await world.ledger.record([found(OWN_ACCOUNT, ADA, claimed, seen.origin)])

        for _ in range(2):
            await drain(world.context, WAKE)
            await passes(SETTLED)
        await world.looks_as_queued()

        assert await world.actions() == {ADA: action}
        assert world.directory.calls == []

    scenario()


@virtual
async def test_the_outcome_names_the_action_and_no_group() -> None:
    world = await world_of(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)

    await drain(world.context, WAKE)

    [outcome] = world.bus.of(PROVISIONING_OUTCOMES)
    data = outcome.body["data"]
    assert (data["action"], data["group"], data["result"]) == (
        "disabled",
        OWN_ACCOUNT,
        "left_to_cycle",
    )
