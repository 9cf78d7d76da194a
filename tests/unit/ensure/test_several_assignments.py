"""A user has several direct assignments, each with a role. An offboarding ends only when none is
left, whatever the list has shown of them."""

import asyncio

import pytest

from hasten.domain.changes import DIRECT, Action, State
from hasten.domain.intents import Wanted
from hasten.domain.row_states import finished
from hasten.errors import TemporaryError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.directory_values import Assignments, UnreadMember
from tests.fakes.tenant import NO_ROLE
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, user

ROLE = "0000dddd-0000-4000-8000-000000000002"
LATE_ROLE = "0000dddd-0000-4000-8000-000000000003"
SETTLED = REPLICATION_SETTLED_AFTER.total_seconds()


async def with_roles(*roles: str) -> Onboarding:
    world = await world_with(user(1), user(2))
    for role in roles:
        world.directory.grant(user(1), kind="User", role=role)
    return world


def shows(world: Onboarding, *, late: bool = True, unread: str | None = None) -> None:
    """Lets the list lack the assignment with LATE_ROLE, or show the entry as unreadable: `unread`
    is then the principal that Hasten can make out."""
    real = type(world.directory).assignments

    async def assignments(service_principal: str) -> Assignments:
        found = await real(world.directory, service_principal)
        hidden = [one for one in found.listed if one.role == LATE_ROLE]
        if late or not hidden:
            return found
        rest = [one for one in found.listed if one not in hidden]
        return Assignments(rest, [] if unread is None else [UnreadMember(unread, "no type")])

    world.directory.assignments = assignments  # type: ignore[method-assign]


@virtual
async def test_all_assignments_that_the_list_shows_are_removed_at_once() -> None:
    world = await with_roles(NO_ROLE, ROLE, LATE_ROLE)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT)

    await world.ensures()

    assert world.given(user(1)) == []
    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED


@virtual
async def test_an_assignment_that_the_list_shows_late_is_removed_when_it_has_settled() -> None:
    world = await with_roles(ROLE, LATE_ROLE)
    shows(world, late=False)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    assert world.given(user(1)) == [LATE_ROLE]
    first = await world.row(DIRECT, user(1))
    assert (first.action, first.state) == (Action.REMOVED, State.PENDING)
    [still] = await world.intents.open_intents(TOTAL)
    assert still.not_before == now() + REPLICATION_SETTLED_AFTER
    called = finished(first, State.SUCCEEDED, now=now())
    await world.ledger.move([first], lambda _: called)

    shows(world)
    await asyncio.sleep(SETTLED)
    await world.ensures()

    assert world.given(user(1)) == []
    assert await world.intents.open_intents(TOTAL) == []
    again = await world.row(DIRECT, user(1))
    assert (again.action, again.state) == (Action.REMOVED, State.PENDING)


@virtual
async def test_nothing_more_is_written_or_called_if_no_other_assignment_shows() -> None:
    world = await with_roles(ROLE)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    first = await world.row(DIRECT, user(1))

    await world.ensures_until_done()

    assert await world.row(DIRECT, user(1)) == first
    assert world.directory.writes == {"unassign": 1}


@pytest.mark.parametrize("unread", [user(1), ""], ids=["known", "unknown"])
@pytest.mark.parametrize("age", [0.0, SETTLED - 1, 3600.0])
def test_an_offboarding_stays_open_while_another_assignment_of_the_user_cannot_be_read(
    age: float, unread: str
) -> None:
    @virtual
    async def run() -> None:
        world = await with_roles(ROLE, LATE_ROLE)
        shows(world, late=False, unread=unread)
        await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=age)
        await world.ensures()
        assert world.given(user(1)) == [LATE_ROLE]
        assert (await world.row(DIRECT, user(1))).action is Action.REMOVED
        for _ in range(3):
            await asyncio.sleep(SETTLED)
            with pytest.raises(TemporaryError, match="an assignment cannot be read"):
                await world.ensures()
        assert len(await world.intents.open_intents(TOTAL)) == 1

        shows(world)
        await world.ensures_until_done()

        assert world.given(user(1)) == []

    run()


@virtual
async def test_an_entry_that_is_somebody_elses_delays_nobody() -> None:
    world = await with_roles(ROLE, LATE_ROLE)
    world.directory.grant(user(2), kind="User", role=ROLE)
    shows(world, late=False, unread=user(1))
    await world.wants(DIRECT, user(2), wanted=Wanted.ABSENT, age=3600)

    await world.ensures()

    assert world.given(user(2)) == []
    assert await world.intents.open_intents(TOTAL) == []


@virtual
async def test_a_newer_event_that_assigns_the_user_wins_over_the_second_look() -> None:
    world = await with_roles(ROLE)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    await asyncio.sleep(5)
    await world.wants(DIRECT, user(1), age=0)
    await world.ensures()

    await asyncio.sleep(SETTLED)
    await world.ensures_until_done()

    assert len(world.given(user(1))) == 1
    assert (await world.row(DIRECT, user(1))).action is Action.ADDED
