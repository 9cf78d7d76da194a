"""People and groups of whom Graph gives no usable answer hold up no other of their event."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import REJECTED
from hasten.errors import PermanentError, TemporaryError, WrongInputError
from hasten.onboard.follow_up import do_due
from hasten.onboard.message import END_OF, OF_PEOPLE, SECOND_LOOK, TRIES
from hasten.onboard.unread import MAX_QUIET_TRIES, MIN_OPERATOR_WAIT
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from hasten.records import follow_ups
from tests.support.crashing import CrashingBus, CrashingStore, Fuse, Killed
from tests.support.lifecycle import CALLBACK
from tests.support.posting import (
    ENSURE_GROUP,
    GROUP,
    OFFBOARD,
    PROVISION,
    Posting,
    at,
    event,
    ref,
    total,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

ODD = {"employeeId": "E3"}
"""Person 3, as an event names them whose lookup fails."""

UNREAD = TemporaryError("the body is no JSON", timedelta(seconds=5))
DENIED = PermanentError("Graph answered 403", "grant the app's identity a permission")
REFUSED = WrongInputError("Graph answered 400", "correct the value")


def spoil(world: Posting, method: str, name: str, error: Exception) -> Callable[[], None]:
    """Fails each read of `method` that names this. Returns what mends it."""
    whole = getattr(world.directory, method)

    async def spoiled(*given: Any, **named: Any) -> Any:
        if name in (*given, *named.values()):
            raise error
        return await whole(*given, **named)

    setattr(world.directory, method, spoiled)
    return lambda: setattr(world.directory, method, whole)


async def posting(**how: Any) -> Posting:
    world = Posting(**how)
    await world.is_discovered()
    return world


def parts(world: Posting) -> list[Message]:
    return [m for m in world.bus.of(ONBOARDING_EVENTS) if m.properties.get(TRIES, "0") != "0"]


def data_of(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(message.raw or b"")["data"]
    return data


EVENTS: dict[str, tuple[dict[str, Any], Wanted]] = {
    "onboarding": ({"users": [ref(1), ODD, ref(2)], "group": GROUP}, Wanted.MEMBER),
    "offboarding": (
        {"kind": OFFBOARD, "users": [ref(1), ODD, ref(2)], "groups": [GROUP]},
        Wanted.ABSENT,
    ),
    "offboarding from everything": (
        {"kind": OFFBOARD, "users": [ref(1), ODD, ref(2)]},
        Wanted.ABSENT,
    ),
    "group": (
        {"kind": ENSURE_GROUP, "group": GROUP, "members": [ref(1), ODD, ref(2)]},
        Wanted.MEMBER,
    ),
    "provisioning": ({"kind": PROVISION, "users": [ref(1), ODD, ref(2)]}, Wanted.IN_STEP),
}


@pytest.mark.parametrize("error", [UNREAD, DENIED])
@pytest.mark.parametrize("name", EVENTS)
def test_the_others_of_the_event_go_on_and_the_person_comes_again(
    name: str, error: Exception
) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        world.directory.join(ENGINEERING, user(1), user(2), user(3))
        mend = spoil(world, "users", "E3", error)
        given, wanted = EVENTS[name]

        await world.posts(event(**given))

        assert [await world.wanted(ENGINEERING, n) for n in (1, 2, 3)] == [wanted, wanted, None]
        [part] = parts(world)
        assert data_of(part).get("users", data_of(part).get("members")) == [ODD]
        assert part.properties[OF_PEOPLE] == "3"
        least = error.delay if isinstance(error, TemporaryError) else MIN_OPERATOR_WAIT
        assert part.at is not None
        assert part.at >= now() + least
        assert not world.parked()

        mend()
        await world.receives(part)
        assert await world.wanted(ENGINEERING, 3) is wanted

    run()


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


@pytest.mark.parametrize("error", [UNREAD, DENIED])
def test_an_event_of_which_nothing_is_read_waits_whole(error: Exception) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        for name in ("E3", user(1), user(2)):
            spoil(world, "users", name, error)

        with pytest.raises(TemporaryError, match=str(error).partition(";")[0]):
            await world.posts(event(users=[ref(1), ODD, ref(2)], group=GROUP))

        assert not world.bus.sent
        assert not await world.intents.open_intents(TOTAL)

    run()


@virtual
async def test_an_unknown_person_is_told_of_although_another_is_not_read() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    await world.posts(event(users=[{"upn": "nobody"}, ODD], group=GROUP))

    assert [e["data"]["users"] for e in world.parked_events()] == [[{"upn": "nobody"}]]
    assert world.outcome_results() == [REJECTED]
    assert [data_of(part)["users"] for part in parts(world)] == [[ODD]]


@virtual
async def test_owners_who_are_not_read_let_the_group_wait() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    with pytest.raises(TemporaryError):
        await world.posts(event(ENSURE_GROUP, group={"name": "Team-New"}, owners=[ref(1), ODD]))

    assert not await world.intents.open_intents(TOTAL)


# --- dates ---


@pytest.mark.parametrize(
    ("kind", "date"), [({"group": GROUP}, "startAt"), ({"kind": OFFBOARD}, "endAt")]
)
def test_the_dates_of_the_others_are_kept(kind: dict[str, Any], date: str) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        mend = spoil(world, "users", "E3", UNREAD)

        dated: dict[str, Any] = {**kind, date: at(3600)}
        await world.posts(event(users=[ref(1), ODD], **dated))

        kept, part = sorted(world.sent_on(), key=lambda message: message.at or now(), reverse=True)
        assert data_of(kept)["users"] == [ref(1)]
        assert kept.about["users"] == [user(1)]
        assert kept.properties[OF_PEOPLE] == "2"
        assert data_of(part)["users"] == [ODD]
        assert part.at is not None
        assert part.at < now() + timedelta(minutes=1)
        mend()
        world.bus.sent.clear()
        await world.receives(part)
        [kept] = world.sent_on()
        assert kept.about["users"] == [user(3)]

    run()


@virtual
async def test_a_date_of_people_who_are_not_read_waits_whole() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    with pytest.raises(TemporaryError):
        await world.posts(event(users=[ODD], group=GROUP, startAt=at(3600)))

    assert not world.bus.sent


# --- nothing waits in silence ---


@pytest.mark.parametrize(
    ("tries", "told"), [(MAX_QUIET_TRIES - 1, []), (MAX_QUIET_TRIES, ["waiting"])]
)
def test_an_event_that_waits_long_is_told_of(tries: int, told: list[str]) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        spoil(world, "users", "E3", UNREAD)

        with pytest.raises(TemporaryError):
            await world.posts(event(users=[ODD], group=GROUP), properties={TRIES: str(tries)})

        assert world.results("onboarding") == told

    run()


@virtual
async def test_a_part_that_others_go_before_each_time_is_told_of_too() -> None:
    """The event asks for the group itself as well, which is carried out at each try."""
    world = await posting()
    spoil(world, "users", "E3", UNREAD)
    given = event(ENSURE_GROUP, group=GROUP, members=[ODD])

    await world.posts(given)
    for tries in range(1, MAX_QUIET_TRIES + 1):
        [part] = parts(world)
        assert part.properties[TRIES] == str(tries)
        assert "waiting" not in world.results("onboarding")
        world.bus.sent.clear()
        await world.receives(part)

    assert "waiting" in world.results("onboarding")


# --- once more ---


@virtual
async def test_an_event_that_comes_again_gives_its_part_the_same_id() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)
    given = event(users=[ref(1), ODD], group=GROUP)

    for _ in range(2):
        await world.posts(given)
    await world.posts({**given, "id": "2"})

    first, again, other = [part.message_id for part in parts(world)]
    assert first == again != other


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(6))
def test_a_crash_at_any_step_loses_neither_the_others_nor_the_person(
    step: int, *, after: bool
) -> None:
    """Person, intent, wake, history, the part, and the event that was parked."""

    @virtual
    async def run() -> None:
        world = await posting(store=CrashingStore(), bus=CrashingBus())
        await world.adopts()
        mend = spoil(world, "users", "E3", UNREAD)
        assert isinstance(world.store, CrashingStore)
        assert isinstance(world.bus, CrashingBus)
        fuse = world.store.fuse = world.bus.fuse = Fuse(step, after=after)
        given = event(users=[ref(1), ODD, {"upn": "nobody"}], group=GROUP)

        try:
            await world.posts(given)
        except Killed:
            await world.posts(given)

        assert fuse.steps > step
        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
        assert {e["data"]["users"][0]["upn"] for e in world.parked_events()} == {"nobody"}
        mend()
        sent = {part.message_id: part for part in parts(world)}
        assert len(sent) == 1
        for part in parts(world):
            await world.receives(part)
        assert await world.wanted(ENGINEERING, 3) is Wanted.MEMBER
        assert len(await world.intents.open_intents(TOTAL)) == 2

    run()


SIZES: dict[str, dict[str, Any]] = {
    "end": {"group": GROUP, "endAt": "2026-12-24T09:00:00Z"},
    "start": {"group": GROUP, "startAt": "2026-12-24T09:00:00Z"},
    "second look": {"kind": OFFBOARD},
    "second look at a provisioning": {"kind": PROVISION},
}


@pytest.mark.parametrize("name", SIZES)
@virtual
async def test_each_part_of_an_event_knows_how_many_people_the_whole_one_names(name: str) -> None:
    """Otherwise the brake would take the end of a large onboarding for several small ones."""
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    await world.posts(event(users=[ref(1), ODD, ref(2)], **SIZES[name]))

    sent = world.bus.of(ONBOARDING_EVENTS)
    assert len(sent) >= 2
    assert {message.properties[OF_PEOPLE] for message in sent} == {"3"}


@virtual
async def test_the_end_of_a_part_removes_as_many_people_as_the_whole_event() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)
    await world.posts(event(users=[ref(1), ODD, ref(2)], **SIZES["end"]))
    [end] = [m for m in world.bus.of(ONBOARDING_EVENTS) if END_OF in m.properties]
    assert end.at is not None
    await asyncio.sleep((end.at - now()).total_seconds())

    await world.receives(end)

    leaving = await world.context.intents.open_intents(TOTAL)
    assert {(one.user, one.people) for one in leaving if one.wanted is Wanted.ABSENT} == {
        (user(1), 3),
        (user(2), 3),
    }
