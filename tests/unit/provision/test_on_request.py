"""An operator has a person provisioned before all others, and reads what each step of Entra's
answer said."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from hasten.domain.asked import OPERATORS_SOURCE
from hasten.domain.changes import Action, State
from hasten.domain.history import EntryKind, Filter
from hasten.domain.verdicts import Answer
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Wake
from hasten.operate.stop import stop
from hasten.ports.bus import PROVISIONING
from hasten.ports.directory_values import UnreadMember
from hasten.provision import on_request
from hasten.provision.drain import drain
from hasten.provision.on_request import (
    Request,
    request_group,
    request_person,
    waited_for,
)
from hasten.records.stops import ALL_TARGETS
from hasten.targets import Mode, Target
from hasten.watch.admit import admit
from hasten.watch.look import look, start_watching
from hasten.watch.note_assignments import note_assignments
from tests.support.history import history
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user
from tests.unit.operate.test_audited import Failing
from tests.unit.operate.test_decide import ALICE, LEAVERS, with_leavers

WAKE = Wake(target=TOTAL)
ANSWERS = Path(__file__).parents[2] / "events" / "answers"
MINUTE = timedelta(minutes=1)


async def discovered_world(**target: Any) -> World:
    world = World(Target(name=TOTAL, display_name=TOTAL, **target))
    await world.is_discovered()
    return world


async def asked(world: World, who: str = user(1)) -> Request:
    return await request_person(world.context, world.target, who, by=ALICE, why="ticket 7")


def answering(name: str) -> Answer:
    return Answer(200, (ANSWERS / f"{name}.json").read_bytes())


@virtual
async def test_a_member_without_a_row_is_called_and_the_steps_are_kept_without_names() -> None:
    world = await discovered_world()
    world.directory.join(ENGINEERING, user(1))
    world.directory.answers = lambda _: answering("failure-in-a-step")

    request = await asked(world)
    await drain(world.context, WAKE)
    [row] = await waited_for(world.context, request, MINUTE)

    assert row.steps[0].startswith("Import: Success: Retrieved User '…'")
    assert row.steps[1].startswith("Scoping: Success")
    assert row.steps[2].startswith("Export: Failure (LicenseLimitExceeded)")
    assert "BillBob" not in json.dumps(row.steps)


@virtual
async def test_the_person_is_called_before_all_others_and_alone() -> None:
    world = await discovered_world()
    await world.joined(ENGINEERING, *(user(n) for n in range(20, 50)))
    await asyncio.sleep(60)
    world.directory.join(ENGINEERING, user(1))

    await asked(world)
    await drain(world.context, WAKE)

    first = world.directory.calls[0]
    assert list(first.users) == [user(1)]


@virtual
async def test_an_ended_row_is_called_again_and_its_outcome_names_the_decision() -> None:
    world = await discovered_world()
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    await asyncio.sleep(600)

    request = await asked(world)
    await drain(world.context, WAKE)
    [row] = await waited_for(world.context, request, MINUTE)

    assert row.state is State.SUCCEEDED
    assert len(world.directory.calls) == 2
    page = await world.context.history.newest(20, matches=Filter(user=user(1)))
    decided = {e.details["decision"] for e in page.entries if e.kind is EntryKind.PROVISIONED}
    assert {e.result for e in page.entries if e.kind is EntryKind.PROVISIONED} == {"begun", "done"}
    assert {c.id for e in page.entries for c in e.causes if c.source == OPERATORS_SOURCE} == decided


@virtual
async def test_a_leaver_whose_row_ended_is_called_as_a_leaver() -> None:
    world = await discovered_world()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    await asyncio.sleep(600)

    [row] = (await asked(world)).rows

    assert row.action is Action.REMOVED
    assert row.on_request


@virtual
async def test_what_the_brake_holds_stays_held() -> None:
    world = await with_leavers(two=False)
    await world.is_discovered()

    request = await asked(world, LEAVERS[0])

    assert request.rows == []
    assert [row.user for row in request.held] == [LEAVERS[0]]
    assert (await world.row(ENGINEERING, LEAVERS[0])).state is State.HELD


@pytest.mark.parametrize("was_called", [True, False])
@virtual
async def test_somebody_whom_a_look_sees_leaving_meanwhile_is_called_as_a_leaver(
    *, was_called: bool
) -> None:
    world = await discovered_world()
    await start_watching(world.context, ENGINEERING)
    world.directory.join(ENGINEERING, user(1))
    if was_called:
        await world.left(ENGINEERING, user(1))
        await drain(world.context, WAKE)
        await asyncio.sleep(300)
        world.directory.join(ENGINEERING, user(1))

    async def leaving(*given: Any) -> None:
        await note_assignments(*given)
        world.directory.leave(ENGINEERING, user(1))
        await look(world.context, a_look())

    with patch.object(on_request, "note_assignments", leaving):
        request = await asked(world)

    assert [row.action for row in request.rows] == [Action.REMOVED]


@virtual
async def test_a_look_that_began_after_the_membership_was_read_and_ends_later_is_believed() -> None:
    world = await discovered_world()
    world.directory.join(ENGINEERING, user(1))
    looked_at = now() + timedelta(seconds=1)

    async def slow(*given: Any) -> None:
        await note_assignments(*given)
        await asyncio.sleep(2)

    with patch.object(on_request, "note_assignments", slow):
        [row] = (await asked(world)).rows
    left = found(ENGINEERING, user(1), Action.REMOVED, row.origin)
    await admit(world.context, [replace(left, seen_at=looked_at)])

    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED


@virtual
async def test_a_removal_that_a_look_has_found_once_more_is_believed_rather_than_graph() -> None:
    world = await discovered_world()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await asyncio.sleep(300)
    [row] = await world.ledger.open_changes(TOTAL)
    await world.ledger.record([replace(row, origin=row.origin + 1, seen_at=now())])
    world.directory.join(ENGINEERING, user(1))

    request = await asked(world)

    assert [row.action for row in request.rows] == [Action.REMOVED]


@virtual
async def test_somebody_who_was_never_assigned_has_nothing_to_provision() -> None:
    world = await discovered_world()
    world.directory.has_user(user(1))

    request = await asked(world)

    assert (request.rows, request.held) == ([], [])


@virtual
async def test_the_wait_ends_with_the_time_and_shows_the_row_as_it_is() -> None:
    world = await discovered_world()
    world.directory.join(ENGINEERING, user(1))
    request = await asked(world)
    began = now()

    [row] = await waited_for(world.context, request, MINUTE)

    assert row.state is State.PENDING
    assert now() - began == MINUTE
    assert [m.body["target"] for m in world.bus.of(PROVISIONING)] == [TOTAL]


@virtual
async def test_the_members_of_a_group_share_calls() -> None:
    world = await discovered_world()
    world.directory.join(ENGINEERING, *(user(n) for n in range(10)))

    request = await request_group(world.context, world.target, ENGINEERING, by=ALICE, why="")
    await drain(world.context, WAKE)
    rows = await waited_for(world.context, request, MINUTE)

    assert {row.state for row in rows} == {State.SUCCEEDED}
    assert len(rows) == 10
    assert len(world.directory.calls) == 2


@virtual
async def test_only_people_of_a_group_are_called_and_the_unreadable_ones_are_named() -> None:
    world = await discovered_world(most_new_members=2)
    world.directory.join(ENGINEERING, user(1), user(2), user(3))
    world.directory.nest(ENGINEERING, ADMIN)
    hidden = UnreadMember(user(3), "a member has no type")
    world.directory.unlisted[ENGINEERING] = [hidden]

    request = await request_group(world.context, world.target, ENGINEERING, by=ALICE, why="")

    assert {row.user for row in request.rows} == {user(1), user(2)}
    assert request.unread == [hidden]
    assert await world.ledger.find(TOTAL, ENGINEERING, ADMIN) is None


@virtual
async def test_a_group_that_is_large_or_not_assigned_is_refused() -> None:
    world = await discovered_world(most_new_members=3)
    world.directory.join(ADMIN, *(user(n) for n in range(4)))

    for group in (ADMIN, "0000bbbb-0000-4000-8000-000000000099"):
        with pytest.raises(PermanentError):
            await request_group(world.context, world.target, group, by=ALICE, why="")


@virtual
@pytest.mark.parametrize("why_not", ["observe", "stopped", "unknown"])
async def test_nothing_is_asked_of_a_target_that_may_not_be_called(why_not: str) -> None:
    mode = Mode.OBSERVE if why_not == "observe" else None
    world = World(Target(name=TOTAL, display_name=TOTAL, mode=mode))
    if why_not != "unknown":
        await world.is_discovered()
    if why_not == "stopped":
        await stop(world.context, ALL_TARGETS, by=ALICE, reason="a fire")
    world.directory.join(ENGINEERING, user(1))

    with pytest.raises(PermanentError):
        await asked(world)

    assert await world.ledger.open_changes(TOTAL) == []


@pytest.mark.parametrize(("at", "opened"), [(1, 0), (2, 1), (3, 2)])
@virtual
async def test_the_history_says_done_of_each_row_that_is_open_when_a_later_one_fails(
    at: int, opened: int
) -> None:
    world = await discovered_world()
    for group in (ENGINEERING, ADMIN):
        world.directory.join(group, user(1))
        world.directory.grant(group, kind="Group")
    store = Failing.of(world.store, at=at)

    with pytest.raises(TemporaryError):
        await asked(world)
    store.at = 0

    rows = {row.group for row in await world.ledger.open_changes(TOTAL)}
    entries = (await history(world).newest(9)).entries
    results = {entry.group: entry.result for entry in entries if entry.result != "begun"}
    assert len(rows) == opened
    assert results == {g: "done" if g in rows else "failed" for g in (ENGINEERING, ADMIN)}
