"""Titles and departments that change during a storm, and what the app must show of them in the
end. Their draws are their own: no other draw depends on them."""

from collections.abc import Iterator
from random import Random

from emulator.engine.scope import profile
from tests.chaos.cast import CAST
from tests.chaos.operations import Operations
from tests.chaos.targets import apps
from tests.simulation.oracle import is_entitled
from tests.simulation.world import World

OFTEN = 0.15
"""How likely a profile changes with an operation."""

TITLES = ("Engineer", "Captain", "Analyst", "Director")
DEPARTMENTS = ("Bridge", "Finance", "Research")


class Profiles:
    def __init__(self, world: World, people: Operations, random: Random) -> None:
        self._world = world
        self._people = people
        self._random = random

    def maybe_change(self) -> None:
        if self._random.random() >= OFTEN:
            return
        directory = self._world.tenant.directory
        user = directory.users[self._random.choice(CAST)]
        changed = {
            "jobTitle": self._random.choice(TITLES),
            "department": self._random.choice(DEPARTMENTS),
        }
        if user.deleted_at is None:
            directory.update(user, changed)
            self._people.counts["change_profile"] += 1

    def broken_at_the_end(self) -> Iterator[str]:
        """One line for each active account whose attributes are not those of the directory."""
        for app in apps(self._world).values():
            yield from self._broken(app)

    def _broken(self, app: str) -> Iterator[str]:
        tenant = self._world.tenant
        for user, account in tenant.targets[app].app.accounts.items():
            wanted = profile(tenant.directory.users[user])
            if account.active and account.profile != wanted and is_entitled(tenant, app, user):
                yield f"the app shows {account.profile} of {user}, the directory {wanted}"
