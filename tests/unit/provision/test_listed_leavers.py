"""A leaver whom Graph still shows, or shows again."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, Action, State
from hasten.domain.removal_settlement import GROUP_READ_AGAIN
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.ports.directory_values import UnreadMember
from hasten.provision.drain import drain
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user

WAKE = Wake(target=TOTAL)
SOON = timedelta(seconds=1)


async def left_long_ago(group: str) -> World:
    """A leaver whose removal waits, and whose assignments of Graph still show the group."""
    world = World()
    await world.is_discovered()
    world.directory.has_user(user(1))
    if group == DIRECT:
        await world.ledger.record([found(DIRECT, user(1), Action.REMOVED, 2)])
    else:
        world.directory.join(group, user(1))
        await world.left(group, user(1))
    through = user(1) if group == DIRECT else group
    world.directory.assigned[user(1)].append(through)
    await asyncio.sleep(ASSIGNMENT_COUNTS_WITHIN.total_seconds())
    return world


@pytest.mark.parametrize("group", [ENGINEERING, DIRECT])
@virtual
async def test_a_removal_is_not_lost_to_assignments_that_lag_for_long(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await left_long_ago(group)

    async def lags(leaver: str, _: str) -> list[str]:
        return [leaver if group == DIRECT else group]

    monkeypatch.setattr(world.directory, "assigned_through", lags)

    await drain(world.context, WAKE)

    assert (await world.row(group, user(1))).action is Action.REMOVED


@pytest.mark.parametrize("seen", [SOON, REPLICATION_SETTLED_AFTER, timedelta(minutes=4)])
@virtual
async def test_a_removal_that_graph_does_not_make_is_not_left_to_the_cycle(seen: timedelta) -> None:
    """Graph answered that it removed the member, and still lists them."""
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.ledger.record([found(ENGINEERING, user(1), Action.REMOVED, 2)])
    await asyncio.sleep(seen.total_seconds())
    for _ in range(6):
        await drain(world.context, WAKE)
        row = await world.row(ENGINEERING, user(1))
        assert row.state is not State.LEFT_TO_CYCLE
        await asyncio.sleep(60)

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    sent = [message.body["data"] for message in world.bus.of(PROVISIONING_OUTCOMES)]
    assert (State.SUPERSEDED, GROUP_READ_AGAIN) in {(s["result"], s["reason"]) for s in sent}


@virtual
async def test_a_member_again_is_a_joiner() -> None:
    world = await left_long_ago(ENGINEERING)
    world.directory.join(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED


@pytest.mark.parametrize(
    "error", [TemporaryError("no answer", timedelta(seconds=30)), PermanentError("403", "grant it")]
)
@virtual
async def test_a_removal_waits_while_nobody_can_tell_whether_they_are_back(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await left_long_ago(ENGINEERING)

    async def fails(_: str) -> None:
        raise error

    monkeypatch.setattr(world.directory, "members", fails)

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.action, row.state) == (Action.REMOVED, State.WAITING)
    assert world.directory.calls == []


@virtual
async def test_a_removal_waits_while_the_user_may_be_a_member_who_cannot_be_read() -> None:
    world = await left_long_ago(ENGINEERING)
    world.directory.unlisted[ENGINEERING] = [UnreadMember("", "a member has no id")]
    world.directory.join(ENGINEERING, user(2))
    await world.left(ENGINEERING, user(2))

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).state is State.WAITING
    assert user(2) in {name for call in world.directory.calls for name in call.users}
    assert user(1) not in {name for call in world.directory.calls for name in call.users}
