"""A directory that cannot return some people, and leavers whom it cannot return."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Wake
from hasten.ports.directory_values import User
from hasten.provision.drain import drain
from tests.fakes.directory import FakeDirectory
from tests.support.virtual_time import now
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


OTHER = user(9001)


JOINER = user(9002)


HANGS = timedelta(seconds=97)
"""Three tries of 30 s, and the pauses between them."""


class Unread(FakeDirectory):
    """Of `lost` Graph returns no assignments, after `takes`; with `halves` it does, but not the
    user."""

    def __init__(self) -> None:
        super().__init__(groups=[ENGINEERING, ADMIN])
        self.lost: frozenset[str] = frozenset()
        self.halves = False
        self.takes = timedelta(0)
        self.slow_for: frozenset[str] = frozenset()
        self.error: TemporaryError | PermanentError = TemporaryError("503", timedelta(seconds=5))
        self.read: list[tuple[datetime, str]] = []

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        self.read.append((now(), user))
        is_unread = user in self.lost
        if is_unread or user in self.slow_for:
            await asyncio.sleep(self.takes.total_seconds())
        if is_unread and not self.halves:
            raise self.error
        return await super().assigned_through(user, service_principal)

    async def user(self, user: str) -> User | None:
        return None if self.halves and user in self.lost else await super().user(user)


async def leavers(count: int, *, are_unread: bool = True) -> tuple[World, Unread]:
    """So many people left before OTHER."""
    directory = Unread()
    world = World(directory=directory)
    await world.is_discovered()
    people = [user(n) for n in range(count)]
    directory.join(ENGINEERING, *people)
    directory.join(ADMIN, OTHER)
    if are_unread:
        directory.lost = frozenset(people)
    await world.left(ENGINEERING, *people)
    await asyncio.sleep(1)
    return world, directory


async def were_called_lately(world: World, *people: str) -> None:
    for person in people:
        row = await world.row(ENGINEERING, person)
        await world.ledger.move([row], lambda row: replace(row, called_at=now()))


async def drains(world: World, *, for_: timedelta) -> None:
    """As the bus does: again after an error, and every five seconds."""
    until = now() + for_
    while now() < until:
        try:
            await drain(world.context, WAKE)
        except TemporaryError as error:
            await asyncio.sleep(min(error.delay.total_seconds(), 5))
        else:
            await asyncio.sleep(5)


def called(world: World) -> list[str]:
    return [name for call in world.directory.calls for name in call.users]
