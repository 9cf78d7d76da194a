"""The list of a new group's members may be slow, missing, or older than what has happened since."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from hasten.domain.changes import DIRECT, Action, FoundBy, State
from hasten.errors import TemporaryError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Look, Wake
from hasten.ports.bus import PROVISIONING
from hasten.ports.directory_values import Members
from hasten.provision.drain import drain
from hasten.records import discovered, history
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.directory import FakeDirectory
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
SALES = "0000bbbb-0000-4000-8000-000000000003"
SMALLEST = "00000000-0000-4000-8000-000000000003"
"""Comes before all other groups in any order by id."""


class Slow(FakeDirectory):
    """Takes a while to list members: who leaves meanwhile is among them."""

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        listed = await super().members(group, enough=enough)
        await asyncio.sleep(5)
        return listed


@virtual
async def test_a_member_who_leaves_a_newly_assigned_group_during_the_read_stays_out() -> None:
    world = World(directory=Slow(groups=[ENGINEERING]))
    await sweep(world.context)
    world.directory.join(SALES, user(20), user(21))
    world.directory.groups.append(SALES)
    sweeping = asyncio.create_task(sweep(world.context))
    await asyncio.sleep(1)
    world.directory.leave(SALES, user(20))

    await look(world.context, Look(group=SALES, noticed_at=now(), found_by=FoundBy.NOTIFICATION))
    await sweeping

    assert await open_rows(world) == {
        (SALES, user(20), Action.REMOVED),
        (SALES, user(21), Action.ADDED),
    }


class Unlistable(FakeDirectory):
    """Answers nothing about the members of SMALLEST."""

    lists_all = False

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        if group == SMALLEST and not self.lists_all:
            raise TemporaryError("Graph answered 500", timedelta(seconds=15))
        return await super().members(group, enough=enough)


@pytest.mark.parametrize("is_assigned", [True, False])
def test_a_group_whose_members_graph_does_not_list_delays_no_other(
    is_assigned: bool,  # noqa: FBT001
) -> None:
    """It was newly assigned, or unassigned."""

    @virtual
    async def scenario() -> None:
        unlistable = [] if is_assigned else [SMALLEST]
        directory = Unlistable(groups=[ENGINEERING, ADMIN, *unlistable])
        world = World(directory=directory)
        world.directory.join(ENGINEERING, user(1))
        world.directory.join(SALES, user(2))
        world.directory.join(SMALLEST, user(3))
        world.directory.grant(user(4), kind="User")
        await sweep(world.context)
        world.directory.groups[:] = [ADMIN, SALES, *([SMALLEST] if is_assigned else [])]
        world.directory.granted.clear()

        for _ in range(2):
            await sweep(world.context)
            await asyncio.sleep(60)
        others = {
            (ENGINEERING, user(1), Action.REMOVED),
            (SALES, user(2), Action.ADDED),
            (DIRECT, user(4), Action.REMOVED),
        }
        assert await open_rows(world) == others
        assert [message.body["target"] for message in world.bus.of(PROVISIONING)] == [TOTAL]

        directory.lists_all = True
        await sweep(world.context)
        action = Action.ADDED if is_assigned else Action.REMOVED
        assert await open_rows(world) == {*others, (SMALLEST, user(3), action)}

    scenario()


@pytest.mark.parametrize("ends", ["open", "called"])
def test_who_had_left_before_a_lagging_list_was_read_is_revoked_by_the_settled_one(
    ends: str,
) -> None:
    """No delta shows the departure: it was before the start of the group's cursor."""

    @virtual
    async def run() -> None:
        world = await swept()
        world.directory.join(SALES, user(20), user(21), user(22))
        world.directory.groups.append(SALES)
        await sweep(world.context)
        if ends == "called":
            await drain(world.context, WAKE)
        world.directory.leave(SALES, user(20), user(22))

        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds() - 30)
        await sweep(world.context)
        first = await world.row(SALES, user(20))
        assert first.action is Action.ADDED
        await world.joined(SALES, user(22), origin=first.origin + 1)  # lagging replicas lack them
        world.directory.leave(SALES, user(22))
        await asyncio.sleep(31)
        await sweep(world.context)

        actions = [(await world.row(SALES, user(n))).action for n in (20, 21, 22)]
        assert actions == [Action.REMOVED, Action.ADDED, Action.ADDED]

    run()


@virtual
async def test_who_had_left_is_revoked_also_if_only_the_second_list_lags(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await swept()
    world.directory.join(SALES, user(20), user(21))
    lagging = AsyncMock(return_value=await world.directory.members(SALES))
    world.directory.leave(SALES, user(20))
    world.directory.groups.append(SALES)
    await sweep(world.context)
    await asyncio.sleep(60)
    with monkeypatch.context() as second:
        second.setattr(world.directory, "members", lagging)
        await sweep(world.context)
    assert (await world.row(SALES, user(20))).action is Action.ADDED

    for _ in range(2):
        await asyncio.sleep(60)
        await sweep(world.context)

    actions = [(await world.row(SALES, user(n))).action for n in (20, 21)]
    assert actions == [Action.REMOVED, Action.ADDED]
    assert (await discovered.must_load(world.store, TOTAL)).unsettled == {}


@virtual
async def test_a_settled_list_that_comes_late_revokes_also_who_joined_long_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No sweep could read Graph for a while, in which many others joined."""
    monkeypatch.setattr(history, "ENTRIES_PER_PAGE", 2)
    world = await swept()
    world.directory.join(SALES, user(20), user(21))
    world.directory.groups.append(SALES)
    await sweep(world.context)
    await drain(world.context, WAKE)
    world.directory.leave(SALES, user(20))
    await world.ledger.move(
        [await world.row(SALES, user(20))],
        lambda row: replace(row, state=State.CONFIRMED, needs_proof=False),
    )

    others = [user(number) for number in range(30, 37)]
    for other in others:
        await asyncio.sleep(120)
        await world.joined(SALES, other)
        await drain(world.context, WAKE)
    await sweep(world.context)

    assert (await world.row(SALES, user(20))).action is Action.REMOVED
    left = [(await world.row(SALES, person)).action for person in (user(21), *others)]
    assert left == [Action.ADDED] * 8


@virtual
async def test_nobody_is_revoked_because_graph_hides_the_members_of_a_group() -> None:
    """The app had the permission to read them, and lost it."""
    world = await swept()
    world.directory.join(SALES, user(20))
    world.directory.groups.append(SALES)
    await sweep(world.context)
    await drain(world.context, WAKE)
    world.directory.hidden_groups.add(SALES)

    for _ in range(4):
        await asyncio.sleep(60)
        await sweep(world.context)

    assert (await world.row(SALES, user(20))).action is Action.ADDED
    assert "left_out" in world.results("member")
