"""Plays the story: what the administrator of the tenant does, and in which order."""

import asyncio
import time
from collections.abc import Callable

import httpx

from emulator.certificates import trusted
from emulator.demo.admin import Admin
from emulator.demo.measure import Change
from emulator.graph.seed import TOTAL_ADMIN, TOTAL_ENGINEERING, object_id

JOINER = object_id("user/901")
BURST = tuple(object_id(f"user/{number}") for number in range(910, 933))
LEAVER = object_id("user/100")
MOVED = object_id("user/101")
LEAST_CALLS = 9
"""One for the joiner, five for the 23 (at most five members a call), one for the leaver, two for
the user who moves."""

Tell = Callable[[str], None]


class Story:
    """The story. `changes` contains what has been done so far."""

    def __init__(self, admin: Admin, webhook: str, tell: Tell) -> None:
        self._admin = admin
        self._webhook = webhook
        self._tell = tell
        self.changes: list[Change] = []

    async def play(self) -> None:
        """Plays the story up to its last change; the consequences take a while longer."""
        self._tell("One joiner: into TOTAL-Engineering")
        await self._join("joiner", TOTAL_ENGINEERING, JOINER)
        await self._called(1)
        self._tell("A burst: 23 joiners at once, into the same group")
        await asyncio.gather(*(self._join("burst", TOTAL_ENGINEERING, user) for user in BURST))
        await self._called(5)
        self._tell("A leaver, while joiners still wait for a call")
        await self._leave("leaver", TOTAL_ENGINEERING, LEAVER)
        await self._called(7)
        self._tell("A move: from TOTAL-Engineering to TOTAL-Admin")
        await self._join("move", TOTAL_ADMIN, MOVED)
        await self._leave("move", TOTAL_ENGINEERING, MOVED, by_cycle=True)

    async def attack(self) -> tuple[int, int]:
        """Sends a replay and a forgery. Returns the statuses of their answers."""
        self._tell("A replay: the last notification, captured and sent again")
        replayed = await self._admin.replay()
        self._tell("A forgery: a notification with a made-up clientState")
        return replayed, await self._forge()

    async def _join(self, what: str, group: str, user: str) -> None:
        await self._note(what, group, user, removed=False)
        await self._admin.join(group, user)

    async def _leave(self, what: str, group: str, user: str, *, by_cycle: bool = False) -> None:
        await self._note(what, group, user, removed=True, by_cycle=by_cycle)
        await self._admin.leave(group, user)

    async def _note(
        self, what: str, group: str, user: str, *, removed: bool, by_cycle: bool = False
    ) -> None:
        self.changes.append(
            Change(
                what=what,
                user=user,
                name=await self._admin.display_name(user),
                group=group,
                removed=removed,
                by_cycle=by_cycle,
                at=time.time(),
            )
        )

    async def _called(self, times: int) -> None:
        """Waits for that many calls in total, so that each act begins in the same situation."""
        while len(await self._admin.calls()) < times:  # noqa: ASYNC110 - another process calls
            await asyncio.sleep(0.05)

    async def _forge(self) -> int:
        forged = {
            "changeType": "updated",
            "clientState": "guessed",
            "resource": f"Groups/{TOTAL_ENGINEERING}",
            "resourceData": {"members@delta": [{"id": JOINER, "@removed": "deleted"}]},
            "subscriptionId": object_id("subscription/forged"),
            "tenantId": object_id("tenant/forged"),
        }
        async with httpx.AsyncClient(trust_env=False, verify=trusted()) as anyone:
            return (await anyone.post(self._webhook, json={"value": [forged]})).status_code
