"""What breaks during a storm: hosts, their links and triggers, subscriptions, the app, and Entra's
answers."""

from abc import ABC, abstractmethod
from random import Random

from emulator.graph.seed import TOTAL
from tests.chaos.crashes import POINTS
from tests.simulation.host import Host
from tests.simulation.table import QUEUES
from tests.simulation.world import World

PASSING_ERRORS = ("TooManyRequests", "InternalServerError", "Timeout")
LASTING_ERROR = "InvalidAnchor"


class Breakages(ABC):
    """`broken` are users whose call was made to fail."""

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._random = random
        self.broken: set[str] = set()

    @abstractmethod
    def _some(self, count: int) -> list[str]:
        """Returns so many users at random."""

    def _host(self) -> Host:
        return self._random.choice(self._world.hosts)

    async def forge(self) -> bool:
        await self._world.forge(knows_the_secret=self._random.random() < 0.5)
        return True

    async def crash(self) -> bool:
        """A host dies at one of its next calls to the world."""
        host = self._host()
        if not host.is_alive:
            return False
        host.die_after(self._random.choice(POINTS), self._random.randint(1, 6))
        return True

    async def kill(self) -> bool:
        host = self._host()
        if host.is_alive:
            host.kill()
            return True
        return False

    async def stop(self) -> bool:
        """A host ends as at a deployment: what it finishes meanwhile is delivered again."""
        host = self._host()
        if host.is_alive:
            await host.stop()
            return True
        return False

    async def cut_links(self) -> bool:
        host = self._host()
        host.cut_links()
        return host.is_alive

    async def deafen(self) -> bool:
        """Triggers of a host receive nothing more until it is started again."""
        host = self._host()
        host.go_deaf(*self._random.sample(QUEUES, self._random.randint(1, len(QUEUES))))
        return host.is_alive

    async def lose_subscriptions(self) -> bool:
        self._world.tenant.subscriptions.clear()
        return True

    async def break_the_app(self) -> bool:
        errors = self._world.tenant.targets[TOTAL].connector_errors
        errors.append(self._random.choice(PASSING_ERRORS))
        return True

    async def lie_in_the_answer(self) -> bool:
        """Entra answers the next call for someone with success, and the log tells otherwise."""
        [user] = self._some(1)
        self._world.tenant.log.contradictions[user] = LASTING_ERROR
        self.broken.add(user)
        return True
