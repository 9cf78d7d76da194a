"""What a timer does for a trigger: how tests bring it about, and what they see of it."""

import asyncio

from hasten.domain.changes import Cause, FoundBy
from hasten.domain.intents import Intent, Wanted
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.records.lease import acquire
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.watch.look import start_watching
from tests.support.delivery import received
from tests.support.ensuring import world_with
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, World, user


async def later(seconds: float) -> None:
    await asyncio.sleep(seconds)


def silent(world: World) -> list[tuple[object, object]]:
    """The queues and targets of which the log says that no message comes."""
    events = [event for event in world.events if event.name == "trigger"]
    return [(event.fields["queue"], event.fields.get("target")) for event in events]


async def wants(world: World) -> None:
    intent = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(7),
        wanted=Wanted.MEMBER,
        time=now(),
        cause=Cause("/hr", "1"),
        recorded_at=now(),
    )
    await world.context.intents.record([intent])


async def comes(world: World, kind: WorkKind, by: WokenBy = WokenBy.MESSAGE) -> None:
    """A worker comes and finds nothing to do."""
    lease = await acquire(world.store, TOTAL, kind, owner="worker", now=now, by=by)
    assert lease is not None
    assert await lease.release()


async def quiet_for(seconds: float) -> World:
    """A world in which the last event came so long ago."""
    world = await world_with(user(7))
    await start_watching(world.context, ENGINEERING)
    await world.adopts()
    await comes(world, WorkKind.ENSURE)
    await later(seconds)
    return world


def lies(world: World, name: str = "1") -> None:
    """A look is in its queue."""
    look = Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    world.receiver.waiting.append((now(), received(DIRECTORY_CHANGES, look.message(name))))
