"""The history says which event asked for whom."""

import asyncio

from hasten.domain.history import Entry, EntryKind, Filter
from tests.support.history import history
from tests.support.lying_ahead import World as Scheduling
from tests.support.posting import GROUP, OFFBOARD, Posting, at, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user

ASKED = frozenset({EntryKind.ASKED})


async def asked(world: Posting, of: str) -> list[Entry]:
    page = await history(world).newest(20, matches=Filter(kinds=ASKED, user=of))
    return list(page.entries)


@virtual
async def test_the_history_of_each_person_has_the_event_once() -> None:
    world = Scheduling()
    posted = event(users=[ref(1), ref(2)], group=GROUP, event_id="a")

    await world.posts(posted)
    await asyncio.sleep(60)
    await world.posts(posted)

    for number in (1, 2):
        [entry] = await asked(world, user(number))
        assert (entry.target, entry.group, entry.result) == (TOTAL, ENGINEERING, "accepted")
        assert [cause.id for cause in entry.causes] == ["a"]
        assert entry.action == "member"


@virtual
async def test_an_event_for_later_is_noted_with_its_start() -> None:
    world = Scheduling()

    await world.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600), event_id="a"))

    [entry] = await asked(world, user(1))
    assert entry.result == "deferred"
    assert entry.steps.expected is not None
    assert entry.steps.expected.isoformat() == at(3600)


@virtual
async def test_an_offboarding_is_noted_for_each_group_that_it_concerns() -> None:
    world = Scheduling()
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="a"))
    await asyncio.sleep(60)

    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="b"))

    assert [(entry.action, entry.causes[0].id) for entry in await asked(world, user(1))] == [
        ("absent", "b"),
        ("member", "a"),
    ]
