"""A target leaves targets.yaml or gets another name, and its old one is given to another enterprise
application."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, HeldBy, State
from hasten.domain.row_states import finished
from hasten.ensure.applier import Applier
from hasten.ensure.apply_policy import apply_policy
from hasten.errors import PermanentError
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.records import discovered, stops
from hasten.targets import Target
from hasten.telemetry.targets import TargetUnhealthy
from hasten.watch.hand_over import LEFT_LATELY, hand_over, note_left
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, killed_at
from tests.support.looking import a_look
from tests.support.renaming import (
    MEMBER,
    NEW,
    OLD,
    Happens,
    a_group_is_unassigned,
    known,
    of,
    rows,
    somebody_is_assigned,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found
from tests.unit.watch.test_another_app import WIKI, has_wiki

AS_WIKI, WIKI_AS_TOTAL = (
    Target(name=WIKI, display_name=TOTAL),
    Target(name=TOTAL, display_name=WIKI),
)
NOBODY = Target(name="OTHER", display_name="no such app")


async def with_a_leaver() -> World:
    """Somebody leaves TOTAL, and then targets.yaml names no app for one sweep."""
    world = await known()
    has_wiki(world)
    await sweep(of(world, OLD, Target(name=WIKI, display_name=WIKI)))
    world.directory.leave(ENGINEERING, MEMBER)
    await look(of(world, OLD), a_look())
    await sweep(of(world, NOBODY))
    return world


@pytest.mark.parametrize("targets", [[WIKI_AS_TOTAL], [WIKI_AS_TOTAL, AS_WIKI]])
@virtual
async def test_the_other_app_gets_no_call_under_the_name(targets: list[Target]) -> None:
    world = await with_a_leaver()
    context = of(world, *targets)

    for _ in range(3):
        await sweep(context)
        await drain(context, Wake(target=TOTAL))

    assert not world.directory.calls
    assert await stops.of_target(world.store, TOTAL) is not None
    assert await rows(world, TOTAL, WIKI) == [(TOTAL, ENGINEERING, MEMBER, Action.REMOVED)]


@pytest.mark.parametrize(
    "targets", [[OLD], [NEW], [NEW, WIKI_AS_TOTAL]], ids=["put back", "renamed", "beside the other"]
)
@virtual
async def test_what_is_open_is_called_for_the_first_app(targets: list[Target]) -> None:
    world = await with_a_leaver()
    await sweep(of(world, WIKI_AS_TOTAL))
    context, name = of(world, *targets), targets[0].name

    for _ in range(2):
        await sweep(context)

    assert await rows(world, TOTAL, "NEW") == [(name, ENGINEERING, MEMBER, Action.REMOVED)]
    await drain(context, Wake(target=name))
    assert [call.users for call in world.directory.calls] == [(MEMBER,)]


@virtual
async def test_the_first_sweep_beside_the_other_app_finds_what_happened_since() -> None:
    world = await known()
    has_wiki(world)
    await sweep(of(world, NOBODY))
    a_group_is_unassigned(world)

    await sweep(of(world, NEW, WIKI_AS_TOTAL))

    assert await rows(world, TOTAL, "NEW") == [("NEW", ENGINEERING, MEMBER, Action.REMOVED)]


IN_ANY_ORDER = pytest.mark.parametrize(
    "targets", [[WIKI_AS_TOTAL, NEW], [NEW, WIKI_AS_TOTAL]], ids=["other first", "other last"]
)


async def with_a_row() -> World:
    """Somebody leaves TOTAL, and then its name is given to another app at once."""
    world = await known()
    has_wiki(world)
    world.directory.leave(ENGINEERING, MEMBER)
    await look(of(world, OLD), a_look())
    return world


@IN_ANY_ORDER
@virtual
async def test_an_app_is_served_under_its_new_name_while_its_old_one_is_refused(
    targets: list[Target],
) -> None:
    world = await with_a_row()
    context = of(world, *targets)

    for _ in range(2):
        world.events.clear()
        await sweep(context)

    [alert] = [event for event in world.events if isinstance(event, TargetUnhealthy)]
    assert (alert.target, "new name" in alert.next_action) == (TOTAL, True)
    for name in (TOTAL, "NEW"):
        await drain(context, Wake(target=name))
    assert [(call.users, call.job) for call in world.directory.calls] == [((MEMBER,), "total.0000")]
    assert await stops.of_target(world.store, "NEW") is None
    with pytest.raises(PermanentError, match="another enterprise application"):
        await apply_policy(context, WIKI_AS_TOTAL, Applier(by="Ada"))


@IN_ANY_ORDER
@pytest.mark.parametrize("happens", [a_group_is_unassigned, somebody_is_assigned])
@virtual
async def test_what_happened_while_both_names_changed_is_found(
    targets: list[Target], happens: Happens
) -> None:
    world = await known()
    has_wiki(world)
    happens(world)
    for _ in range(2):
        await sweep(of(world, *targets))

    assert [name for name, *_ in await rows(world, TOTAL, "NEW")] == ["NEW"]


@pytest.mark.parametrize("step", range(0, 24, 2))
@virtual
async def test_a_crash_while_both_names_change_loses_nothing(step: int) -> None:
    store = CrashingStore()
    world = await known(store)
    has_wiki(world)
    a_group_is_unassigned(world)
    with killed_at(step, store):
        await sweep(of(world, WIKI_AS_TOTAL, NEW))

    for _ in range(3):
        await sweep(of(world, WIKI_AS_TOTAL, NEW))

    assert await rows(world, TOTAL, "NEW") == [("NEW", ENGINEERING, MEMBER, Action.REMOVED)]


@virtual
async def test_the_other_app_is_refused_for_as_long_as_it_has_the_name() -> None:
    world = await with_a_row()
    context = of(world, NEW, WIKI_AS_TOTAL)
    await sweep(context)
    await asyncio.sleep(LEFT_LATELY.total_seconds())

    for _ in range(3):
        await sweep(context)
    assert await stops.of_target(world.store, TOTAL) is not None
    world.events.clear()
    await sweep(of(world, NEW, Target(name=WIKI, display_name=WIKI)))

    assert world.results("target") == ["found"] * 2
    assert await stops.of_target(world.store, TOTAL) is None


@virtual
async def test_a_sweep_of_the_deployment_before_takes_no_target_for_one_that_came_back() -> None:
    world = await known()
    began = now()
    await asyncio.sleep(1)
    await note_left(of(world, NEW), {TOTAL})

    await hand_over(of(world, OLD), began)

    assert [one.target for one, _ in await discovered.load_left(world.store)] == [TOTAL]
    await hand_over(of(world, OLD), now())
    assert not await discovered.load_left(world.store)


@pytest.mark.parametrize(
    ("hours", "targets", "is_told"),
    [
        (0.5, [NOBODY], False),
        (2, [NOBODY], True),
        (23, [NOBODY], True),
        (26, [NOBODY], False),
        (2, [NEW], False),
        (2, [OLD], False),
    ],
    ids=["just left", "hours ago", "a day ago", "told for a day", "renamed", "back"],
)
@virtual
async def test_what_a_target_has_left_open_is_told_while_nobody_serves_its_job(
    hours: float, targets: list[Target], *, is_told: bool
) -> None:
    world = await with_a_leaver()
    await asyncio.sleep(hours * 3600)

    with suppress(PermanentError):
        await sweep(of(world, *targets))

    told = [e for e in world.events if isinstance(e, TargetUnhealthy) and e.target == TOTAL]
    assert [MEMBER in one.reason for one in told] == [True] * is_told


@virtual
async def test_of_a_target_that_has_left_nothing_open_nothing_is_told() -> None:
    world = await known()
    for _ in range(2):
        with suppress(PermanentError):
            await sweep(of(world, NOBODY))
        await asyncio.sleep(7200)

    assert not [e for e in world.events if isinstance(e, TargetUnhealthy) and e.target == TOTAL]


@virtual
async def test_what_is_open_of_an_app_that_was_made_anew_is_told() -> None:
    """The new name is about the new service principal, and the job of the old one is gone."""
    world = await with_a_leaver()
    world.directory.principals[0] = {**world.directory.principals[0], "id": "made-anew"}
    await sweep(of(world, NEW))
    await asyncio.sleep(7200)

    await sweep(of(world, NEW))

    told = [e for e in world.events if isinstance(e, TargetUnhealthy) and e.target == TOTAL]
    assert [MEMBER in one.reason for one in told] == [True]


SHARED = [State.HELD, State.WAITING, State.LEFT_TO_CYCLE, State.FAILED]


@pytest.mark.parametrize("state", SHARED)
@pytest.mark.parametrize("group", [ENGINEERING, DIRECT, OWN_ACCOUNT])
@virtual
async def test_what_one_app_has_done_is_no_evidence_for_the_next_app_of_the_name(
    state: State, group: str
) -> None:
    """Both apps lose the same person. WIKI gets another name, and later TOTAL is called WIKI."""
    world = await known()
    has_wiki(world)
    wiki, wiki_later = (Target(name=name, display_name=WIKI) for name in (WIKI, "WIKI2"))
    await sweep(of(world, OLD, wiki))
    row = found(group, MEMBER, Action.REMOVED, 1)
    done = finished(replace(row, target=WIKI, origin=2), State.CONFIRMED, now=now())
    waits = replace(row, state=state, needs_proof=state is State.LEFT_TO_CYCLE)
    ended = finished(waits, state, now=now()) if not waits.is_open else waits
    held = replace(ended, held_by=HeldBy.BRAKE) if state is State.HELD else ended
    await world.ledger.record([done, held])
    for target in (wiki_later, wiki_later):
        await sweep(of(world, OLD, target))
        await asyncio.sleep(LEFT_LATELY.total_seconds())
    await sweep(of(world, OLD, wiki_later))

    await sweep(of(world, AS_WIKI, wiki_later))
    await sweep(of(world, AS_WIKI, wiki_later))

    moved = await world.ledger.find(WIKI, group, MEMBER)
    assert moved is not None
    assert moved.state is state
