"""A watched group, looks at it, and a Graph whose answers come late."""

import asyncio
from datetime import timedelta

from hasten.domain.changes import Action, FoundBy
from hasten.errors import TemporaryError
from hasten.messages import Look, Wake
from hasten.ports.directory_values import MembershipDelta
from hasten.records.discovered import DiscoveredTarget
from hasten.watch.look import start_watching
from hasten.watch.look_messages import LOOK_BUCKET
from tests.fakes.directory import FakeDirectory
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, World

WAKE = Wake(target=TOTAL)

ANOTHER = DiscoveredTarget(
    target="ANOTHER",
    service_principal="another",
    job="another",
    user_rule=None,
    group_rule=None,
    groups=(ENGINEERING,),
)
"""Not in the targets.yaml of the process that looks."""


class SlowToAnswer(FakeDirectory):
    """Answers with the state of `truth` at the time of the request, after a delay."""

    def __init__(self, truth: FakeDirectory, *, seconds: float, fails: int = 0) -> None:
        super().__init__()
        self._truth = truth
        self._seconds = seconds
        self._fails = fails
        self.reads = 0
        self.asked = asyncio.Event()

    async def membership_delta(self, link: str) -> MembershipDelta:
        self.reads += 1
        self.asked.set()
        delta = await self._truth.membership_delta(link)
        await asyncio.sleep(self._seconds)
        if self.reads <= self._fails:
            raise TemporaryError("Graph did not answer", timedelta(seconds=5))
        return delta


async def watched() -> World:
    world = World()
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    return world


def a_look(added: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> Look:
    """A look whose bucket is over."""
    return Look(
        group=ENGINEERING,
        noticed_at=now() - LOOK_BUCKET,
        found_by=FoundBy.NOTIFICATION,
        added=frozenset(added),
        removed=frozenset(removed),
    )


async def open_rows(world: World) -> list[tuple[str, Action]]:
    return [(c.user, c.action) for c in await world.ledger.open_changes(TOTAL)]
