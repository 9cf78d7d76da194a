"""A leaver whose account a user call disabled, and who may still be in the groups they left."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from hasten.domain.changes import Change
from hasten.domain.row_states import left_to_cycle
from hasten.provision.drain import drain
from tests.fakes.memory_store import MemoryStore
from tests.support.app_revocations import LEAVER, WAKE
from tests.support.late_call import LateCall
from tests.support.virtual_time import now
from tests.support.world import World

LATER = timedelta(minutes=10)


async def disabled(*groups: str, store: MemoryStore | None = None) -> World:
    """A leaver of `groups` who has nothing left, ten minutes later."""
    world = World(store=store or MemoryStore())
    await world.is_discovered()
    for group in groups:
        world.directory.join(group, LEAVER)
    for group in groups:
        await world.left(group, LEAVER)
    await drain(world.context, WAKE)
    assert [(c.group, c.users) for c in world.directory.calls] == [(None, (LEAVER,))]
    await asyncio.sleep(LATER.total_seconds())
    return world


def called(world: World) -> Sequence[str | None]:
    return [call.group for call in world.directory.calls[1:]]


def left_by_overflow(grant: Change) -> Change:
    return left_to_cycle(grant, now=now(), reason="", next_action="", expected_at=None)


class LateGrant(LateCall):
    """A call that enables the account. These tests have no app in which that would show."""

    def take_effect(self) -> None:
        pass
