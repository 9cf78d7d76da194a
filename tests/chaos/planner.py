"""Operators who cancel what lies ahead, over the API or with the command line, or carry it out now
with the command line, which may die in between. Sometimes two of them decide about one date at the
same time. The draws are their own: no other draw depends on them."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from http import HTTPStatus
from random import Random
from typing import Any

from hasten.domain.history import DONE, EntryKind
from hasten.errors import NotFoundError, TemporaryError
from hasten.onboard.defer import end_id
from hasten.operate.scheduled import DropResult, bring_forward, drop, find
from hasten.records.agenda import AgendaEntry
from tests.chaos.ahead import Ahead
from tests.chaos.history import entries
from tests.chaos.operations import Operations
from tests.chaos.wishes import Posted
from tests.simulation.command_line import command_line
from tests.simulation.front import Front
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.08
"""How likely an operator looks at what lies ahead with an operation."""

CANCELS, BY_API = 0.6, 0.5

TWO, APART = 0.3, 1.0
"""How likely a second operator decides about the same date, and so many seconds later at most."""

DIES, LAST_REQUEST = 0.2, 8
"""How likely the command dies, and at which request at the latest."""

MAX_SKEW = timedelta(seconds=2)
"""By how much the clock that says when an event was carried out may be slow, and a little more."""

BY = "cli:0000ffff-0000-4000-8000-000000000004"

Results = Sequence[DropResult]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`dies` is the request at which the command dies, or 0."""

    posted: Posted
    name: str
    number: int
    after: float
    by_api: bool
    dies: int


class End(Enum):
    """What an operator knows when a decision has ended."""

    CANCELLED = "the event will not be carried out"
    UNCLEAR = "the event may be carried out or not"
    PARTLY = "one part of the event may be carried out, whatever is decided about the others"
    BROUGHT = "the event is carried out now"
    NOTHING = "nothing was changed"


def known_after(ends: Collection[End], *, was_unclear: bool) -> End:
    """Returns what is known of an event after these decisions. One part of it may come although
    the parts that were still listed are cancelled."""
    if End.PARTLY in ends:
        return End.UNCLEAR
    if End.CANCELLED in ends:
        return End.CANCELLED
    return End.UNCLEAR if was_unclear or End.UNCLEAR in ends else End.NOTHING


class Planner:
    """`false` has one line for each answer that says more than was done."""

    def __init__(self, world: World, people: Operations, ahead: Ahead, random: Random) -> None:
        self._world = world
        self._people = people
        self._ahead = ahead
        self._random = random
        self._front = Front(world)
        self._working: list[asyncio.Task[None]] = []
        self._deciding: set[str] = set()
        self._decisions = 0
        self.false: list[str] = []

    def maybe_act(self) -> None:
        if self._random.random() >= OFTEN:
            return
        lying = [(one, name) for one in self._ahead.posted for name in self._lying(one)]
        if not lying:
            return
        posted, name = self._random.choice(lying)
        self._deciding.add(name)
        acts = [self._act(posted, name, 0.0)]
        if self._random.random() < TWO:
            acts.append(self._act(posted, name, self._random.uniform(0, APART)))
        self._working.append(self._world.around.outside.spawn(self._decide(posted, name, acts)))

    async def are_done(self) -> None:
        await asyncio.gather(*self._working)

    def _lying(self, one: Posted) -> list[str]:
        event = one.event["id"]
        dates = {event: one.start, end_id(event): one.end}
        ahead = [name for name, date in dates.items() if date is not None and date > now()]
        return [name for name in ahead if name not in self._deciding]

    def _act(self, posted: Posted, name: str, after: float) -> Coroutine[Any, Any, End]:
        act = self._cancel if self._random.random() < CANCELS else self._bring_forward
        dies = self._random.randint(1, LAST_REQUEST) if self._random.random() < DIES else 0
        self._decisions += 1
        return act(
            Decision(
                posted=posted,
                name=name,
                number=self._decisions,
                after=after,
                by_api=self._random.random() < BY_API,
                dies=dies,
            )
        )

    async def _decide(
        self, posted: Posted, name: str, acts: Sequence[Coroutine[Any, Any, End]]
    ) -> None:
        was_unclear = name in posted.unclear
        posted.unclear.add(name)
        ends = set(await asyncio.gather(*acts))
        if {End.CANCELLED, End.BROUGHT} <= ends:
            self.false.append(f"{name} was cancelled for one operator and comes for another")
        known = known_after(ends, was_unclear=was_unclear)
        if known is End.CANCELLED:
            posted.cancelled.add(name)
        if known is not End.UNCLEAR:
            posted.unclear.discard(name)
        self._deciding.discard(name)

    async def _cancel(self, what: Decision) -> End:
        await asyncio.sleep(what.after)
        reason = f"cancelled {what.number:04} in a storm"
        try:
            if what.by_api:
                results = await self._cancel_over_the_api(what.name, reason)
            else:
                results = await self._drop(what, reason)
        except NotFoundError:
            return End.NOTHING
        except (TemporaryError, asyncio.CancelledError):
            return End.UNCLEAR
        if set(results) != {DropResult.DROPPED}:
            return End.UNCLEAR
        self._people.counts["cancel a date"] += 1
        self._must_be_noted(EntryKind.CANCELLED, what.name, reason)
        return End.CANCELLED

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
        counts = {"cancelled": DropResult.DROPPED, "due": DropResult.DUE, "gone": DropResult.GONE}
        return [result for name, result in counts.items() for _ in range(said[name])]

    async def _drop(self, what: Decision, reason: str) -> Results:
        context = command_line(self._world, what.dies)
        found = await find(context, what.name)
        return [
            await drop(context, entry, given=what.name, by=BY, reason=reason) for entry in found
        ]

    async def _bring_forward(self, what: Decision) -> End:
        await asyncio.sleep(what.after)
        reason = f"brought forward {what.number:04} in a storm"
        context = command_line(self._world, what.dies)
        posted, name, found = what.posted, what.name, list[AgendaEntry]()
        try:
            found += await find(context, name)
            posted.brought.setdefault(name, now() - MAX_SKEW)
            if name == posted.event["id"]:
                self._ahead.look(posted)
            done = [await bring_forward(context, one, by=BY, reason=reason) for one in found]
        except NotFoundError:
            return End.NOTHING
        except (TemporaryError, asyncio.CancelledError):
            return End.PARTLY if len(found) > 1 else End.UNCLEAR
        if not any(one.is_done for one in done):
            return End.NOTHING
        self._people.counts["bring a date forward"] += 1
        self._must_be_noted(EntryKind.BROUGHT_FORWARD, name, reason)
        return End.BROUGHT

    def _must_be_noted(self, kind: EntryKind, name: str, reason: str) -> None:
        is_noted = any(
            entry["kind"] == kind and entry.get("why") == reason and entry["result"] == DONE
            for entry in entries(self._world)
        )
        if not is_noted:
            self.false.append(f"{kind} {name} was done, and the history does not have it")
