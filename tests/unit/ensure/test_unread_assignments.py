"""An event concludes nothing about a user's direct assignment from a list that may hide it."""

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.domain.intents import Wanted
from hasten.errors import TemporaryError
from hasten.targets import Mode
from tests.support.ensuring import world_with
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user

each = pytest.mark.parametrize("names", [True, False], ids=["known", "unknown"])


@each
@pytest.mark.parametrize("mode", [Mode.ACT, Mode.OBSERVE])
@pytest.mark.parametrize("wanted", [Wanted.ABSENT, Wanted.IN_STEP])
def test_an_event_waits_until_the_assignment_of_its_user_can_be_read(
    wanted: Wanted,
    mode: Mode,
    names: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = await world_with(user(1))
        world.target = world.target.model_copy(update={"mode": mode})
        world.directory.grant(user(1), kind="User")
        world.directory.unread_assignments = {user(1)}
        world.directory.hides_principals = not names
        await world.wants(DIRECT, user(1), wanted=wanted)

        if mode is Mode.ACT or wanted is Wanted.ABSENT:
            with pytest.raises(TemporaryError, match="an assignment cannot be read"):
                await world.ensures()
            assert len(await world.context.intents.open_intents(TOTAL)) == 1
            assert world.told() == []

        world.directory.unread_assignments.clear()
        await world.ensures_until_done()

        assert await world.context.intents.open_intents(TOTAL) == []
        if mode is Mode.ACT:
            assert (world.given(user(1)) == []) is (wanted is Wanted.ABSENT)

    scenario()


@virtual
async def test_another_user_is_assigned_and_unassigned_meanwhile() -> None:
    world = await world_with(user(1), user(2), user(3))
    for number in (1, 2):
        world.directory.grant(user(number), kind="User")
    world.directory.unread_assignments = {user(1)}
    await world.wants(DIRECT, user(2), wanted=Wanted.ABSENT)
    await world.wants(DIRECT, user(3))

    await world.ensures()

    assert (await world.row(DIRECT, user(2))).action is Action.REMOVED
    assert (await world.row(DIRECT, user(3))).action is Action.ADDED


@each
def test_an_assignment_that_exists_and_cannot_be_read_is_believed_when_graph_refuses_a_second_one(
    names: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = await world_with(user(1))
        world.directory.unread_assignments = {ENGINEERING}
        world.directory.hides_principals = not names
        await world.wants(ENGINEERING, user(1))

        await world.ensures()

        assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED

    scenario()
