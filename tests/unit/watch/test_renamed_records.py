"""A target gets a new name in targets.yaml. What Hasten has stored under the old one counts on."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, Cause, Change, State
from hasten.domain.follow_ups import FollowUp, What
from hasten.domain.intents import RECORDED, Intent, Wanted
from hasten.domain.row_states import finished
from hasten.ensure.apply_policy import apply_policies
from hasten.onboard.follow_up import do_due
from hasten.operate.stop import stop
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.records import (
    discovered,
    follow_ups,
    kept_memberships,
    made_groups,
    mirrored_members,
    stops,
    unseen_groups,
)
from hasten.records.recent_removals import RecentRemovals
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.support.applying import ADMINS, MONITORED, world_with
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.renaming import JOINER, MEMBER, NEW, OLD, known, of, rows, somebody_is_assigned
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found

POLICED = NEW.model_copy(update={"groups": (ADMINS, MONITORED)})
PATH = "/a/workflow"

Is = Callable[[World], Awaitable[object]]


def left() -> Change:
    return found(ENGINEERING, MEMBER, Action.REMOVED, 1)


async def arranged(store: CrashingStore) -> World:
    """Something of each kind is stored under the old name."""
    world, at = await known(store), now()
    ended = replace(left(), user=JOINER, state=State.CONFIRMED, finished_at=at)
    await world.ledger.record([left(), ended])
    commit = kept_memberships.noting(store, TOTAL, JOINER, [ENGINEERING], at)
    await commit([])
    await made_groups.adopt(store, TOTAL, "TOTAL - Engineering", ENGINEERING, at)
    await mirrored_members.remember(store, TOTAL, ENGINEERING, [MEMBER], at)
    await unseen_groups.note(store, TOTAL, [ADMIN], at)
    await RecentRemovals(store).count(TOTAL, {ENGINEERING: [MEMBER]}, at)
    done = replace(an_intent(), user=JOINER, is_done=True, outcome=RECORDED)
    await of(world, OLD).intents.record([an_intent(), done])
    await of(world, OLD).people.leave(TOTAL, [MEMBER], at)
    await stop(of(world, OLD), TOTAL, by="Ada", reason="an audit")
    world.bus.sent.clear()
    return world


def an_intent() -> Intent:
    return Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=MEMBER,
        wanted=Wanted.ABSENT,
        time=now(),
        cause=Cause("/hr", "1"),
        recorded_at=now(),
    )


def asked(intent: Intent) -> FollowUp:
    return FollowUp(
        what=What.RESUME,
        target=intent.target,
        user=intent.user,
        cause=intent.cause,
        event_time=intent.time,
        asked_at=now(),
        due_at=now(),
        path=PATH,
        groups=(intent.group,),
        is_complete=True,
    )


async def _tally(world: World) -> Mapping[str, int]:
    return (await RecentRemovals(world.store).count("NEW", {}, now())).groups


async def _mirrored(world: World) -> object:
    return await mirrored_members.remembered(world.store, "NEW", ENGINEERING)


KINDS: dict[str, Is] = {
    "row": lambda w: w.ledger.find("NEW", ENGINEERING, MEMBER),
    "row of a kept membership": lambda w: w.ledger.find("NEW", ENGINEERING, JOINER),
    "kept membership": lambda w: kept_memberships.find(w.store, "NEW", JOINER),
    "made group": lambda w: made_groups.find(w.store, "NEW", "TOTAL - Engineering"),
    "mirrored member": _mirrored,
    "group that no sweep has seen": lambda w: unseen_groups.load(w.store, "NEW"),
    "count of the brake": _tally,
    "intent": lambda w: of(w, NEW).intents.open_intents("NEW"),
    "ended intent": lambda w: of(w, NEW).intents.find("NEW", ENGINEERING, JOINER),
    "person": lambda w: of(w, NEW).people.find("NEW", MEMBER),
    "stop": lambda w: stops.of_target(w.store, "NEW"),
}


@virtual
async def test_a_crash_at_any_write_of_a_rename_loses_nothing() -> None:
    for step in itertools.count():
        store = CrashingStore()
        world = await arranged(store)
        store.fuse = Fuse(step, after=False)
        with suppress(Killed):
            await sweep(of(world, POLICED))
        is_whole, store.fuse = store.fuse.steps <= step, Fuse(-1, after=False)
        for _ in range(2):
            await sweep(of(world, POLICED))

        lost = [kind for kind, read in KINDS.items() if not await read(world)]
        assert (step, lost) == (step, [])
        assert TOTAL in {one.body["data"]["target"] for one in world.bus.of(PROVISIONING_OUTCOMES)}
        assert await rows(world, TOTAL) == []
        if is_whole:
            break


@virtual
async def test_a_mirrored_person_leaves_under_the_new_name() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, MEMBER)
    await world.applies()
    world.target = world.target.model_copy(update={"name": "NEW"})
    await sweep(world.context)
    world.directory.leave(ADMIN, MEMBER)
    await apply_policies(world.context)

    assert await world.members(ENGINEERING) == set()


@pytest.mark.parametrize("is_ended", [False, True])
@virtual
async def test_a_workflow_gets_its_answer_under_the_new_name(
    is_ended: bool,  # noqa: FBT001 - a case
) -> None:
    world, intent = await known(), an_intent()
    done = replace(intent, is_done=True, outcome=RECORDED)
    await of(world, OLD).intents.record([done])
    row = replace(left(), causes=(intent.cause,))
    ended = finished(row, State.CONFIRMED, now=now())
    await world.ledger.record([ended if is_ended else row])
    await follow_ups.save(world.store, asked(intent), None)

    await sweep(of(world, NEW))
    await do_due(of(world, NEW))
    assert world.directory.resumed == ([(PATH, True)] if is_ended else [])

    moved = await world.ledger.find("NEW", ENGINEERING, MEMBER)
    assert moved is not None
    await world.ledger.move([moved], lambda row: finished(row, State.CONFIRMED, now=now()))
    await do_due(of(world, NEW))
    assert world.directory.resumed == [(PATH, True)]


@virtual
async def test_an_outcome_that_a_crash_left_is_published_also_if_nobody_takes_over() -> None:
    world = await known()
    await world.ledger.record([finished(left(), State.CONFIRMED, now=now())])

    await sweep(of(world, Target(name="OTHER", display_name="no such app")))

    assert len(world.bus.of(PROVISIONING_OUTCOMES)) == 1


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.LEFT_TO_CYCLE, State.FAILED])
@virtual
async def test_how_a_change_ended_is_published_once_and_counts_under_the_new_name(
    state: State,
) -> None:
    world = await known()
    row = replace(finished(left(), state, now=now()), needs_proof=True)
    await world.ledger.record([row])
    await sweep(of(world, OLD))
    await world.context.outbox.flush(TOTAL)
    published = len(world.bus.of(PROVISIONING_OUTCOMES))

    for _ in range(2):
        await sweep(of(world, NEW))
        await world.context.outbox.flush("NEW")

    assert published == (2 if state is State.FAILED else 1)
    assert len(world.bus.of(PROVISIONING_OUTCOMES)) == published
    assert await world.ledger.find("NEW", ENGINEERING, MEMBER) == replace(row, target="NEW")
    failed = await world.ledger.failed_changes("NEW", now() - timedelta(hours=1))
    assert [one.user for one in failed] == ([MEMBER] if state is State.FAILED else [])


@virtual
async def test_a_change_that_ends_under_the_new_name_is_published_there() -> None:
    world = await known()
    await world.ledger.record([left()])
    await sweep(of(world, NEW))
    opened = await world.ledger.open_changes("NEW")

    await world.ledger.move(opened, lambda row: finished(row, State.CONFIRMED, now=now()))
    await world.context.outbox.flush("NEW")

    [told] = world.bus.of(PROVISIONING_OUTCOMES)
    assert told.body["data"]["target"] == "NEW"


@virtual
async def test_a_removal_is_newer_than_the_grant_of_the_other_name() -> None:
    world = await known()
    for target in (OLD, NEW):
        await asyncio.sleep(60)
        await sweep(of(world, target))
    somebody_is_assigned(world)
    await sweep(of(world, NEW))
    world.directory.granted.clear()
    await asyncio.sleep(60)

    await sweep(of(world, OLD))

    rows_now = await world.ledger.open_changes(TOTAL)
    assert {row.action for row in rows_now} == {Action.REMOVED}


@virtual
async def test_a_target_that_is_back_is_known_as_such_although_its_first_sweeps_fail() -> None:
    world = await known()
    await sweep(of(world, Target(name="OTHER", display_name="no such app")))
    world.directory.groups = []
    principals, world.directory.principals = world.directory.principals, []
    await sweep(of(world, OLD))
    world.directory.principals = principals

    await sweep(of(world, OLD))

    assert await rows(world, TOTAL) == [(TOTAL, ENGINEERING, MEMBER, Action.REMOVED)]
    assert not await discovered.load_left(world.store)
