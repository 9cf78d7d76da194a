"""A target leaves targets.yaml, and its name is given to another enterprise application later."""

import pytest

from hasten.domain.changes import Action
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.records import stops
from hasten.targets import Target
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.looking import a_look
from tests.support.renaming import MEMBER, NEW, OLD, known, of, rows
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World
from tests.unit.watch.test_another_app import WIKI, has_wiki

AS_WIKI, WIKI_AS_TOTAL = (
    Target(name=WIKI, display_name=TOTAL),
    Target(name=TOTAL, display_name=WIKI),
)
NOBODY = Target(name="OTHER", display_name="no such app")


async def with_a_leaver() -> World:
    """Somebody leaves TOTAL, and then targets.yaml names no app for one sweep."""
    world = await known()
    has_wiki(world)
    await sweep(of(world, OLD, Target(name=WIKI, display_name=WIKI)))
    world.directory.leave(ENGINEERING, MEMBER)
    await look(of(world, OLD), a_look())
    await sweep(of(world, NOBODY))
    return world


@pytest.mark.parametrize("targets", [[WIKI_AS_TOTAL], [WIKI_AS_TOTAL, AS_WIKI]])
@virtual
async def test_the_other_app_gets_no_call_under_the_name(targets: list[Target]) -> None:
    world = await with_a_leaver()
    context = of(world, *targets)

    for _ in range(3):
        await sweep(context)
        await drain(context, Wake(target=TOTAL))

    assert not world.directory.calls
    assert await stops.of_target(world.store, TOTAL) is not None
    assert await rows(world, TOTAL, WIKI) == [(TOTAL, ENGINEERING, MEMBER, Action.REMOVED)]


@pytest.mark.parametrize(
    "targets", [[OLD], [NEW], [NEW, WIKI_AS_TOTAL]], ids=["put back", "renamed", "beside the other"]
)
@virtual
async def test_what_is_open_is_called_for_the_first_app(targets: list[Target]) -> None:
    world = await with_a_leaver()
    await sweep(of(world, WIKI_AS_TOTAL))
    context, name = of(world, *targets), targets[0].name

    for _ in range(2):
        await sweep(context)

    assert await rows(world, TOTAL, "NEW") == [(name, ENGINEERING, MEMBER, Action.REMOVED)]
    await drain(context, Wake(target=name))
    assert [call.users for call in world.directory.calls] == [(MEMBER,)]
