"""Groups and assignments of which Graph gives no usable answer: that proves nobody to be without
access, and people leave the groups that were read."""

import pytest

from hasten.domain.intents import Wanted
from hasten.errors import TemporaryError, WrongInputError
from hasten.onboard.follow_up import do_due
from hasten.onboard.message import SECOND_LOOK
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.records import follow_ups
from tests.support.lifecycle import CALLBACK
from tests.support.posting import (
    GROUP,
    OFFBOARD,
    PROVISION,
    event,
    ref,
    total,
)
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user
from tests.unit.onboard.unread import ODD, UNREAD, data_of, parts, posting, spoil

REFUSED = WrongInputError("Graph answered 400", "correct the value")


@pytest.mark.parametrize("method", ["users", "assigned_through"])
@pytest.mark.parametrize("kind", [OFFBOARD, PROVISION])
def test_nobody_reads_that_somebody_who_was_not_read_has_no_access(method: str, kind: str) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        world.directory.join(ENGINEERING, user(1), user(3))
        mend = spoil(world, method, "E3" if method == "users" else user(3), UNREAD)

        await world.posts(event(kind, users=[ref(1), ODD]))
        await world.looks_again()

        assert await world.wanted(ENGINEERING, 1) is not None
        assert not [o for o in world.outcomes() if o["user"] == user(3)]
        looks = [m for m in world.bus.of(ONBOARDING_EVENTS) if SECOND_LOOK in m.properties]
        assert not [look for look in looks if ref(3) in data_of(look)["users"]]
        mend()
        for part in parts(world):
            await world.receives(part)
        assert await world.wanted(ENGINEERING, 3) is not None

    run()


@virtual
async def test_assignments_that_graph_refuses_to_show_park_that_person_alone() -> None:
    world = await posting()
    world.directory.join(ENGINEERING, user(1), user(2))
    spoil(world, "assigned_through", user(2), REFUSED)

    await world.posts(event(OFFBOARD, users=[ref(1), ref(2)]))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    [parked] = world.parked_events()
    assert parked["data"] == {"target": TOTAL, "users": [ref(2)]}
    assert not parts(world)


@virtual
async def test_somebody_leaves_the_groups_that_are_read_before_the_one_that_is_not() -> None:
    groups = [
        {"name": "TOTAL-Engineering"},
        {"name": "TOTAL-Admin", "admin": True, "events": "allow"},
    ]
    world = await posting(target=total(groups=groups))
    for group in (ENGINEERING, ADMIN):
        world.directory.join(group, user(1))
    mend = spoil(world, "group", ADMIN, UNREAD)

    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))

    assert [await world.wanted(group, 1) for group in (ENGINEERING, ADMIN)] == [Wanted.ABSENT, None]
    [part] = parts(world)
    mend()
    await world.receives(part)
    assert await world.wanted(ADMIN, 1) is Wanted.ABSENT


@virtual
async def test_a_workflow_does_not_go_on_before_each_group_was_read() -> None:
    world = await posting(
        target=total(groups=[{"name": "TOTAL-*", "admin": True, "events": "allow"}])
    )
    world.directory.join(ENGINEERING, user(1))
    world.directory.join(ADMIN, user(1))
    named = [GROUP, {"id": ADMIN}]
    mend = spoil(world, "group", ADMIN, UNREAD)

    await world.posts(event(OFFBOARD, users=[ref(1)], groups=named, resume=CALLBACK))

    [(asked, _)] = await follow_ups.load_all(world.store)
    assert not asked.is_complete
    await do_due(world.context)
    assert world.directory.resumed == []
    mend()
    for part in parts(world):
        await world.receives(part)
    [(asked, _)] = await follow_ups.load_all(world.store)
    assert asked.is_complete
    assert set(asked.groups) == {ENGINEERING, ADMIN}


@virtual
async def test_people_leave_the_named_groups_that_were_read() -> None:
    world = await posting()
    spoil(world, "group", ADMIN, UNREAD)

    await world.posts(event(OFFBOARD, users=[ref(1), ref(2)], groups=[GROUP, {"id": ADMIN}]))

    assert [await world.wanted(ENGINEERING, n) for n in (1, 2)] == [Wanted.ABSENT] * 2
    [part] = parts(world)
    assert data_of(part) == {
        "target": TOTAL,
        "users": [ref(1), ref(2)],
        "groups": [{"id": ADMIN}],
    }


@virtual
async def test_named_groups_of_which_none_is_read_never_stand_for_all_groups() -> None:
    world = await posting()
    world.directory.join(ENGINEERING, user(1))
    spoil(world, "group", ADMIN, UNREAD)

    with pytest.raises(TemporaryError):
        await world.posts(event(OFFBOARD, users=[ref(1)], groups=[{"id": ADMIN}]))

    assert not await world.intents.open_intents(TOTAL)
    assert not world.bus.sent
