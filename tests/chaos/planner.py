"""An operator who cancels what lies ahead, over the API or with the command line, or carries it out
now with the command line, which may die in between. The draws are their own: no other draw depends
on them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from random import Random

from hasten.domain.history import DONE, EntryKind
from hasten.errors import NotFoundError, TemporaryError
from hasten.onboard.defer import end_id
from hasten.operate.scheduled import DropResult, bring_forward, drop, find
from tests.chaos.ahead import Ahead
from tests.chaos.history import entries
from tests.chaos.operations import Operations
from tests.chaos.wishes import Posted
from tests.simulation.command_line import command_line
from tests.simulation.front import Front
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.08
"""How likely the operator looks at what lies ahead with an operation."""

CANCELS, BY_API = 0.6, 0.5

DIES, LAST_REQUEST = 0.2, 8
"""How likely the command dies, and at which request at the latest."""

MAX_SKEW = timedelta(seconds=2)
"""By how much the clock that says when an event was carried out may be slow, and a little more."""

BY = "cli:0000ffff-0000-4000-8000-000000000004"

Results = Sequence[DropResult]


class Planner:
    """`false` has one line for each answer that says more than was done."""

    def __init__(self, world: World, people: Operations, ahead: Ahead, random: Random) -> None:
        self._world = world
        self._people = people
        self._ahead = ahead
        self._random = random
        self._front = Front(world)
        self._working: list[asyncio.Task[None]] = []
        self._decided: set[str] = set()
        self._decisions = 0
        self.false: list[str] = []

    def maybe_act(self) -> None:
        """Each start or end is decided about once at most."""
        if self._random.random() >= OFTEN:
            return
        lying = [(one, name) for one in self._ahead.posted for name in self._lying(one)]
        if not lying:
            return
        posted, name = self._random.choice(lying)
        self._decided.add(name)
        act = self._cancel if self._random.random() < CANCELS else self._bring_forward
        dies = self._random.randint(1, LAST_REQUEST) if self._random.random() < DIES else 0
        self._working.append(self._world.around.outside.spawn(act(posted, name, dies)))

    async def are_done(self) -> None:
        await asyncio.gather(*self._working)

    def _lying(self, one: Posted) -> list[str]:
        event = one.event["id"]
        dates = {event: one.start, end_id(event): one.end}
        ahead = [name for name, date in dates.items() if date is not None and date > now()]
        return [name for name in ahead if name not in self._decided]

    async def _cancel(self, posted: Posted, name: str, dies_after: int) -> None:
        self._decisions += 1
        reason = f"cancelled {self._decisions:04} in a storm"
        by_api = self._random.random() < BY_API
        posted.unclear.add(name)
        try:
            if by_api:
                results = await self._cancel_over_the_api(name, reason)
            else:
                results = await self._drop(name, reason, dies_after)
        except NotFoundError:
            posted.unclear.discard(name)
            self._decided.discard(name)
            return
        except (TemporaryError, asyncio.CancelledError):
            return
        if DropResult.DROPPED in results and DropResult.DUE not in results:
            posted.unclear.discard(name)
            posted.cancelled.add(name)
            self._people.counts["cancel a date"] += 1
            self._must_be_noted(EntryKind.CANCELLED, name, reason)

    async def _cancel_over_the_api(self, name: str, reason: str) -> Results:
        answer = await self._front.post(f"/scheduled/{name}/cancel", {"reason": reason})
        if answer is None or answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return ()
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"{name} is not scheduled", "")
        if answer.status_code != HTTPStatus.OK:
            self.false.append(f"cancel {name}: {answer.status_code} {answer.text[:300]}")
            return ()
        said = answer.json()
        return [DropResult.DROPPED] * said["cancelled"] + [DropResult.DUE] * said["due"]

    async def _drop(self, name: str, reason: str, dies_after: int) -> Results:
        context = command_line(self._world, dies_after)
        found = await find(context, name)
        return [await drop(context, entry, by=BY, reason=reason) for entry in found]

    async def _bring_forward(self, posted: Posted, name: str, dies_after: int) -> None:
        self._decisions += 1
        reason = f"brought forward {self._decisions:04} in a storm"
        context = command_line(self._world, dies_after)
        posted.unclear.add(name)
        try:
            found = await find(context, name)
            posted.brought[name] = now() - MAX_SKEW
            if name == posted.event["id"]:
                self._ahead.look(posted)
            done = [await bring_forward(context, one, by=BY, reason=reason) for one in found]
        except NotFoundError:
            posted.unclear.discard(name)
            self._decided.discard(name)
        except (TemporaryError, asyncio.CancelledError):
            return
        else:
            posted.unclear.discard(name)
            if any(done):
                self._people.counts["bring a date forward"] += 1
                self._must_be_noted(EntryKind.BROUGHT_FORWARD, name, reason)

    def _must_be_noted(self, kind: EntryKind, name: str, reason: str) -> None:
        is_noted = any(
            entry["kind"] == kind and entry.get("why") == reason and entry["result"] == DONE
            for entry in entries(self._world)
        )
        if not is_noted:
            self.false.append(f"{kind} {name} was done, and the history does not have it")
