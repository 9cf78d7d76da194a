"""A world whose outcomes and alerts are posted to destinations."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hasten.destinations import Destination
from hasten.domain.history import Entry, EntryKind
from hasten.errors import PermanentError, TemporaryError
from hasten.timers import run
from tests.support.virtual_time import now
from tests.support.world import TOTAL, World, user

DOWN = TemporaryError("no answer", timedelta(seconds=5))


GONE = PermanentError("the address in HASTEN_NOTIFY_TEAM answered 404", "make a new address")


def team(**changes: Any) -> Destination:
    usual = {"name": "team", "medium": "webhook", "address": "HASTEN_NOTIFY_TEAM", "send": "all"}
    return Destination.model_validate({**usual, **changes})


@dataclass
class Office(World):
    """A world whose history people read."""

    destinations: tuple[Destination, ...] = (team(),)

    async def happens(self, *numbers: int, result: str = "failed") -> None:
        entries = [
            Entry(
                id=f"{result}-{number}",
                at=now(),
                kind=EntryKind.OUTCOME,
                target=TOTAL,
                user=user(number),
                action="removed",
                result=result,
            )
            for number in numbers
        ]
        await self.context.history.append(entries)

    async def ticks(self, minutes: int = 1) -> None:
        for _ in range(minutes):
            await asyncio.sleep(60)
            await run(self.context, "seal")

    def counts(self, name: str = "team") -> Sequence[int]:
        return [notice.count for notice in self.notifier.posted[name]]


async def begun(**changes: Any) -> Office:
    """An office that has looked at its history once."""
    world = Office(destinations=(team(**changes),))
    await world.ticks()
    return world
