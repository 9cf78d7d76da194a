"""A group whose members cannot be read keeps no other group of its target from being settled."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, State
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Wake
from hasten.ports.directory_values import Members
from hasten.provision.drain import drain
from hasten.records import discovered
from hasten.watch.sweep import sweep
from tests.support.swept import swept
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

SALES = "0000bbbb-0000-4000-8000-000000000003"
PEOPLE = [user(number) for number in range(5)]
ERRORS = pytest.mark.parametrize(
    "error",
    [
        PermanentError("Graph answered 403", "grant a permission"),
        TemporaryError("no JSON", timedelta(seconds=5)),
        KeyError("a bug"),
    ],
    ids=["permanent", "temporary", "bug"],
)


class Unread:
    """Fails every read of the members of one group, and counts the reads of the others."""

    def __init__(self, world: World, group: str, error: Exception) -> None:
        self.error: Exception | None = error
        self.reads: list[str] = []
        self._group = group
        self._members = world.directory.members
        world.directory.members = self.members  # type: ignore[method-assign]

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        self.reads.append(group)
        if group == self._group and self.error is not None:
            raise self.error
        return await self._members(group, enough=enough)


def unassign(world: World) -> None:
    world.directory.groups.remove(ENGINEERING)
    for one in PEOPLE:
        world.directory.assigned[one].remove(ENGINEERING)


def assign_again(world: World) -> None:
    world.directory.groups.append(ENGINEERING)
    for one in PEOPLE:
        world.directory.assigned[one].append(ENGINEERING)


async def minutes(world: World, count: int) -> None:
    for _ in range(count):
        with suppress(PermanentError, TemporaryError, KeyError):
            await sweep(world.context)
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)


async def actions(world: World) -> set[tuple[Action, State]]:
    rows = [await world.row(ENGINEERING, one) for one in PEOPLE]
    return {(row.action, row.state) for row in rows}


@ERRORS
def test_another_group_that_comes_and_goes_is_read_until_it_is_settled(error: Exception) -> None:
    @virtual
    async def run() -> None:
        world = await swept()
        world.directory.join(SALES, user(20))
        world.directory.groups.append(SALES)
        unread = Unread(world, SALES, error)
        await minutes(world, 1)
        unassign(world)
        await minutes(world, 8)

        assert unread.reads.count(ENGINEERING) == 3
        assert world.results("assignment") == ["unassigned"]
        assert await actions(world) == {(Action.REMOVED, State.SUCCEEDED)}

        assign_again(world)
        await minutes(world, 5)
        assert await actions(world) == {(Action.ADDED, State.SUCCEEDED)}

        unread.error = None
        await minutes(world, 4)
        assert (await world.row(SALES, user(20))).action is Action.ADDED

    run()


@ERRORS
@pytest.mark.parametrize("is_back", [False, True])
def test_the_group_itself_is_compared_when_it_can_be_read(
    error: Exception, *, is_back: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await swept()
        unread = Unread(world, ENGINEERING, error)
        unassign(world)
        await minutes(world, 60)  # a cycle has run meanwhile
        world.directory.join(SALES, user(20))
        world.directory.groups.append(SALES)
        await minutes(world, 4)
        assert (await world.row(SALES, user(20))).state is State.SUCCEEDED
        if is_back:
            assign_again(world)
            await minutes(world, 2)

        unread.error = None
        await minutes(world, 4)

        if not is_back:
            assert await actions(world) == {(Action.REMOVED, State.SUCCEEDED)}
        found = await discovered.load(world.store, TOTAL)
        assert found is not None
        assert {*found.groups} == {ADMIN, SALES, *([ENGINEERING] if is_back else [])}
        assert not found.unsettled

    run()


@pytest.mark.parametrize("error", [PermanentError("403", "grant it"), KeyError("a bug")])
def test_a_first_sweep_that_fails_calls_nobody_who_was_assigned_before(error: Exception) -> None:
    @virtual
    async def run() -> None:
        world = World()
        world.directory.grant(user(50), kind="User")
        whole = world.store.scan

        async def scan(collection: str, *rest: object, **more: object) -> object:
            if collection == "direct":
                raise error
            return await whole(collection, *rest, **more)  # type: ignore[arg-type]

        world.store.scan = scan  # type: ignore[method-assign,assignment]
        with suppress(PermanentError, KeyError):
            await sweep(world.context)
        world.store.scan = whole  # type: ignore[method-assign]

        await sweep(world.context)

        assert not await world.ledger.open_changes(TOTAL)

    run()
