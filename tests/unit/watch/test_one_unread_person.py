"""A person or a group that cannot be read keeps nobody else of the target from being compared."""

from datetime import timedelta
from typing import Any

import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.people_look import PeopleLook
from hasten.watch.compare_people import FAILURES_IN_A_ROW, compare_people
from hasten.watch.sweep import sweep
from tests.support.people import SETTLED, passes
from tests.support.swept import swept
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

ERRORS = pytest.mark.parametrize(
    "error",
    [
        PermanentError("Graph answered 403", "grant a permission"),
        TemporaryError("no JSON", timedelta(seconds=5)),
        KeyError("a bug"),
    ],
    ids=["permanent", "temporary", "bug"],
)


def spoil(world: World, method: str, *names: str, error: Exception) -> list[str]:
    """Fails each read of one of these. Returns whom all reads were about."""
    whole, reads = getattr(world.directory, method), list[str]()

    async def spoiled(name: str, *rest: Any) -> Any:
        reads.append(name)
        if not names or name in names:
            raise error
        return await whole(name, *rest)

    setattr(world.directory, method, spoiled)
    return reads


def looked_at(world: World) -> set[str]:
    bodies = [message.body for _, message in world.bus.sent if "users" in message.body]
    return {one for body in bodies for one in PeopleLook.parse(body).users}


async def with_roster(*more: str) -> World:
    world = await swept()
    world.directory.has_user(user(50))
    world.directory.join(ADMIN, *more)
    world.directory.grant(ADMIN, kind="Group")
    await sweep(world.context)
    await compare_people(world.context)
    await passes(SETTLED)
    world.bus.sent.clear()
    return world


@ERRORS
@pytest.mark.parametrize("bad", [user(0), user(2)])
def test_somebody_who_left_is_forgotten_and_somebody_deleted_is_looked_at(
    error: Exception, bad: str
) -> None:
    @virtual
    async def run() -> None:
        world = await with_roster()
        world.directory.leave(ENGINEERING, *(user(number) for number in range(5)))
        world.directory.delete(user(4))
        spoil(world, "assigned_through", bad, error=error)

        with pytest.raises(type(error)):
            await compare_people(world.context)

        assert looked_at(world) == {user(4)}
        assert (await world.context.roster.load(TOTAL)).keys() >= {bad, user(4)}
        assert await world.context.roster.find(TOTAL, user(1)) is None

    run()


@ERRORS
@pytest.mark.parametrize("method", ["member_profiles", "profile"])
def test_the_members_of_another_group_are_compared(error: Exception, method: str) -> None:
    @virtual
    async def run() -> None:
        world = await with_roster(user(20), user(21))
        world.directory.disable(user(20))
        bad = ADMIN if method == "profile" else ENGINEERING
        spoil(world, method, user(50) if method == "profile" else bad, error=error)
        reads = spoil(world, "assigned_through", "nobody", error=error)

        with pytest.raises(type(error)):
            await compare_people(world.context)

        assert looked_at(world) == {user(20)}
        assert reads == ([] if method == "member_profiles" else [user(50)])
        assert (await world.context.roster.load(TOTAL)).keys() >= {user(n) for n in range(5)}

    run()


@virtual
async def test_an_outage_costs_few_reads() -> None:
    many = [user(number) for number in range(100, 600)]
    world = await with_roster(*many)
    world.directory.leave(ADMIN, *many)
    reads = spoil(world, "assigned_through", error=TemporaryError("503", timedelta(seconds=5)))

    with pytest.raises(TemporaryError):
        await compare_people(world.context)

    assert FAILURES_IN_A_ROW <= len(reads) < 2 * FAILURES_IN_A_ROW
    assert {*many} <= (await world.context.roster.load(TOTAL)).keys()
