"""A membership that is looked at again: a worker that read its intent before does not end it."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from hasten.domain.changes import State
from hasten.domain.intents import RECORDED, RECORDED_AS_HELD, Intent, Wanted, key
from hasten.domain.outcomes import OBSERVED, REJECTED
from hasten.records.intents import Intents
from tests.support.ensuring import Onboarding
from tests.support.racing_store import Racing
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user


async def wanted(world: Onboarding) -> tuple[Intents, Intent]:
    """An open intent, and the intents of the worker that has read it."""
    await world.wants(ENGINEERING, user(1))
    worker = Intents(world.store)
    [intent] = await worker.open_intents(TOTAL)
    return worker, intent


@pytest.mark.parametrize("is_done", [False, True])
def test_a_worker_that_was_displaced_does_not_end_an_intent_that_was_opened_again(
    *, is_done: bool
) -> None:
    @virtual
    async def run() -> None:
        world = Onboarding()
        worker, intent = await wanted(world)
        other = Intents(world.store)
        if is_done:
            await other.finish([intent], RECORDED)

        await other.reopen(TOTAL, [intent.key], now())
        ended = await worker.finish([intent], RECORDED)

        assert ended == []
        [still] = await Intents(world.store).open_intents(TOTAL)
        assert still.judged is is_done

    run()


@virtual
async def test_the_worker_that_opened_an_intent_again_ends_it() -> None:
    world = Onboarding()
    worker, intent = await wanted(world)
    await worker.reopen(TOTAL, [intent.key], now())

    [opened] = await worker.open_intents(TOTAL)
    await worker.finish([opened], RECORDED)

    assert await Intents(world.store).open_intents(TOTAL) == []


@virtual
async def test_each_time_that_an_intent_is_opened_again_counts_once() -> None:
    world = Onboarding()
    worker, intent = await wanted(world)
    assert intent.reopened == 0

    for times in (1, 2):
        await worker.reopen(TOTAL, [intent.key], now())
        [opened] = await Intents(world.store).open_intents(TOTAL)
        assert opened.reopened == times
    await worker.finish([opened], RECORDED)
    await worker.reopen(TOTAL, [intent.key, "no such membership"], now())

    [again] = await Intents(world.store).open_intents(TOTAL)
    assert (again.reopened, again.judged, again.is_done, again.outcome) == (3, True, False, "")
    assert again.opened_at == now()


@virtual
async def test_an_open_intent_has_waited_since_before_it_was_opened_again() -> None:
    world = Onboarding()
    worker, intent = await wanted(world)
    await worker.update([intent], lambda known: replace(known, writing=True))
    await asyncio.sleep(60)

    await worker.reopen(TOTAL, [intent.key], now())

    [opened] = await Intents(world.store).open_intents(TOTAL)
    assert (opened.asked_at, opened.writing) == (intent.asked_at, True)


@pytest.mark.parametrize("wanted", [Wanted.MEMBER, Wanted.ABSENT])
@pytest.mark.parametrize("outcome", [REJECTED, OBSERVED])
def test_a_declined_intent_stays_as_it_was_decided(outcome: str, wanted: Wanted) -> None:
    @virtual
    async def run() -> None:
        world = Onboarding()
        intents = Intents(world.store)
        await world.wants(ENGINEERING, user(1), wanted=wanted)
        [intent] = await intents.finish(await intents.open_intents(TOTAL), outcome)

        await intents.reopen(TOTAL, [intent.key], now())

        assert await intents.find(TOTAL, ENGINEERING, user(1)) == intent

    run()


@pytest.mark.parametrize(
    ("outcome", "is_judged"),
    [
        (RECORDED, True),
        (RECORDED_AS_HELD, False),
        (State.IN_SYNC, False),
        (State.LEFT_TO_CYCLE, False),
    ],
)
@pytest.mark.parametrize("released", [False, True])
def test_only_an_intent_whose_change_is_recorded_passes_the_brake_when_it_comes_again(
    outcome: str, *, is_judged: bool, released: bool
) -> None:
    """An operator released the removal that has ended, and no other."""

    @virtual
    async def run() -> None:
        world = Onboarding()
        intents = Intents(world.store)
        wanted = await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
        wanted = await intents.update(wanted, lambda intent: replace(intent, released=released))
        [intent] = await intents.finish(wanted, outcome)

        await intents.reopen(TOTAL, [intent.key], now())

        [opened] = await intents.open_intents(TOTAL)
        assert (opened.outcome, opened.judged, opened.released) == ("", is_judged, False)
        assert opened.passes_brake is is_judged

    run()


@virtual
async def test_an_intent_that_the_brake_holds_stays_held() -> None:
    world = Onboarding()
    intents = Intents(world.store)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await intents.update(
        await intents.open_intents(TOTAL), lambda intent: replace(intent, held="too many")
    )

    await intents.reopen(TOTAL, [key(ENGINEERING, user(1))], now())

    [still] = await intents.open_intents(TOTAL)
    assert (still.held, still.released) == ("too many", False)


@virtual
async def test_an_intent_that_a_displaced_worker_ends_at_that_moment_is_opened_again() -> None:
    store = Racing()
    worker, intent = await wanted(Onboarding(store=store))

    store.meanwhile = partial(worker.finish, [intent], RECORDED)
    await Intents(store).reopen(TOTAL, [intent.key], now())

    [still] = await Intents(store).open_intents(TOTAL)
    assert still.opened_at == now()


@virtual
async def test_an_intent_that_has_ended_keeps_no_field_that_an_earlier_version_does_not_know() -> (
    None
):
    """After a rollback no event about the membership could be taken otherwise. In observe mode that
    would be every membership about which an event has come."""
    world = Onboarding()
    intents = Intents(world.store)
    [intent] = await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    said = await intents.update([intent], lambda i: replace(i, judged=True, to_be_observed=True))

    [ended] = await intents.finish(said, OBSERVED)

    assert (ended.judged, ended.to_be_observed) == (False, False)
