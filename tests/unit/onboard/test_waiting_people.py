"""Somebody whom an earlier event still concerns holds up nobody else of a provisioning event."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Action, State
from hasten.domain.intents import Intent, Wanted
from hasten.errors import TemporaryError
from hasten.onboard.message import OF_PEOPLE, TRIES
from hasten.ports.bus import ENSURE, ONBOARDING_EVENTS, Message
from hasten.ports.store import Delete, Put
from hasten.records.intents import OPEN_PREFIX
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, PROVISION, Posting, event, ref, total
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user
from tests.unit.onboard.unseen import row, unseen

HELD, FREE = user(1), user(2)
GROUPS = pytest.mark.parametrize("group", [{}, {"group": GROUP}], ids=["any group", "a group"])


async def with_one_held(*groups: str) -> Posting:
    """The brake holds what an event wants of one person, until an operator decides."""
    known = [GROUP, {"name": "TOTAL-Admin", "admin": True, "events": "allow"}]
    world = Posting(target=total(groups=known))
    await world.is_discovered()
    for group in groups:
        world.directory.join(group, HELD, FREE)
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="earlier"))
    await world.context.intents.update([await held(world)], lambda i: replace(i, held="the brake"))
    world.bus.sent.clear()
    return world


async def held(world: Posting) -> Intent:
    intent = await world.context.intents.find(TOTAL, ENGINEERING, HELD)
    assert intent is not None
    return intent


async def is_in_step(world: Posting, one: str, group: str = ENGINEERING) -> bool:
    return await world.context.intents.find(TOTAL, group, one, in_step=True) is not None


def parts(world: Posting) -> list[Message]:
    return [m for m in world.bus.of(ONBOARDING_EVENTS) if m.properties.get(TRIES, "0") != "0"]


@GROUPS
@virtual
async def test_the_others_are_provisioned_and_the_one_comes_again(group: dict[str, Any]) -> None:
    world = await with_one_held(ENGINEERING)

    await world.posts(event(PROVISION, users=[ref(1), ref(2)], **group))

    assert await is_in_step(world, FREE)
    assert not await is_in_step(world, HELD)
    assert world.bus.of(ENSURE)
    [part] = parts(world)
    assert part.at is not None
    assert part.at > now()
    assert part.properties[OF_PEOPLE] == "2"
    with pytest.raises(TemporaryError, match="another event"):
        await world.receives(part)

    await world.context.intents.finish([await held(world)], "recorded")
    await world.receives(part)
    assert await is_in_step(world, HELD)


@GROUPS
@virtual
async def test_nobody_waits_for_what_is_told_to_have_failed(group: dict[str, Any]) -> None:
    """Graph refuses to write it, maybe for ever."""
    world = await with_one_held(ENGINEERING)
    one = await held(world)
    await world.context.intents.change([one], lambda i: replace(i, held="", failure_told=True))

    await world.posts(event(PROVISION, users=[ref(1)], **group))

    assert await is_in_step(world, HELD)


@virtual
async def test_another_group_of_the_one_is_provisioned() -> None:
    world = await with_one_held(ENGINEERING, ADMIN)

    for _ in range(2):
        await world.posts(event(PROVISION, users=[ref(1)], event_id="again"))

        assert await is_in_step(world, HELD, ADMIN)
        assert not await is_in_step(world, HELD)
        assert world.bus.of(ENSURE)
        assert len({part.message_id for part in parts(world)}) == 1


@GROUPS
@virtual
async def test_an_event_about_the_one_alone_waits_as_it_is(group: dict[str, Any]) -> None:
    world = await with_one_held(ENGINEERING)

    with pytest.raises(TemporaryError, match="another event"):
        await world.posts(event(PROVISION, users=[ref(1)], **group))

    assert parts(world) == []


@virtual
async def test_somebody_unknown_is_rejected_at_once() -> None:
    world = await with_one_held(ENGINEERING)

    await world.posts(event(PROVISION, users=[ref(1), {"mail": "nobody@example.com"}]))

    assert len(world.parked()) == 1
    assert len(parts(world)) == 1


@virtual
async def test_what_is_refused_of_the_one_is_parked_once() -> None:
    world = await with_one_held(ENGINEERING, ADMIN)
    world.target = total(groups=[GROUP])
    await world.posts(event(PROVISION, users=[ref(1), ref(2)]))
    assert len(world.parked()) == 1

    for _ in range(3):
        with suppress(TemporaryError):
            await world.receives(parts(world)[-1])
    assert len(world.parked()) == 1
    await world.context.intents.finish([await held(world)], "recorded")
    await world.receives(parts(world)[-1])

    assert await is_in_step(world, HELD)
    assert len(world.parked()) == 2


@virtual
async def test_nothing_is_parked_again_while_the_whole_event_comes_again() -> None:
    world = Posting(target=total(groups=[GROUP]))
    await world.is_discovered()
    world.directory.join(ENGINEERING, HELD)
    garbled = Put(f"{OPEN_PREFIX}{ENGINEERING}|{HELD}", {"garbled": True})
    await world.store.commit("intents", TOTAL, [garbled])
    posted = event(OFFBOARD, users=[ref(1), {"mail": "nobody@example.com"}], groups=[GROUP])
    for _ in range(3):
        with pytest.raises(TemporaryError, match="cannot be read"):
            await world.posts(posted)
    [document] = await world.store.scan("intents", TOTAL)
    await world.store.commit("intents", TOTAL, [Delete(document.key, document.etag)])

    await world.posts(posted)

    assert len(world.parked()) == 1


@pytest.mark.parametrize(
    ("state", "is_newer"),
    [(State.SUCCEEDED, True), (State.SUCCEEDED, False), (State.FAILED, False)],
)
def test_nobody_loses_the_access_whom_another_event_is_about_to_give_it(
    state: State, *, is_newer: bool
) -> None:
    """They may still have the access of a membership that has ended unseen, or whose removal has
    failed, and nothing assigns them until Hasten has written the new one."""

    @virtual
    async def run() -> None:
        action = Action.ADDED if state is State.SUCCEEDED else Action.REMOVED
        before = replace(found(ADMIN, HELD, action, 1), state=state)
        world = await unseen(before, on_roster=False)
        if is_newer:
            await world.posts(event(PROVISION, users=[ref(1)]))
        await world.posts(event(ONBOARD, users=[ref(1)], group=GROUP, event_id="other"))

        with pytest.raises(TemporaryError, match="another event"):
            await (
                world.looks_again() if is_newer else world.posts(event(PROVISION, users=[ref(1)]))
            )

        assert await world.ledger.find(TOTAL, DIRECT, HELD) is None
        assert await world.ledger.find(TOTAL, ADMIN, HELD) == before
        world.directory.join(ENGINEERING, HELD)
        await world.context.intents.finish([await held(world)], "recorded")
        await world.looks_again()
        if not is_newer:
            await world.posts(event(PROVISION, users=[ref(1)]))
        assert await is_in_step(world, HELD)

    run()


@virtual
async def test_nobody_waits_for_long_for_an_onboarding_that_hasten_cannot_carry_out() -> None:
    world = await unseen(row(State.SUCCEEDED, group=ADMIN), on_roster=False)
    await world.posts(event(ONBOARD, users=[ref(1)], group=GROUP, event_id="other"))
    provision = event(PROVISION, users=[ref(1)])
    await asyncio.sleep(599)
    with pytest.raises(TemporaryError, match="another event"):
        await world.posts(provision)

    await asyncio.sleep(1)
    await world.posts(provision)
    await world.looks_again()

    assert (await world.row(DIRECT, HELD)).action is Action.REMOVED


@virtual
async def test_an_offboarding_waits_for_no_onboarding() -> None:
    world = await unseen(row(State.SUCCEEDED, group=ADMIN), on_roster=False)
    await world.posts(event(ONBOARD, users=[ref(1)], group=GROUP, event_id="other", age=5))

    await world.posts(event(OFFBOARD, users=[ref(1)]))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
