"""What administrators do about the targets beside TOTAL: they share groups with TOTAL, and each has
a group of its own. The draws are their own: no other draw depends on them."""

from random import Random

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from tests.chaos.breakages import PASSING_ERRORS
from tests.chaos.cast import CAST
from tests.chaos.operations import Operations
from tests.chaos.targets import apps
from tests.simulation.oracle import assigned
from tests.simulation.world import World

OFTEN = 0.4
"""How likely something changes with an operation."""


class OtherTargets:
    def __init__(self, world: World, people: Operations, random: Random) -> None:
        self._world = world
        self._people = people
        self._random = random
        self._apps = {name: app for name, app in apps(world).items() if app != TOTAL}

    def maybe_change(self) -> None:
        if self._random.random() >= OFTEN or not self._apps:
            return
        name = self._random.choice(list(self._apps))
        kinds = (self._membership, self._shared_group, self._direct, self._broken)
        [change] = self._random.choices(kinds, (8, 4, 2, 1))
        self._people.counts[change(name)] += 1

    def _membership(self, name: str) -> str:
        group, user = object_id(f"group/{name}-Users"), self._user()
        if user in self._world.tenant.directory.groups[group].members:
            self._world.admin.leave(group, user)
            return "leave_another_target"
        self._world.admin.join(group, user)
        return "join_another_target"

    def _shared_group(self, name: str) -> str:
        """A group of TOTAL. Not the largest: two calls for each of 200 people would take all."""
        groups = [group for group in self._people.groups if group != TOTAL_ENGINEERING]
        return self._turn(name, self._random.choice(groups), "group")

    def _direct(self, name: str) -> str:
        return self._turn(name, self._user(), "user")

    def _broken(self, name: str) -> str:
        errors = self._world.tenant.targets[self._apps[name]].connector_errors
        errors.append(self._random.choice(PASSING_ERRORS))
        return "break_another_app"

    def _turn(self, name: str, principal: str, kind: str) -> str:
        """Assigns what is not assigned, and the other way round."""
        app = self._apps[name]
        if principal in assigned(self._world.tenant, app):
            self._world.admin.unassign(principal, app)
            return f"unassign_{kind}_elsewhere"
        self._world.admin.assign(principal, app)
        return f"assign_{kind}_elsewhere"

    def _user(self) -> str:
        users = self._world.tenant.directory.users
        return self._random.choice([user for user in CAST if users[user].deleted_at is None])
