"""A row of the ledger that cannot be read hurts itself only: it holds its person, and stays."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from hasten.domain.changes import HeldBy, State
from hasten.provision.drain import drain
from hasten.records import unreadable
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX
from hasten.records.open_rows import open_rows
from hasten.timers import run
from tests.fakes.memory_store import MemoryStore
from tests.support.looking import WAKE
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

KEY = f"{OPEN_PREFIX}{ENGINEERING}|{user(1)}"

NOT_OBJECTS = {"cut off": '{"target": "TO', "a list": "[1]", "nothing": "null", "empty": ""}
CHANGED: Mapping[str, Mapping[str, Any]] = {
    "a state of a newer version": {"state": "postponed"},
    "a field of a newer version": {"priority": 3},
    "a time without an offset": {"due_at": "2026-11-24T09:00:00"},
    "a number as a text": {"origin": "7"},
    "a user who is no object id": {"user": "jane"},
    "a group that is no object id": {"group": "Engineering"},
    "another person": {"user": user(9)},
    "another target": {"target": "OTHER"},
    "no causes": {"causes": None},
    "held as unreadable": {"state": "held", "held_by": "unreadable row"},
}


def store(world: World) -> MemoryStore:
    assert isinstance(world.store, MemoryStore)
    return world.store


def text_of(world: World, key: str) -> str:
    return next(text for k, text, _ in store(world).texts(LEDGER_COLLECTION, TOTAL) if k == key)


async def with_bad_row(kind: str) -> World:
    """Three people have joined, and the row of the first is damaged."""
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1), user(2))
    await world.joined(ADMIN, user(3))
    if kind in NOT_OBJECTS:
        bad = NOT_OBJECTS[kind]
    else:
        bad = json.dumps({**json.loads(text_of(world, KEY)), **CHANGED[kind]})
    store(world).plant(LEDGER_COLLECTION, TOTAL, KEY, bad)
    return world


@pytest.mark.parametrize("kind", [*NOT_OBJECTS, *CHANGED])
def test_all_others_of_the_target_are_called_and_the_bad_row_stays(kind: str) -> None:
    @virtual
    async def body() -> None:
        world = await with_bad_row(kind)
        bad = text_of(world, KEY)

        await drain(world.context, WAKE)

        assert {u for call in world.directory.calls for u in call.users} == {user(2), user(3)}
        assert text_of(world, KEY) == bad

    body()


@pytest.mark.parametrize("kind", ["cut off", "a state of a newer version"])
def test_the_person_of_the_bad_row_is_held_and_not_without_open_changes(kind: str) -> None:
    @virtual
    async def body() -> None:
        world = await with_bad_row(kind)

        opened = {row.user: row for row in await world.ledger.open_changes(TOTAL)}

        row = opened[user(1)]
        assert (row.state, row.held_by, row.group) == (State.HELD, HeldBy.UNREADABLE, ENGINEERING)
        assert KEY in row.reason
        assert row.next_action
        assert await world.ledger.find(TOTAL, ENGINEERING, user(1)) == row

    body()


@virtual
async def test_the_wake_timer_alerts_every_minute_until_the_row_is_mended() -> None:
    world = await with_bad_row("cut off")
    context = world.context

    await run(context, "wake")
    await run(context, "wake")
    store(world).forget(LEDGER_COLLECTION, TOTAL, KEY)
    await run(context, "wake")
    await run(context, "wake")

    told = [event for event in world.events if event.name == "row"]
    assert [event.result for event in told] == ["unreadable", "unreadable", "replaced"]
    assert told[0].problem
    assert told[0].fields["key"] == KEY
    assert await unreadable.load_all(world.store) == []


@virtual
async def test_what_is_found_meanwhile_waits_aside_and_is_called_once_the_row_is_mended() -> None:
    world = await with_bad_row("a state of a newer version")
    whole = json.loads(text_of(world, KEY))
    bad = text_of(world, KEY)
    await world.left(ENGINEERING, user(1), user(2), origin=5)

    await drain(world.context, WAKE)
    assert user(1) not in {u for call in world.directory.calls for u in call.users}
    assert text_of(world, KEY) == bad
    store(world).plant(LEDGER_COLLECTION, TOTAL, KEY, json.dumps({**whole, "state": "pending"}))
    await run(world.context, "wake")
    await run(world.context, "wake")
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert row.is_removal
    assert not row.is_open
    assert [call.users for call in world.directory.calls if user(1) in call.users] == [(user(1),)]
    assert not [k for k, _, _ in store(world).texts(LEDGER_COLLECTION, TOTAL) if "aside" in k]


@virtual
async def test_what_was_found_meanwhile_is_called_if_the_bad_row_is_deleted() -> None:
    world = await with_bad_row("cut off")
    await world.left(ENGINEERING, user(1), origin=5)
    await run(world.context, "wake")
    store(world).forget(LEDGER_COLLECTION, TOTAL, KEY)

    await run(world.context, "wake")
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert row.is_removal
    assert not row.is_open


@virtual
async def test_a_row_that_ends_is_not_called_for_ever_if_garbage_takes_its_place() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1), user(2))
    store(world).plant(LEDGER_COLLECTION, TOTAL, f"proof|{ENGINEERING}|{user(1)}", "{")

    await drain(world.context, WAKE)
    await drain(world.context, WAKE)

    assert sum(user(1) in call.users for call in world.directory.calls) == 1


@virtual
async def test_a_key_that_names_nobody_is_noted_and_left_out() -> None:
    world = await with_bad_row("cut off")
    store(world).plant(LEDGER_COLLECTION, TOTAL, f"{OPEN_PREFIX}what", "{}")

    opened = await world.ledger.open_changes(TOTAL)

    assert len(opened) == 3
    assert f"{OPEN_PREFIX}what" in {row.key for row in await unreadable.load_all(world.store)}


@pytest.mark.parametrize("changed", [{"user": "jane"}, {"group": "Engineering"}])
@virtual
async def test_a_row_about_what_is_no_object_id_is_noted(changed: dict[str, str]) -> None:
    world = await with_bad_row("cut off")
    body = json.loads(text_of(world, f"{OPEN_PREFIX}{ENGINEERING}|{user(2)}")) | changed
    key = f"{OPEN_PREFIX}{body['group']}|{body['user']}"
    store(world).plant(LEDGER_COLLECTION, TOTAL, key, json.dumps(body))

    await world.ledger.open_changes(TOTAL)

    assert key in {row.key for row in await unreadable.load_all(world.store)}


@pytest.mark.parametrize("changed", [{"state": "postponed"}, {"action": "promoted"}])
@virtual
async def test_a_list_shows_a_row_with_an_unknown_word_as_one_that_cannot_be_read(
    changed: dict[str, str],
) -> None:
    world = await with_bad_row("cut off")
    body = json.loads(text_of(world, f"{OPEN_PREFIX}{ENGINEERING}|{user(2)}")) | changed
    key = f"{OPEN_PREFIX}{ENGINEERING}|{user(2)}"
    store(world).plant(LEDGER_COLLECTION, TOTAL, key, json.dumps(body))

    [shown] = [row for row in await open_rows(world.store, TOTAL) if row.user == user(2)]

    assert shown.row().held_by is HeldBy.UNREADABLE


@virtual
async def test_many_bad_rows_are_noted_up_to_a_limit_and_hold_up_nobody() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(number) for number in range(1, 121)))
    for number in range(2, 121):
        key = f"{OPEN_PREFIX}{ENGINEERING}|{user(number)}"
        store(world).plant(LEDGER_COLLECTION, TOTAL, key, "x")

    await drain(world.context, WAKE)

    assert [call.users for call in world.directory.calls] == [(user(1),)]
    assert len(await unreadable.load_all(world.store)) == unreadable.MOST_NOTED


@virtual
async def test_garbage_in_place_of_what_was_written_aside_is_written_anew() -> None:
    world = await with_bad_row("cut off")
    await world.left(ENGINEERING, user(1), origin=5)
    store(world).plant(LEDGER_COLLECTION, TOTAL, f"aside|{ENGINEERING}|{user(1)}", "{")
    await world.joined(ENGINEERING, user(1), origin=6)
    store(world).forget(LEDGER_COLLECTION, TOTAL, KEY)
    await run(world.context, "wake")

    await run(world.context, "wake")

    assert not (await world.row(ENGINEERING, user(1))).is_removal
