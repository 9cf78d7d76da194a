"""An event that takes somebody out of a group in which they are no more, because they were disabled
or deleted: it is done only when the app has taken their access."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, State
from hasten.domain.intents import Wanted
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.bus import PROVISIONING_OUTCOMES
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user

REFUSED = PermanentError("403", "grant it")
THROTTLED = TemporaryError("429", timedelta(seconds=5))


def does_not_say(world: Onboarding, *errors: Exception) -> None:
    """Graph does not say at first through what a user is assigned."""
    left, real = list(errors), world.directory.assigned_through

    async def assigned_through(user: str, service_principal: str) -> Sequence[str] | None:
        if left:
            raise left.pop(0)
        return await real(user, service_principal)

    world.directory.assigned_through = assigned_through  # type: ignore[method-assign]


async def told(action: Action, state: State) -> list[str]:
    world = await world_with(user(1))
    await world.ledger.record([replace(found(OWN_ACCOUNT, user(1), action, 1), state=state)])
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures_until_done()
    return [result for _, result in world.told()]


@pytest.mark.parametrize("action", [Action.DISABLED, Action.DELETED])
@pytest.mark.parametrize(
    "state", [State.PENDING, State.WAITING, State.HELD, State.LEFT_TO_CYCLE, State.FAILED]
)
@virtual
async def test_an_account_that_nothing_shows_as_taken_is_left_to_the_cycle(
    action: Action, state: State
) -> None:
    assert await told(action, state) == ["left_to_cycle"]


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action.DISABLED, State.CONFIRMED),
        (Action.DELETED, State.DONE_BY_CYCLE),
        (Action.ENABLED, State.PENDING),
        (Action.UPDATED, State.FAILED),
    ],
)
@virtual
async def test_an_account_that_was_taken_or_is_back_leaves_nothing_to_do(
    action: Action, state: State
) -> None:
    assert await told(action, state) == ["in_sync"]


@pytest.mark.parametrize(
    ("on_roster", "through", "error", "is_removed"),
    [
        (True, [], None, True),
        (True, [ADMIN], REFUSED, True),
        (True, [ADMIN], THROTTLED, True),
        (True, [ADMIN], None, False),
        (False, [], None, False),
    ],
)
def test_whoever_left_unseen_is_removed_in_the_app_before_anything_is_said(
    through: list[str], error: Exception | None, *, on_roster: bool, is_removed: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(user(1))
        does_not_say(world, *([error] if error else []))
        world.directory.assigned[user(1)] = through
        if on_roster:
            await world.context.roster.add(TOTAL, [user(1)], world.now())
        await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
        await world.ensures_until_done()

        row = await world.ledger.find(TOTAL, ENGINEERING, user(1))

        assert (row is not None and row.is_removal) is is_removed
        assert [result for _, result in world.told()] == ([] if is_removed else ["in_sync"])

    run()


@pytest.mark.parametrize(
    ("through", "rows", "ends"),
    [
        ([], [], ["left_to_cycle"]),
        ([ADMIN], [], ["in_sync"]),
        ([], [(Action.REMOVED, State.CONFIRMED)], ["in_sync"]),
        ([], [(Action.REMOVED, State.FAILED)], ["left_to_cycle"]),
        ([], [(Action.ADDED, State.SUCCEEDED)], []),
    ],
)
def test_where_nobody_is_watched_only_a_removal_shows_that_somebody_has_no_access(
    through: list[str], rows: list[tuple[Action, State]], ends: list[str]
) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(user(1))
        world.target = world.target.model_copy(update={"users": False})
        world.directory.assigned[user(1)] = through
        for action, state in rows:
            await world.ledger.record([replace(found(ADMIN, user(1), action, 1), state=state)])
        await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
        await world.ensures_until_done()

        row = await world.ledger.find(TOTAL, ENGINEERING, user(1))

        assert (row is not None and row.is_removal) is (not ends)
        assert [result for _, result in world.told()] == ends

    run()


@pytest.mark.parametrize("group", [ADMIN, DIRECT])
@pytest.mark.parametrize("state", [State.PENDING, State.HELD, State.LEFT_TO_CYCLE, State.FAILED])
@pytest.mark.parametrize("on_roster", [True, False])
def test_whoever_left_another_group_is_said_to_be_no_member_with_what_became_of_that(
    state: State, group: str, *, on_roster: bool
) -> None:
    """The hourly comparison takes them off the roster, also while the removal is still to be
    done."""

    @virtual
    async def run() -> None:
        world = await world_with(user(1))
        if on_roster:
            await world.context.roster.add(TOTAL, [user(1)], world.now())
        left = found(group, user(1), Action.REMOVED, 1)
        await world.ledger.record([replace(left, state=state, next_action="look at it")])
        await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
        await world.ensures_until_done()

        [said] = [one.body["data"] for one in world.bus.of(PROVISIONING_OUTCOMES)]
        assert (said["result"], said["nextAction"]) == ("left_to_cycle", "look at it")
        assert said["reason"].endswith(f"and that removal is {state}")

    run()


@virtual
async def test_whoever_left_unseen_before_the_comparison_took_them_off_the_roster_is_removed() -> (
    None
):
    world = await world_with(user(1))
    world.directory.assigned[user(1)] = []
    given = replace(found(ADMIN, user(1), Action.ADDED, 1), state=State.SUCCEEDED)
    await world.ledger.record([given])
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures_until_done()

    assert (await world.row(ENGINEERING, user(1))).is_removal
    assert world.told() == []


@pytest.mark.parametrize(("later", "ends"), [(-1, ["in_sync"]), (0, ["in_sync"]), (1, [])])
@virtual
async def test_whoever_has_left_and_lost_the_access_leaves_nothing_to_do(
    later: int, ends: list[str]
) -> None:
    """Who came on the roster `later` minutes after that has got access again, and left unseen."""
    world = await world_with(user(1))
    world.directory.assigned[user(1)] = []
    left = replace(found(ADMIN, user(1), Action.REMOVED, 1), state=State.CONFIRMED)
    left = replace(left, found_at=world.now() - timedelta(minutes=10))
    await world.context.roster.add(TOTAL, [user(1)], left.found_at + timedelta(minutes=later))
    await world.ledger.record([left])
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures_until_done()

    assert [result for _, result in world.told()] == ends


@pytest.mark.parametrize(("through", "ends"), [([ADMIN], "in_sync"), ([], "left_to_cycle")])
@virtual
async def test_where_nobody_is_watched_nothing_is_said_before_graph_says_who_is_assigned(
    through: list[str], ends: str
) -> None:
    world = await world_with(user(1))
    world.target = world.target.model_copy(update={"users": False})
    world.directory.assigned[user(1)] = through
    does_not_say(world, THROTTLED)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=200)

    with pytest.raises(TemporaryError, match="429"):
        await world.ensures()
    assert world.told() == []
    await world.ensures_until_done()

    assert world.told() == [(user(1), ends)]


@virtual
async def test_where_nobody_is_watched_an_answer_that_graph_refuses_is_no_claim() -> None:
    world = await world_with(user(1))
    world.target = world.target.model_copy(update={"users": False})
    does_not_say(world, REFUSED)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures_until_done()

    assert world.told() == [(user(1), "left_to_cycle")]
    assert "Graph does not say" in world.reasons()[0]


@pytest.mark.parametrize("state", [State.LEFT_TO_CYCLE, State.FAILED])
@pytest.mark.parametrize(("later", "ends"), [(1, "in_sync"), (-1, "left_to_cycle")])
@virtual
async def test_an_earlier_removal_matters_no_more_once_the_account_was_taken(
    state: State, later: int, ends: str
) -> None:
    world = await world_with(user(1))
    await world.context.roster.add(TOTAL, [user(1)], world.now())
    before = found(ADMIN, user(1), Action.REMOVED, 1)
    ended = replace(before, state=state, finished_at=before.found_at + timedelta(minutes=2))
    taken = replace(found(DIRECT, user(1), Action.REMOVED, 1), state=State.CONFIRMED)
    taken = replace(taken, found_at=taken.found_at + timedelta(hours=later))
    await world.ledger.record([ended, taken])
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures_until_done()

    assert [result for _, result in world.told()] == [ends]
