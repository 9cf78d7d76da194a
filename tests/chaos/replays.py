"""An operator who sends parked events again, or drops them, with the command line, which may fail
or die in between. The draws are their own: no other draw depends on them."""

import asyncio
from collections.abc import Sequence
from random import Random

from hasten.context import Context
from hasten.domain.history import DONE, EntryKind
from hasten.errors import TemporaryError
from hasten.operate.parked_events import drop_parked
from hasten.operate.replay import event_id, parked, replay_parked
from hasten.ports.bus import ONBOARDING_REJECTED
from hasten.ports.dead_letters import Parked
from tests.chaos.history import entries
from tests.chaos.operations import Operations
from tests.simulation.command_line import command_line
from tests.simulation.world import World

OFTEN = 0.08
"""How likely the operator looks at the parked events with an operation."""

DIES, LAST_REQUEST = 0.2, 12
"""How likely the command dies, and at which request at the latest."""

DROPS = 0.1
"""How likely the operator drops events in place of sending them again."""

BY = "cli:0000ffff-0000-4000-8000-000000000003"


class Replays:
    """`replayed` and `dropped` are the ids of the events with which the operator began so. `false`
    has one line for each command that says more than it did."""

    def __init__(self, world: World, people: Operations, random: Random) -> None:
        self._world = world
        self._people = people
        self._random = random
        self._working: list[asyncio.Task[bool]] = []
        self._commands = 0
        self._replayed: set[str] = set()
        self._dropped: set[str] = set()
        self.false: list[str] = []

    def maybe_act(self) -> None:
        if self._random.random() >= OFTEN:
            return
        drops = self._random.random() < DROPS
        dies = self._random.randint(1, LAST_REQUEST) if self._random.random() < DIES else 0
        share = self._random.random()
        command = self._run(share, drops=drops, dies_after=dies)
        self._working.append(self._world.around.outside.spawn(command))

    async def all(self) -> None:
        """Ends what is under way, and sends all parked events again once."""
        await asyncio.gather(*self._working)
        is_done = False
        while not is_done:
            is_done = await self._run(1.0, drops=False, dies_after=0)

    async def taken_up(self) -> frozenset[str]:
        """Ids of events that were sent again, are not parked any more and were not dropped."""
        still = map(event_id, await self._parked(command_line(self._world)))
        return frozenset(self._replayed - self._dropped - set(still))

    async def _run(self, share: float, *, drops: bool, dies_after: int) -> bool:
        """Whether the command ended."""
        context = command_line(self._world, dies_after)
        try:
            lying = await self._parked(context)
            chosen = self._random.sample(lying, round(share * len(lying)))
            if chosen:
                await self._move(context, chosen, drops=drops)
        except (TemporaryError, asyncio.CancelledError):
            return False
        return True

    async def _move(self, context: Context, chosen: Sequence[Parked], *, drops: bool) -> None:
        self._commands += 1
        reason, events = f"command {self._commands:04} in a storm", set(map(event_id, chosen))
        if drops:
            self._dropped |= events
        else:
            self._replayed |= events
        move, name = (drop_parked, "drop") if drops else (replay_parked, "replay")
        moved = await move(
            context, ONBOARDING_REJECTED, chosen, dead_letters=False, by=BY, reason=reason
        )
        self._people.counts[name] += moved
        kind = EntryKind.DROPPED if drops else EntryKind.REPLAYED
        noted = [
            entry
            for entry in entries(self._world)
            if entry["kind"] == kind and entry.get("why") == reason and entry["result"] == DONE
        ]
        if len(noted) != moved:
            self.false.append(f"{name}: {moved} moved, and the history has {len(noted)}")
        left = {one.number for one in await self._parked(command_line(self._world))}
        if moved == len(chosen) and left.intersection(one.number for one in chosen):
            self.false.append(f"{name}: all moved, and some are still parked")

    async def _parked(self, context: Context) -> list[Parked]:
        return await parked(context, ONBOARDING_REJECTED, dead_letters=False, ids=())
