"""Two operators who decide at random moments, over the API and on the pages: about what is held,
about a person, and about stops. The draws are their own: no other draw depends on them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any

import httpx

from hasten.domain.changes import DISCARDED, Change, State
from hasten.page.now import ALL
from hasten.page.selection import as_text
from hasten.records.stops import ALL_TARGETS
from tests.chaos.cast import CAST
from tests.chaos.operations import Operations
from tests.chaos.targets import first_name
from tests.chaos.two_people import TwoPeople
from tests.simulation.front import Front
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.12
"""How likely the operator does something with an operation."""

BY_API = 0.5
"""How likely a decision is sent to the API, and not with the form of a page."""

BOTH = ("0000ffff-0000-4000-8000-000000000001", "0000ffff-0000-4000-8000-000000000002")

AGREES, LONGEST_THOUGHT = 0.5, 60.0
"""How likely the other operator releases the same, and after how many seconds at most."""

LONGEST_STOP = timedelta(minutes=4)

MOST_CHOSEN = 8
AGAIN = timedelta(seconds=10)
"""Between two tries of a decision that must be carried out."""

DONE = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.SEE_OTHER})
REFUSED = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE})
"""Somebody who is deleted or not assigned, what is not held any more or is stopped, and a fault."""

NO_TARGET = "there is no such target"
"""A host says so about a target that its targets.yaml lacks."""

Subject = tuple[str, str]
"""First name of the target, and user."""

Send = Callable[[str], Awaitable[httpx.Response | None]]
"""Sends a decision with the reason given."""


class Operator:
    """`discarded` is all that an operator may have discarded. `stops` are the spans in which a
    target, by its first name, or ALL_TARGETS, was stopped for certain. `false` has one line for
    each answer that is wrong."""

    def __init__(self, world: World, people: Operations, random: Random) -> None:
        self._world = world
        self._people = people
        self._random = random
        self._front = Front(world)
        self.two = TwoPeople(world)
        self._working: list[asyncio.Task[None]] = []
        self._decisions = 0
        self._stopped: set[str] = set()
        self.discarded: set[Subject] = set()
        self.stops: list[tuple[str, datetime, datetime]] = []
        self.false: list[str] = []

    def maybe_act(self) -> None:
        """Beside what else happens: an answer may take a minute."""
        if self._random.random() >= OFTEN:
            return
        [act] = self._random.choices((self._decide, self._provision, self._stop), (6, 4, 1))
        self._working.append(self._world.around.outside.spawn(act()))

    async def is_done(self) -> None:
        """Returns once every decision was carried out, and nothing is stopped."""
        await asyncio.gather(*self._working)

    def wrongly_discarded(self, rows: Sequence[Change]) -> list[str]:
        """One line for each row that counts as discarded, and the operator never did so."""
        discarded = [row for row in rows if row.reason == DISCARDED]
        return [
            f"row {row.target} {row.group} {row.user} says that an operator discarded it"
            for row in discarded
            if (first_name(row.target), row.user) not in self.discarded
        ]

    # --- decisions ---

    async def _decide(self) -> None:
        target = self._target()
        listed = await self._asks(target, self._front.get("/held", target=target))
        held: Sequence[Mapping[str, Any]] = self._read(listed, "held")
        if not held:
            return
        chosen = self._random.sample(held, min(len(held), self._random.randint(1, MOST_CHOSEN)))
        action = self._random.choice(("release", "discard"))
        users = sorted({one["user"] for one in chosen})
        if action == "discard":
            self.discarded |= {(first_name(target), user) for user in users}
        one, other = self._random.sample(BOTH, 2)
        await self._decides(one, action, target, chosen)
        if action == "release" and self._random.random() < AGREES:
            await asyncio.sleep(self._random.uniform(0, LONGEST_THOUGHT))
            await self._decides(other, action, target, chosen)

    async def _decides(
        self, by: str, action: str, target: str, chosen: Sequence[Mapping[str, Any]]
    ) -> None:
        users = sorted({one["user"] for one in chosen})
        if self._prefers_the_api():
            send = self._api(f"/held/{action}", by, target=target, users=users)
        else:
            keys = as_text(one["key"] for one in chosen)
            send = self._form("/held/decide", by, target=target, decision=action, held=keys)
        self.two.ask(by, target, users)
        await self._carry_out(action, send)
        self.two.ask(by, target, users)

    async def _provision(self) -> None:
        user, target = self._random.choice(CAST), self._target()
        if self._prefers_the_api():
            wait = self._random.choice((0, 60))
            send = self._api(f"/people/{user}/provision", target=target, wait=wait)
        else:
            send = self._form("/provision", target=target, user=user)
        await self._carry_out("provision now", send)

    async def _stop(self) -> None:
        """Stops a target or all, and lets it go on after a while, whatever fails."""
        target = first_name(self._random.choice((*self._names(), ALL_TARGETS)))
        lasts = self._random.uniform(0, LONGEST_STOP.total_seconds())
        if target in self._stopped:
            return
        self._stopped.add(target)
        is_stopped = await self._carry_out("stop calls", self._about("/stop", target))
        began = now()
        await asyncio.sleep(lasts)
        if is_stopped:
            self.stops.append((target, began, now()))
        while target in self._stopped:
            if await self._carry_out("start calls", self._about("/start", target)):
                self._stopped.discard(target)
            else:
                await asyncio.sleep(AGAIN.total_seconds())

    # --- what is sent, and what is answered ---

    async def _asks(
        self, target: str, request: Awaitable[httpx.Response | None]
    ) -> httpx.Response | None:
        """Returns no answer if a host says that there is no such target. It may say so only if a
        living host has another targets.yaml."""
        knew = self._is_known(target)
        answer = await request
        if answer is None or not _knows_no_target(answer):
            return answer
        if knew and self._is_known(target):
            self.false.append(f"every host knows {target}, and the answer was {answer.text[:300]}")
        return None

    def _is_known(self, target: str) -> bool:
        """Whether every living host has the target, or all are meant."""
        living = [host.targets for host in self._world.hosts if host.is_alive]
        return target == ALL_TARGETS or all(target in targets for targets in living)

    async def _carry_out(self, name: str, send: Send) -> bool:
        """Whether it was answered as done. What was done is in the history at once, with the
        reason."""
        self._decisions += 1
        reason = f"decision {self._decisions:04} in a storm"
        answer = await send(reason)
        if answer is None or answer.status_code in REFUSED:
            return False
        if answer.status_code not in DONE:
            self.false.append(f"{name} was answered {answer.status_code}: {answer.text[:300]}")
            return False
        self._people.counts[name] += 1
        is_noted = any(reason in text for _, text, _ in self._world.store.texts("history"))
        if _did_something(answer) and not is_noted:
            self.false.append(f"{name} was done, and the history has no entry with its reason")
        return True

    def _read(self, answer: httpx.Response | None, name: str) -> Any:
        if answer is None or answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return ()
        if answer.status_code != HTTPStatus.OK:
            self.false.append(f"{name} was answered {answer.status_code}: {answer.text[:300]}")
            return ()
        return answer.json()[name]

    def _api(self, path: str, by: str = BOTH[0], *, target: str, **body: object) -> Send:
        about = body if target == ALL_TARGETS else {**body, "target": target}
        return lambda reason: self._asks(
            target, self._front.post(path, {**about, "reason": reason}, by)
        )

    def _form(self, path: str, by: str = BOTH[0], *, target: str, **fields: str) -> Send:
        about = {**fields, "target": ALL if target == ALL_TARGETS else target}
        return lambda reason: self._asks(
            target, self._front.submit(path, {**about, "reason": reason}, by)
        )

    def _about(self, path: str, target: str) -> Send:
        """A stop or a start, of one target under the name that it has now, or of all."""
        target = next((name for name in self._names() if first_name(name) == target), target)
        send = self._api if self._prefers_the_api() else self._form
        return send(path, target=target)

    def _prefers_the_api(self) -> bool:
        return self._random.random() < BY_API

    def _names(self) -> list[str]:
        return [target.name for target in self._world.around.targets]

    def _target(self) -> str:
        return self._random.choice(self._names())


def _knows_no_target(answer: httpx.Response) -> bool:
    return answer.status_code == HTTPStatus.NOT_FOUND and NO_TARGET in answer.text.lower()


def _did_something(answer: httpx.Response) -> bool:
    """Whether an answer that says that it was done does not also say that nothing was there."""
    if answer.status_code == HTTPStatus.SEE_OTHER:
        place = answer.headers["Location"]
        return "moved=0" not in place or ("proposed=" in place and "proposed=0" not in place)
    body = answer.json()
    if "changes" in body:
        return any(change["state"] != State.HELD for change in body["changes"])
    return bool(body.get("moved", True) or body.get("proposed"))
