"""Members that a notification names before the delta shows them."""

from datetime import timedelta

from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.watch.look import look
from tests.support.looking import a_look, open_rows, watched
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user


@virtual
async def test_hinted_members_that_the_delta_does_not_show_yet_are_looked_for_after_5_15_45_s() -> (
    None
):
    world = await watched()
    delays = []

    await look(world.context, a_look(added=(user(1),)))
    for _ in range(3):
        message = world.bus.of(DIRECTORY_CHANGES)[-1]
        assert message.at is not None
        delays.append(message.at - now())
        await look(world.context, Look.parse(message.body))

    assert delays == [timedelta(seconds=s) for s in (5, 15, 45)]
    assert len(world.bus.of(DIRECTORY_CHANGES)) == 3


@virtual
async def test_hints_never_become_changes_by_themselves() -> None:
    world = await watched()

    await look(world.context, a_look(added=(user(1),), removed=(user(2),)))

    assert await open_rows(world) == []


@virtual
async def test_a_hint_that_an_earlier_look_has_found_is_not_looked_for_again() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    await look(world.context, a_look())

    await look(world.context, a_look(added=(user(1),)))

    assert world.bus.of(DIRECTORY_CHANGES) == []
