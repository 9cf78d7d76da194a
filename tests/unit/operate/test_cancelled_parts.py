"""An operator brings one part of an event forward and cancels the rest. The parts came at different
times, because Graph did not show all of its people at first."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.errors import TemporaryError
from hasten.operate.scheduled import bring_forward, drop, find
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Put
from hasten.records import cancelled
from tests.support.lying_ahead import WHY, World
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user

DAY = 86_400
FIRST, SECOND, LATE = 1, 2, 3

FIELDS: dict[str, dict[str, Any]] = {
    "start": {"kind": ONBOARD, "group": GROUP, "startAt": 3 * DAY},
    "last day": {"kind": OFFBOARD, "groups": [GROUP], "endAt": 3 * DAY},
    "last day of all groups": {"kind": OFFBOARD, "endAt": 3 * DAY},
    "end": {"kind": ONBOARD, "group": GROUP, "endAt": 3 * DAY},
}
KINDS = pytest.mark.parametrize("kind", FIELDS)


class Parts(World):
    """One event, whose parts are posted one by one."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.id = "a:end" if kind == "end" else "a"
        dates = {"startAt", "endAt"}
        self._given: dict[str, Any] = {
            k: at(v) if k in dates else v for k, v in FIELDS[kind].items()
        }
        self.wish = Wanted.MEMBER if kind == "start" else Wanted.ABSENT

    async def comes_with(self, *people: int) -> None:
        for number in people:
            self.directory.join(ENGINEERING, user(number))
            await self.posts(event(users=[ref(number)], event_id="a", **self._given))

    async def brings_forward(self, number: int) -> None:
        entries = await find(self.context, self.id)
        [entry] = [one for one in entries if one.about["users"] == [user(number)]]
        assert (await bring_forward(self.context, entry, **WHY)).is_done

    async def cancels(self) -> None:
        for entry in await find(self.context, self.id):
            await drop(self.context, entry, given=self.id, **WHY)

    async def reaches_its_date(self) -> None:
        await asyncio.sleep(4 * DAY)
        await self.context.agenda.post_due(ONBOARDING_EVENTS, now())
        await self.comes()

    async def is_carried_out(self, number: int) -> bool:
        return await self.wanted(ENGINEERING, number) is self.wish


@KINDS
@pytest.mark.parametrize("is_on_its_way", [True, False])
def test_what_was_brought_forward_is_carried_out_and_nothing_else(
    kind: str, *, is_on_its_way: bool
) -> None:
    @virtual
    async def run() -> None:
        world = Parts(kind)
        await world.comes_with(FIRST, SECOND)
        await asyncio.sleep(60)
        await world.brings_forward(FIRST)
        if not is_on_its_way:
            await world.comes()
        await asyncio.sleep(1)
        await world.cancels()
        await world.comes()
        await world.comes_with(LATE)
        listed = await world.ahead()

        await world.reaches_its_date()

        done = [await world.is_carried_out(number) for number in (FIRST, SECOND, LATE)]
        assert done == [True, False, False]
        assert all(one.is_overtaken for one in listed)

    run()


@virtual
async def test_a_late_part_waits_until_it_is_known_whether_it_had_begun() -> None:
    world = Parts("start")
    await world.comes_with(FIRST, SECOND)
    await world.brings_forward(FIRST)
    await world.comes()
    await asyncio.sleep(1)
    await world.cancels()
    late = event(users=[{"employeeId": "E3"}], event_id="a", group=GROUP, startAt=at(3 * DAY))
    users = world.directory.users

    async def unread(**_: str) -> Any:
        raise TemporaryError("no JSON", timedelta(seconds=5))

    world.directory.users = unread  # type: ignore[method-assign]
    with pytest.raises(TemporaryError):
        await world.posts(late)
    world.directory.users = users  # type: ignore[method-assign]
    await world.posts(late)

    assert world.reasons() == ["an operator cancelled the event"]
    assert await world.ahead() == []


@KINDS
@pytest.mark.parametrize("has_since", [True, False])
@virtual
async def test_an_event_that_an_older_version_cancelled_stays_cancelled(
    kind: str, *, has_since: bool
) -> None:
    world = Parts(kind)
    key = f"cancelled|{hashlib.sha256(f'3|/hr{world.id}'.encode()).hexdigest()}"
    due = now() + timedelta(days=3)
    since = {"since": now().isoformat()} if has_since else {}
    place = (cancelled.CANCELLED_COLLECTION, cancelled.CANCELLED_PARTITION)
    await world.store.commit(*place, [Put(key, {"due": due.isoformat(), **since})])
    await asyncio.sleep(60)

    await world.comes_with(LATE)
    await world.reaches_its_date()

    assert not await world.is_carried_out(LATE)
