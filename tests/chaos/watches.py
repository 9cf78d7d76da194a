"""Everything that watches a storm while it goes on, and what it found."""

import asyncio
from functools import partial

from tests.chaos.actors import Actors
from tests.chaos.app_writes import AppWrites
from tests.chaos.claims import Claims
from tests.chaos.dates import Dates, broken_dates
from tests.chaos.jobs import calls_in_quarantine, untold_standstills
from tests.chaos.newest import Newest
from tests.chaos.observing import Observing, done_while_observing
from tests.chaos.progress import Progress
from tests.chaos.reasons import lied_to
from tests.chaos.senders import taken_though_refused
from tests.chaos.stops import calls_of_stopped
from tests.simulation.world import World


class Watches:
    def __init__(self, world: World, actors: Actors) -> None:
        self._world = world
        self._actors = actors
        self._claims = Claims(world, partial(lied_to, world, actors.people))
        self._writes, self._dates = AppWrites(world), Dates(world)
        self._newest, self._progress = Newest(world), Progress(world)
        self._observing = Observing(world, actors.changed)
        of_world = (self._claims, self._newest, self._progress, self._writes, self._dates)
        each = (*of_world, self._observing, actors.moved, actors.operator.two)
        self._running = [asyncio.create_task(one.watch()) for one in each]

    async def end(self) -> list[str]:
        """Watches no more. Returns one line for each statement that did not hold."""
        for one in self._running:
            one.cancel()
        actors = self._actors
        taken_up = await actors.replays.taken_up()
        return [
            *self._claims.false.values(),
            *self._writes.false.values(),
            *self._newest.false.values(),
            *self._progress.stalls.values(),
            *self._dates.false.values(),
            *self._observing.false.values(),
            *actors.moved.false.values(),
            *done_while_observing(self._world, actors.changed),
            *actors.operator.false,
            *actors.operator.two.false.values(),
            *actors.people.senders.false,
            *taken_though_refused(self._world, actors.people.senders),
            *calls_of_stopped(self._world, actors.operator),
            *calls_in_quarantine(self._world, actors.jobs),
            *untold_standstills(self._world, actors.jobs, actors.moved.outs),
            *broken_dates(self._world, actors.ahead),
            *actors.replays.false,
            *actors.planner.false,
            *self._newest.broken_at_the_end(actors.people.posted, taken_up),
            *actors.profiles.broken_at_the_end(),
        ]
