"""Everybody who does something in a storm. The draws of each are their own: no other draw depends
on them, except on those of `people`."""

from random import Random

from tests.chaos.ahead import Ahead
from tests.chaos.changed_settings import ChangedSettings
from tests.chaos.deployments import Deployments
from tests.chaos.hires import Hires
from tests.chaos.jobs import Jobs
from tests.chaos.moved_targets import MovedTargets
from tests.chaos.operations import Operations
from tests.chaos.operator import Operator
from tests.chaos.other_targets import OtherTargets
from tests.chaos.planner import Planner
from tests.chaos.profiles import Profiles
from tests.chaos.replays import Replays
from tests.simulation.world import World


class Actors:
    def __init__(
        self, world: World, random: Random, of_profiles: Random, *, deploys: bool = False
    ) -> None:
        """`random` is that of the people, who act with each operation. With `deploys`, deployments
        change targets.yaml, and administrators pause provisioning jobs."""

        def own(name: str) -> Random:
            return Random(f"{world.seed} {name}")

        self.people = Operations(world, random)
        self.profiles = Profiles(world, self.people, of_profiles)
        self.operator = Operator(world, self.people, own("operator"))
        self.ahead = Ahead(world, self.people, own("ahead"))
        self.planner = Planner(world, self.people, self.ahead, own("planner"))
        self.jobs = Jobs(world, self.people.counts, own("jobs"))
        self.deployments = Deployments(world, own("deployments"))
        counts = self.people.counts
        self.changed = ChangedSettings(world, self.deployments, counts, own("changed settings"))
        self.moved = MovedTargets(world, self.deployments, counts, own("moved targets"))
        self.replays = Replays(world, self.people, own("replays"))
        self._deploys = deploys
        self._hires = Hires(world, self.people, own("hires"))
        self._others = OtherTargets(world, self.people, own("other targets"))

    async def act(self) -> None:
        """One operation, and what happens beside it."""
        await self.people.one()
        self.profiles.maybe_change()
        self._others.maybe_change()
        self.operator.maybe_act()
        await self.ahead.maybe_post()
        self._hires.maybe_announce()
        self.replays.maybe_act()
        self.planner.maybe_act()
        if self._deploys:
            self.jobs.maybe_act()
            self.changed.maybe_act()
            self.moved.maybe_act()

    async def are_done(self) -> None:
        """Returns once everything that was begun has ended. What is parked was sent again."""
        await self.moved.are_done()
        await self.changed.are_done()
        await self.operator.is_done()
        await self.jobs.are_done()
        await self._hires.are_done()
        await self.planner.are_done()
        await self.people.senders.are_done()
        await self.replays.all()
