"""A member who cannot be read or recorded holds up no other member of the group, and is not
lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.context import Context
from hasten.domain.changes import Action, Change, FoundBy
from hasten.domain.rejoining import rejoined
from hasten.errors import TemporaryError
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN
from hasten.people_look import PeopleLook
from hasten.ports.bus import DIRECTORY_CHANGES, PROVISIONING
from hasten.ports.directory_values import Member, MembershipDelta, UnreadMember
from hasten.records import cursors, unread_members
from hasten.telemetry.watch import MembersUnread
from hasten.timers import run
from hasten.watch import record_members
from hasten.watch.admit import admit
from hasten.watch.look import look
from hasten.watch.people import look_at_people
from hasten.watch.people_delta import reconcile_people
from hasten.watch.unread_members import read_unread
from tests.fakes.accounts import ENABLED
from tests.support.looking import a_look, open_rows, watched
from tests.support.people import ADA, Watched
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

NO_ID = UnreadMember("", "a member has no id, or a type that is not a text")


async def with_unread_entry() -> World:
    world = await watched()
    world.directory.join(ENGINEERING, user(1), user(2))
    world.directory.leave(ENGINEERING, user(2))
    world.directory.unread[ENGINEERING] = [NO_ID]
    return world


@virtual
async def test_the_other_members_are_recorded_and_the_cursor_moves() -> None:
    world = await with_unread_entry()
    before = await cursors.load(world.store, ENGINEERING)

    await look(world.context, a_look())

    assert await open_rows(world) == [(user(1), Action.ADDED), (user(2), Action.REMOVED)]
    assert world.bus.of(PROVISIONING)
    assert await cursors.load(world.store, ENGINEERING) != before


@virtual
async def test_an_entry_that_cannot_be_read_is_alerted_and_read_again_until_it_can_be() -> None:
    world = await with_unread_entry()
    await look(world.context, a_look())
    await read_unread(world.context)
    assert world.results("member") == ["unreadable", "unreadable"]
    assert all(event.problem for event in world.events if event.name == "member")

    world.directory.unread.clear()
    world.directory.join(ENGINEERING, user(3))
    await read_unread(world.context)

    assert world.results("member")[-1] == "read"
    assert (user(3), Action.ADDED) in await open_rows(world)
    assert await unread_members.load_all(world.store) == []


@virtual
async def test_an_event_about_many_such_entries_counts_all_and_names_a_few() -> None:
    world = await watched()
    world.directory.unread[ENGINEERING] = [NO_ID._replace(id=user(n)) for n in range(60)]

    await look(world.context, a_look())

    [event] = [event for event in world.events if isinstance(event, MembersUnread)]
    assert (event.members, len(event.users)) == (60, unread_members.MOST_STORED)


@virtual
async def test_a_look_that_finds_nothing_but_an_unreadable_entry_keeps_it() -> None:
    world = await watched()
    world.directory.unread[ENGINEERING] = [NO_ID]

    await look(world.context, a_look())

    [kept] = await unread_members.load_all(world.store)
    assert (kept.group, list(kept.members)) == (ENGINEERING, [NO_ID])


@virtual
async def test_reading_the_entries_again_changes_no_row_that_is_newer() -> None:
    world = await with_unread_entry()
    await look(world.context, a_look())
    world.directory.unread.clear()
    world.directory.join(ENGINEERING, user(2))
    await asyncio.sleep(1)
    await look(world.context, a_look())

    await read_unread(world.context)

    assert (user(2), Action.ADDED) in await open_rows(world)


@pytest.mark.parametrize("is_decided", [True, False])
@virtual
async def test_reading_them_again_revokes_nobody_of_whom_a_read_has_shown_that_they_rejoined(
    *, is_decided: bool
) -> None:
    world, left = await watched(), Member(user(1), "user", removed=True, also_added=True)

    async def both(_: str) -> MembershipDelta:
        return MembershipDelta({ENGINEERING: (left,)}, "end", {ENGINEERING: [NO_ID]})

    world.directory.membership_delta = both  # type: ignore[assignment, method-assign]
    await look(world.context, a_look())
    [row] = await world.ledger.open_changes(TOTAL)
    back = rejoined(row, now=now() + ASSIGNMENT_COUNTS_WITHIN)
    await world.ledger.move([row], lambda _: replace(back, also_added=is_decided))

    await read_unread(world.context)

    expected = Action.ADDED if is_decided else Action.REMOVED
    assert await open_rows(world) == [(user(1), expected)]


@virtual
async def test_entries_that_graph_no_longer_shows_are_given_up_with_an_alert() -> None:
    world = await with_unread_entry()
    await look(world.context, a_look())
    [kept] = await unread_members.load_all(world.store)
    world.directory.expired_links.add(kept.link)

    await run(world.context, "look")

    assert world.results("member") == ["unreadable", "given_up"]
    assert await unread_members.load_all(world.store) == []


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_an_exception_about_one_member_surfaces_after_all_others_are_recorded(
    bad: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_broken = True

    async def broken(context: Context, changes: list[Change], **how: object) -> list[Change]:
        if is_broken and any(change.user == user(bad) for change in changes):
            raise KeyError("a defect")
        return await admit(context, changes)

    monkeypatch.setattr(record_members, "admit", broken)

    @virtual
    async def body() -> None:
        nonlocal is_broken
        is_broken = True
        world = await watched()
        world.directory.join(ENGINEERING, user(1), user(2), user(3))

        with pytest.raises(KeyError):
            await look(world.context, a_look())

        others = {user(number) for number in (1, 2, 3) if number != bad}
        assert {who for who, _ in await open_rows(world)} == others
        [kept] = await unread_members.load_all(world.store)
        assert [one.id for one in kept.members] == [user(bad)]
        await look(world.context, a_look())
        is_broken = False
        await read_unread(world.context)
        assert {who for who, _ in await open_rows(world)} == {*others, user(bad)}

    body()


@virtual
async def test_reconcile_looks_at_a_group_of_which_it_can_read_nothing() -> None:
    world = await watched()
    await run(world.context, "look")
    world.bus.sent.clear()
    world.directory.unread[ENGINEERING] = [NO_ID]

    await run(world.context, "look")

    assert [message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES)] == [ENGINEERING]


@virtual
async def test_a_person_who_cannot_be_read_gets_a_look_of_their_own() -> None:
    world = await watched()
    context = world.context
    world.directory.join(ENGINEERING, user(1), user(2))
    await context.roster.add("TOTAL", [user(1), user(2)], now() - timedelta(days=1))
    world.directory.disable(user(2))
    profile = world.directory.profile

    async def nonsense(who: str, properties: list[str]) -> object:
        if who == user(1):
            raise TemporaryError("it is about another object", timedelta(seconds=5))
        return await profile(who, properties)

    world.directory.profile = nonsense  # type: ignore[method-assign,assignment]
    both = PeopleLook(
        users=frozenset({user(1), user(2)}),
        noticed_at=now() - timedelta(minutes=1),
        found_by=FoundBy.NOTIFICATION,
    )

    await look_at_people(context, both)

    assert await open_rows(world) == [(user(2), Action.DISABLED)]
    alone = [m.body["users"] for m in world.bus.of(DIRECTORY_CHANGES) if m.at is None]
    assert alone == [[user(1)]]


@virtual
async def test_an_entry_of_the_delta_of_users_that_cannot_be_read_compares_everybody() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.hidden.add(ENABLED)
    world.directory.disable(ADA)
    world.directory.unread_people = True
    world.bus.sent.clear()

    await reconcile_people(world.context)

    assert [users for users, _ in world.queued_people()] == [[ADA]]
