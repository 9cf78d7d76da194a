"""A target gets a new name in targets.yaml while events of both names want something."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, Cause, State
from hasten.domain.intents import RECORDED, Recorded, Wanted
from hasten.domain.outcomes import OBSERVED, REJECTED
from hasten.domain.row_states import finished
from hasten.ensure.run import ensure
from hasten.errors import TemporaryError
from hasten.messages import Ensure, Wake
from hasten.policy import GroupPolicy
from hasten.ports.bus import ONBOARDING_EVENTS, PROVISIONING_OUTCOMES, Message
from hasten.ports.store import Delete, Put
from hasten.provision.drain import drain
from hasten.records import discovered
from hasten.records.ledger_keys import DONE_PREFIX, LEDGER_COLLECTION
from hasten.targets import Target
from hasten.watch.hand_over import LEFT_LATELY
from hasten.watch.move_records import ENDED_AT_ONCE
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore
from tests.support.renaming import MEMBER, NEW, OLD, known, of
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user
from tests.unit.watch.test_renamed_records import an_intent


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(1, "2"), (-1, "1"), (0, "2")],
    ids=["the older one was there", "the newer one was there", "at the same time"],
)
@virtual
async def test_of_two_events_under_both_names_the_overtaken_one_is_told_so(
    minutes: int, told: str
) -> None:
    world, moves = await known(), an_intent()
    at, cause = moves.time - timedelta(minutes=minutes), Cause("/hr", "2")
    there = replace(moves, target="NEW", wanted=Wanted.MEMBER, time=at, cause=cause)
    await of(world, OLD).intents.record([moves])
    await of(world, NEW).intents.record([there])

    for _ in range(2):
        await sweep(of(world, NEW))

    [outcome] = [one.body["data"] for one in world.bus.of(PROVISIONING_OUTCOMES)]
    assert (outcome["result"], outcome["causes"][0]["id"]) == ("superseded", told)
    [left_open] = await of(world, NEW).intents.open_intents("NEW")
    assert left_open.cause.id != told


@virtual
async def test_an_intent_waits_for_its_place_that_a_row_takes_which_cannot_be_read() -> None:
    store = CrashingStore()
    world, intent = await known(store), an_intent()
    await of(world, OLD).intents.record([intent])
    await store.commit("intents", "NEW", [Put(f"open|{intent.key}", {"garbled": True})])
    await sweep(of(world, NEW))
    await asyncio.sleep(LEFT_LATELY.total_seconds())
    await sweep(of(world, NEW))
    assert await of(world, OLD).intents.open_intents(TOTAL) == [intent]

    [document] = await store.scan("intents", "NEW")
    await store.commit("intents", "NEW", [Delete(document.key, document.etag)])
    for _ in range(2):
        await sweep(of(world, NEW))

    assert await of(world, NEW).intents.open_intents("NEW") == [replace(intent, target="NEW")]
    assert not await discovered.load_left(store)


@pytest.mark.parametrize("names", [[NEW], [NEW, OLD]], ids=["renamed", "and back"])
@virtual
async def test_an_older_event_is_stale_under_each_later_name(names: Sequence[Target]) -> None:
    world, left = await known(), an_intent()
    late = replace(left, wanted=Wanted.MEMBER, time=left.time - timedelta(days=1))
    late = replace(late, cause=Cause("/hr", "0"))
    first = of(world, OLD)
    await first.people.leave(TOTAL, [MEMBER], left.time)
    await first.intents.record([replace(left, is_done=True, outcome=RECORDED)])

    for target in names:
        for _ in range(2):
            await sweep(of(world, target))

    last = of(world, names[-1])
    (name,) = last.targets
    person = await last.people.find(name, MEMBER)
    assert person is not None
    assert person.left_at == left.time
    [(_, what)] = await last.intents.record([replace(late, target=name)])
    assert what is Recorded.STALE
    assert not world.bus.of(PROVISIONING_OUTCOMES)


@virtual
async def test_an_event_under_the_new_name_is_told_that_a_newer_one_has_ended_before() -> None:
    world, left = await known(), an_intent()
    at, cause = left.time - timedelta(days=1), Cause("/hr", "0")
    late = replace(left, target="NEW", wanted=Wanted.MEMBER, time=at, cause=cause)
    await of(world, OLD).intents.record([replace(left, is_done=True, outcome=RECORDED)])
    await of(world, NEW).intents.record([late])

    for _ in range(2):
        await sweep(of(world, NEW))

    [outcome] = [one.body["data"] for one in world.bus.of(PROVISIONING_OUTCOMES)]
    assert (outcome["result"], outcome["causes"][0]["id"]) == ("superseded", "0")
    assert await of(world, NEW).intents.open_intents("NEW") == []


READS_AND_WRITES = ["members", "group", "remove_member"]


@pytest.mark.parametrize("slow", READS_AND_WRITES)
@virtual
async def test_an_event_that_is_carried_out_while_its_target_is_renamed_succeeds_once(
    slow: str,
) -> None:
    world = await known()
    old, new = (
        of(world, one.model_copy(update={"groups": (GroupPolicy(name="*"),)})) for one in (OLD, NEW)
    )
    await old.intents.record([an_intent()])
    real = getattr(world.directory, slow)

    async def slowly(*given: Any) -> Any:
        setattr(world.directory, slow, real)
        await asyncio.sleep(5)
        return await real(*given)

    setattr(world.directory, slow, slowly)
    ensuring = asyncio.create_task(ensure(old, Ensure(target=TOTAL)))
    await asyncio.sleep(1)
    await sweep(new)
    with suppress(TemporaryError):
        await ensuring
    for _ in range(3):
        await asyncio.sleep(60)
        await sweep(new)
        await ensure(new, Ensure(target="NEW"))
        await drain(new, Wake(target="NEW"))

    assert world.directory.members_now(ENGINEERING) == []
    assert len(world.directory.calls) == 1
    outcomes = [one.body["data"] for one in world.bus.of(PROVISIONING_OUTCOMES)]
    assert [(one["result"], one["target"]) for one in outcomes] == [("succeeded", "NEW")]


@virtual
async def test_what_is_known_of_many_people_moves_a_part_at_a_time() -> None:
    store = CrashingStore()
    world, left = await known(store), an_intent()
    people = [user(number) for number in range(100, 101 + 3 * ENDED_AT_ONCE)]
    done = [replace(left, user=one, is_done=True, outcome=RECORDED) for one in people]
    first, last = of(world, OLD), of(world, NEW)
    await first.people.leave(TOTAL, people, left.time)
    await first.intents.record(done)
    rows = [found(ENGINEERING, one, Action.REMOVED, 1) for one in people]
    await world.ledger.record([finished(row, State.CONFIRMED, now=now()) for row in rows])
    await world.outbox.flush(TOTAL)

    def under(name: str) -> list[int]:
        read = [("people", ""), ("intents", ""), (LEDGER_COLLECTION, DONE_PREFIX)]
        return [len([*store.documents(kind, name, key)]) for kind, key in read]

    counts = []
    for _ in range(3):
        await sweep(last)
        counts.append(under(TOTAL))
        await asyncio.sleep(LEFT_LATELY.total_seconds())

    most = len(people)
    assert counts == [
        [most - 2 * ENDED_AT_ONCE] * 3,
        [most - 3 * ENDED_AT_ONCE] * 3,
        [0] * 3,
    ]
    assert under("NEW") == [most] * 3
    assert not await discovered.load_left(store)


@pytest.mark.parametrize("outcome", [OBSERVED, REJECTED])
@virtual
async def test_an_event_that_was_not_carried_out_takes_the_place_of_no_open_one(
    outcome: str,
) -> None:
    world, waits = await known(), replace(an_intent(), target="NEW")
    at, cause = waits.time + timedelta(minutes=1), Cause("/hr", "2")
    newer = replace(waits, target=TOTAL, wanted=Wanted.MEMBER, time=at, cause=cause)
    await of(world, NEW).intents.record([waits])
    await of(world, OLD).intents.record([replace(newer, is_done=True, outcome=outcome)])

    for _ in range(2):
        await sweep(of(world, NEW))

    assert await of(world, NEW).intents.open_intents("NEW") == [waits]
    assert not world.bus.of(PROVISIONING_OUTCOMES)


@virtual
async def test_no_other_app_gets_a_name_for_which_an_event_waits() -> None:
    world, at = await known(), now() + 3 * LEFT_LATELY
    later = Message(message_id="1", at=at, about={"target": TOTAL, "event": "1", "source": "/hr"})
    await of(world, NEW).agenda.send(ONBOARDING_EVENTS, [later])

    names = []
    for _ in range(4):
        await sweep(of(world, NEW))
        names.append([one.target for one, _ in await discovered.load_left(world.store)])
        await asyncio.sleep(LEFT_LATELY.total_seconds())
        await of(world, NEW).agenda.post_due(ONBOARDING_EVENTS, now())

    assert names == [[TOTAL]] * 3 + [[]]
