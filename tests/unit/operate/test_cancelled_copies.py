"""A copy of an event that an operator has cancelled is recognized for each of its people, although
Hasten reads more or less of Entra ID when the copy comes."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.history import EntryKind
from hasten.domain.intents import Wanted, group_key
from hasten.errors import TemporaryError
from hasten.operate.scheduled import DropResult, bring_forward, drop, find, scheduled
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Put
from hasten.records import made_groups
from tests.support.history import noted
from tests.support.lying_ahead import WHY, World
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, at, event, ref, total
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

TEAM = "0000bbbb-0000-4000-8000-0000000000aa"
DAY = 86_400
KINDS: dict[str, dict[str, Any]] = {
    "start": {"kind": ONBOARD, "group": GROUP, "startAt": DAY},
    "end": {"kind": ONBOARD, "group": GROUP, "endAt": DAY},
    "last day": {"kind": OFFBOARD, "groups": [GROUP], "endAt": DAY},
}


def dated(kind: str, *people: int, **more: Any) -> dict[str, Any]:
    dates = {"startAt", "endAt"}
    given: dict[str, Any] = {k: at(v) if k in dates else v for k, v in KINDS[kind].items()}
    return event(**{**given, "users": [ref(n) for n in people], "event_id": "a", **more})


class Copies(World):
    async def cancels(self, kind: str) -> None:
        for entry in await find(self.context, "a:end" if kind == "end" else "a"):
            await drop(self.context, entry, given=entry.message.message_id, **WHY)

    async def reaches_the_date(self) -> None:
        await asyncio.sleep(2 * DAY)
        await self.context.agenda.post_due(ONBOARDING_EVENTS, now())
        await self.comes()


@virtual
async def test_an_end_stays_cancelled_when_its_group_has_been_made_meanwhile() -> None:
    world, team = Copies(), {"name": "Team-X"}
    hired = dated("end", 1, group=team)
    await world.posts(hired)
    assert await world.wanted(group_key("Team-X"), 1) is Wanted.MEMBER
    await world.cancels("end")
    world.directory.has_group(TEAM, "Team-X")
    await made_groups.begin(world.store, TOTAL, "Team-X", nickname="x", now=now(), before=None)
    await made_groups.finish(world.store, TOTAL, "Team-X", began_at=now(), group=TEAM)

    await world.posts(hired)
    listed = await world.ahead()
    await world.reaches_the_date()

    assert [one.is_overtaken for one in listed] == [True]
    assert await world.wanted(TEAM, 1) is not Wanted.ABSENT
    assert "an operator cancelled the event" in world.reasons()


@pytest.mark.parametrize("kind", KINDS)
@virtual
async def test_a_copy_with_people_who_were_not_read_before_concerns_these_alone(kind: str) -> None:
    world = Copies()
    whole = dated(kind, 1, users=[ref(1), {"upn": "person2@contoso.example"}])
    read = world.directory.users

    async def unread(**asked: str) -> Any:
        if asked.get("upn"):
            raise TemporaryError("no JSON", timedelta(seconds=5))
        return await read(**asked)

    world.directory.users = unread  # type: ignore[method-assign]
    await world.posts(whole)
    await world.cancels(kind)
    world.directory.users = read  # type: ignore[method-assign]

    await world.posts(whole)
    await world.reaches_the_date()

    wish = Wanted.MEMBER if kind == "start" else Wanted.ABSENT
    wanted = [await world.wanted(ENGINEERING, number) is wish for number in (1, 2)]
    assert wanted == [False, True]
    assert (user(1), "stale") in world.told()
    assert [e.fields["people"] for e in world.events if e.result == "cancelled"][:1] == [1]


@virtual
async def test_a_copy_without_people_who_are_gone_stays_cancelled_for_the_others() -> None:
    world = Copies()
    hired = dated("end", 1, 2)
    await world.posts(hired)
    await world.cancels("end")
    world.directory.delete(user(2))

    await world.posts(hired)
    await world.reaches_the_date()

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@pytest.mark.parametrize("change", ["startAt", "source"])
@virtual
async def test_another_event_of_the_same_id_is_not_cancelled(change: str) -> None:
    world = Copies()
    first = dated("start", 1)
    await world.posts(first)
    await world.cancels("start")

    if change == "source":
        await world.posts({**first, "source": "/itsm"})
    else:
        await world.posts({**first, "data": {**first["data"], "startAt": at(DAY + 60)}})
    await world.reaches_the_date()

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@pytest.mark.parametrize("kind", KINDS)
@virtual
async def test_an_event_that_is_cancelled_for_one_target_is_carried_out_for_another(
    kind: str,
) -> None:
    world, group = Copies(), {"id": ENGINEERING}
    posted = dated(kind, 1, **({"groups": [group]} if kind == "last day" else {"group": group}))
    await world.posts(posted)
    given = "a:end" if kind == "end" else "a"
    [entry] = await find(world.context, given)
    await drop(world.context, entry, given=given, **WHY)
    world.target = total(name="SECOND", groups=[group])

    await world.posts({**posted, "data": {**posted["data"], "target": "SECOND"}})
    [listed] = await scheduled(world.context, targets=["SECOND"])
    await world.reaches_the_date()

    kept = await world.intents.find("SECOND", ENGINEERING, user(1))
    wish = Wanted.MEMBER if kind == "start" else Wanted.ABSENT
    assert (listed.is_overtaken, kept and kept.wanted) == (False, wish)


@pytest.mark.parametrize("kind", KINDS)
@virtual
async def test_a_part_that_an_older_version_cancelled_stays_cancelled(kind: str) -> None:
    world, posted = Copies(), dated(kind, 1)
    await world.posts(posted)
    [entry] = await find(world.context, "a:end" if kind == "end" else "a")
    key = f"cancelled|{hashlib.sha256(entry.message.raw or b'').hexdigest()}"
    record = Put(key, {"due": entry.due.isoformat()})
    await world.context.agenda.remove(ONBOARDING_EVENTS, entry, [record])

    await world.posts(posted)
    await world.reaches_the_date()

    wish = Wanted.MEMBER if kind == "start" else Wanted.ABSENT
    assert await world.wanted(ENGINEERING, 1) is not wish


@pytest.mark.parametrize("kind", ["start", "last day"])
@virtual
async def test_an_event_that_began_for_one_person_stays_cancelled_for_the_others(kind: str) -> None:
    world, whole = Copies(), dated(kind, 1, 2)
    await world.posts(dated(kind, 1))
    [first] = await find(world.context, "a")
    await bring_forward(world.context, first, **WHY)
    await world.comes()
    await world.posts(dated(kind, 2))
    [second] = await find(world.context, "a")
    dropped = await drop(world.context, second, given="a", **WHY)

    await world.posts(whole)
    await world.reaches_the_date()

    wish = Wanted.MEMBER if kind == "start" else Wanted.ABSENT
    wanted = [await world.wanted(ENGINEERING, number) is wish for number in (1, 2)]
    assert (dropped, wanted) == (DropResult.DROPPED, [True, False])


@pytest.mark.parametrize("gone", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
@virtual
async def test_a_copy_that_is_brought_forward_leaves_out_for_whom_it_is_cancelled(
    kind: str, gone: int
) -> None:
    world, users = Copies(), [ref(1), {"upn": "person2@contoso.example"}]
    left = 3 - gone
    await world.posts(dated(kind, users=[users[gone - 1]]))
    [part] = await find(world.context, "a:end" if kind == "end" else "a")
    await world.posts(dated(kind, users=users))
    await drop(world.context, part, given=part.message.message_id, **WHY)
    [copy] = await find(world.context, part.about["event"])
    [listed], [of_gone], [of_left] = [
        await world.ahead(*of) for of in ((), (user(gone),), (user(left),))
    ]

    brought = await bring_forward(world.context, copy, **WHY)
    await world.comes()

    wish = Wanted.MEMBER if kind == "start" else Wanted.ABSENT
    wanted = [await world.wanted(ENGINEERING, number) is wish for number in (gone, left)]
    assert (brought.is_done, wanted) == (True, [False, True])
    assert listed.overtaken == [user(gone)]
    assert [one.is_overtaken for one in (listed, of_gone, of_left)] == [False, True, False]
    assert {one for one, *_ in await noted(world, EntryKind.BROUGHT_FORWARD)} == {user(left)}


@virtual
async def test_nobody_whom_an_event_names_twice_is_overtaken_while_one_name_is_left() -> None:
    world = Copies()
    await world.posts(dated("start", 1))
    await world.cancels("start")
    await world.posts(dated("start", users=[ref(1), {"upn": "person1@contoso.example"}]))

    [listed] = await world.ahead(user(1))
    await world.reaches_the_date()

    assert not listed.is_overtaken
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@virtual
async def test_a_cancelled_last_day_of_a_person_counts_for_each_of_their_names() -> None:
    world = Copies()
    await world.posts(dated("last day", 1))
    await world.cancels("last day")
    await world.posts(dated("last day", users=[ref(1), {"upn": "person1@contoso.example"}]))

    [listed] = await world.ahead(user(1))
    await world.reaches_the_date()

    assert listed.is_overtaken
    assert await world.wanted(ENGINEERING, 1) is None


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ["start", "last day"])
def test_a_copy_of_a_cancelled_event_that_names_by_upn_has_no_effect(
    *, kind: str, late: bool
) -> None:
    @virtual
    async def run() -> None:
        world = Copies()
        given = dated(kind, users=[{"upn": "person1@contoso.example"}])
        await world.posts(given)
        await world.cancels(kind)
        if late:
            await world.reaches_the_date()

        await world.posts(given)
        await world.reaches_the_date()

        assert await world.wanted(ENGINEERING, 1) is None
        assert "an operator cancelled the event" in world.reasons()

    run()
