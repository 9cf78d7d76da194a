"""One person whom Graph refuses to write keeps no other of a mirror waiting."""

import asyncio
from contextlib import suppress
from random import Random

import pytest

from hasten.errors import PermanentError, TemporaryError
from tests.support.applying import ADMINS, MONITORED, Policed
from tests.support.applying import world_with as policed_with
from tests.support.refusing import PEOPLE, PLACES, WAYS, Refusing
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING


async def mirrors(*, is_leaving: bool) -> Policed:
    """Everybody has joined the admin group, or has left it after they were mirrored."""
    world = await policed_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, *PEOPLE)
    if is_leaving:
        await world.applies()
        world.directory.leave(ADMIN, *PEOPLE)
    return world


@PLACES
@WAYS
@pytest.mark.parametrize("is_leaving", [False, True])
def test_the_others_are_mirrored(error: str, place: int, *, is_leaving: bool) -> None:
    @virtual
    async def run() -> None:
        world = await mirrors(is_leaving=is_leaving)
        bad = PEOPLE[place]
        refusing = Refusing(world, [bad], error)
        world.jitter = Random(1).random  # type: ignore[method-assign]  # noqa: S311 - no secret

        for _ in range(20):
            with suppress(TemporaryError, PermanentError):
                await world.applies()

        others = {*PEOPLE} - {bad}
        assert await world.members(ENGINEERING) == ({bad} if is_leaving else others)
        named = {e.fields["user"] for e in world.events if "refused" in type(e).problems}
        assert named == {bad}

        refusing.users.clear()
        await asyncio.sleep(600)
        await world.applies()
        assert await world.members(ENGINEERING) == (set() if is_leaving else {*PEOPLE})

    run()


@pytest.mark.parametrize("is_leaving", [False, True])
def test_several_at_the_head_do_not_keep_the_mirror_waiting(*, is_leaving: bool) -> None:
    @virtual
    async def run() -> None:
        world = await mirrors(is_leaving=is_leaving)
        Refusing(world, PEOPLE[:4], "403")
        world.jitter = Random(1).random  # type: ignore[method-assign]  # noqa: S311 - no secret

        for _ in range(20):
            with suppress(PermanentError):
                await world.applies()

        assert (PEOPLE[4] in await world.members(ENGINEERING)) is not is_leaving

    run()
