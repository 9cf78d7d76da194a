"""The second call of a group about a leaver who keeps another assignment is as sure as the first.
Hasten makes it again until it is answered. It hides no proof of the first, and delays no other."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from hasten.domain.app_account import Found
from hasten.domain.changes import Action, Change, State
from hasten.domain.verdicts import Answer
from hasten.errors import TemporaryError
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, LOG_SETTLED_AFTER
from hasten.provision.removal_reach import KEEPS_ASSIGNMENT
from hasten.provision.verify import verify
from tests.fakes.application import FakeApplication
from tests.fakes.directory import JOB, OnDemand, answer
from tests.support.app_revocations import world_with
from tests.support.crashing import Killed
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, found, user
from tests.unit.provision.test_leavers_called_twice import drained

LEAVER = user(1)


async def keeps_another(world: World, *leavers: str) -> World:
    await world.is_discovered()
    for leaver in leavers or (LEAVER,):
        world.directory.join(ADMIN, leaver)
        world.directory.join(ENGINEERING, leaver)
    await world.left(ENGINEERING, *leavers or (LEAVER,))
    return world


async def row(world: World) -> Change:
    return await world.row(ENGINEERING, LEAVER)


def removed(world: World, *users: str) -> None:
    """The log shows that a call has removed these members."""
    entry = {
        "jobId": JOB,
        "activityDateTime": now().isoformat(),
        "provisioningAction": "Update",
        "provisioningStatusInfo": {"status": "success"},
        "sourceIdentity": {"id": ENGINEERING},
        "modifiedProperties": [
            {"displayName": "members", "oldValue": ",".join(users), "newValue": None}
        ],
    }
    world.directory.log.append(entry)


REFUSED = [answer(status=429), answer(status=503), answer(status=403)]


@pytest.mark.parametrize("refused", REFUSED)
@virtual
async def test_a_second_call_that_is_refused_is_made_again(refused: Answer) -> None:
    world = await keeps_another(World())
    begins = now() + ASSIGNMENT_COUNTS_WITHIN

    def said(call: OnDemand) -> Answer:
        is_refused = begins <= call.at < begins + timedelta(seconds=5)
        return refused if is_refused else answer(action="Update")

    world.directory.answers = said

    await drained(world, timedelta(minutes=30))

    assert [call.at >= begins for call in world.directory.calls] == [False, True, True]
    ended = await row(world)
    assert (ended.state, ended.reason) == (State.LEFT_TO_CYCLE, KEEPS_ASSIGNMENT)


def dies(_: OnDemand) -> Answer:
    raise Killed


@pytest.mark.parametrize("reaches_app", [False, True])
@virtual
async def test_a_worker_that_dies_during_the_second_call_loses_none(*, reaches_app: bool) -> None:
    world = await keeps_another(world_with() if reaches_app else World())
    world.app.add(LEAVER)
    begins = now() + ASSIGNMENT_COUNTS_WITHIN
    await drained(world, ASSIGNMENT_COUNTS_WITHIN - timedelta(seconds=10))
    world.directory.answers = dies
    with pytest.raises(Killed):
        await drained(world, timedelta(minutes=5))
    world.directory.answers = None
    assert (await row(world)).state is State.CALLING
    await asyncio.sleep(60)

    await drained(world, timedelta(minutes=10))

    assert [call.at >= begins for call in world.directory.calls] == [False, True, True]
    assert (await row(world)).state is State.LEFT_TO_CYCLE


@virtual
async def test_what_the_log_shows_of_the_first_call_proves_the_removal() -> None:
    world = await keeps_another(World())
    await drained(world, timedelta(seconds=10))
    removed(world, LEAVER)

    await drained(world, timedelta(minutes=10))
    await verify(world.context)

    assert (await row(world)).state is State.DONE_BY_CYCLE


@virtual
async def test_nor_is_somebody_left_out_whom_an_entry_about_the_first_call_names() -> None:
    others = [user(2), user(3)]
    world = await keeps_another(World(), LEAVER, *others)
    await drained(world, timedelta(seconds=10))
    removed(world, LEAVER)
    await drained(world, timedelta(minutes=6))
    removed(world, *others)

    await asyncio.sleep(LOG_SETTLED_AFTER.total_seconds())
    await verify(world.context)
    await drained(world, timedelta(minutes=1))

    assert (await row(world)).state is State.DONE_BY_CYCLE
    assert len(world.directory.calls) == 2


@virtual
async def test_a_slice_that_a_timer_reads_again_and_again_makes_no_further_call() -> None:
    """It has an entry that Graph cannot show: a read every five minutes finds the leaver again."""
    world = await keeps_another(World())

    for _ in range(5):
        await drained(world, timedelta(minutes=4, seconds=50))
        await world.ledger.record([found(ENGINEERING, LEAVER, Action.REMOVED, 2)])

    assert len(world.directory.calls) == 2
    assert (await row(world)).state is State.LEFT_TO_CYCLE


@dataclass
class Odd(FakeApplication):
    """Finds no account, or does not answer."""

    is_out: bool = False

    async def find(self, value: str) -> Found:
        if self.is_out:
            raise TemporaryError("the app answered 503", timedelta(seconds=15))
        return await super().find(value)


@pytest.mark.parametrize("how", ["no account", "several", "no answer"])
@virtual
async def test_what_the_app_answers_in_between_is_no_call(how: str) -> None:
    app = Odd(is_out=how == "no answer")
    if how == "several":
        app.add(LEAVER)
        app.add(LEAVER)
    world = await keeps_another(world_with(app))
    begins = now() + ASSIGNMENT_COUNTS_WITHIN

    await drained(world, timedelta(minutes=20))

    assert [call.at >= begins for call in world.directory.calls] == [False, True]


@pytest.mark.parametrize("reaches_app", [False, True])
@virtual
async def test_a_leaver_without_access_is_called_before_all_second_calls(
    *, reaches_app: bool
) -> None:
    keepers = [user(n) for n in range(100, 200)]
    world = await keeps_another(world_with() if reaches_app else World(), *keepers)
    world.directory.seconds_per_call = 0.1
    await drained(world, ASSIGNMENT_COUNTS_WITHIN - timedelta(seconds=10))
    running = asyncio.create_task(drained(world, timedelta(minutes=2)))
    await world.directory.has_called(len(keepers) // 5 + 1)
    world.directory.join(ENGINEERING, LEAVER)
    left_at = now()
    await world.left(ENGINEERING, LEAVER)
    await running

    [first] = [call for call in world.directory.calls if LEAVER in call.users]
    assert first.at - left_at <= timedelta(seconds=12)
