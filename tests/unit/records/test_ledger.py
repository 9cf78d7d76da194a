"""What the ledger saves of a call that ended, and what it publishes when a row ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, Cause, Change, State
from hasten.domain.intents import Recorded, Wanted
from hasten.domain.outcomes import NOT_TAKEN
from hasten.domain.row_states import finished
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import FAILED_PREFIX, LEDGER_COLLECTION, OUTBOX_PREFIX
from tests.fakes.memory_store import MemoryStore
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user

SECOND = timedelta(seconds=1)


async def called(store: MemoryStore, action: Action = Action.ADDED) -> Change:
    row = replace(found(ENGINEERING, user(1), action, 1), state=State.CALLING, called_at=START)
    [recorded] = await Ledger(store).record([row])
    return recorded


def failed(row: Change) -> Change:
    return finished(row, State.FAILED, now=START, reason="r", next_action="n")


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"state": State.PENDING},
        {"state": State.WAITING},
        {"called_at": START + SECOND},
        {"action": Action.REMOVED},
        {"state": State.WAITING, "called_at": START + SECOND},
        {"state": State.WAITING, "action": Action.REMOVED},
        {"called_at": START + SECOND, "action": Action.REMOVED},
    ],
)
@virtual
async def test_the_result_of_a_call_is_saved_to_a_row_that_waits_for_this_call(
    meanwhile: dict[str, Any],
) -> None:
    store = MemoryStore()
    ledger, row = Ledger(store), await called(store)
    other = replace(row, **meanwhile)
    await Ledger(store).move(await Ledger(store).open_changes(TOTAL), lambda _: other)

    assert await ledger.end_call([row], failed) == []
    assert await ledger.find(TOTAL, ENGINEERING, user(1)) == other


@virtual
async def test_the_result_of_a_call_is_saved_though_the_row_got_another_cause() -> None:
    store = MemoryStore()
    ledger, row = Ledger(store), await called(store)
    more = replace(row, causes=(Cause("/hr", "2"),), seen_at=START + SECOND)
    await Ledger(store).move(await Ledger(store).open_changes(TOTAL), lambda _: more)

    assert await ledger.end_call([row], failed) == [failed(more)]
    assert await ledger.end_call([replace(row, user=user(2))], failed) == []


@pytest.mark.parametrize(
    ("action", "state", "published"),
    [
        (Action.ADDED, State.FAILED, ["failed"]),
        (Action.ADDED, State.SUCCEEDED, ["succeeded"]),
        (Action.REMOVED, State.SUCCEEDED, ["succeeded"]),
        (Action.REMOVED, State.FAILED, ["failed", NOT_TAKEN]),
        (Action.REMOVED, State.WAITING, []),
    ],
)
@virtual
async def test_a_row_publishes_its_end_once(
    action: Action, state: State, published: list[str]
) -> None:
    store = MemoryStore()
    row, ledger = await called(store, action), Ledger(store)
    ended = replace(row, state=state, finished_at=None if state is State.WAITING else START)

    async def outbox() -> list[str]:
        waiting = await store.scan(LEDGER_COLLECTION, TOTAL, OUTBOX_PREFIX)
        return sorted(one.body["data"]["result"] for one in waiting)

    [saved] = await ledger.move([row], lambda _: ended)
    assert await outbox() == sorted(published)
    [again] = await ledger.move([saved], lambda seen: replace(seen, contradicted=1))

    assert await outbox() == sorted(published)
    marks = await store.scan(LEDGER_COLLECTION, TOTAL, FAILED_PREFIX)
    assert len(marks) == (state is State.FAILED)
    shown = await ledger.failed_changes(TOTAL, START - SECOND)
    assert shown == ([again] if state is State.FAILED else [])


@virtual
async def test_a_failure_that_was_mended_or_forgotten_is_not_listed() -> None:
    store = MemoryStore()
    row, ledger = await called(store), Ledger(store)
    [saved] = await ledger.move([row], failed)
    assert await ledger.failed_changes(TOTAL, START - SECOND) == [saved]
    assert await ledger.failed_changes(TOTAL, START) == []

    await ledger.move([saved], lambda seen: replace(seen, state=State.CONFIRMED))
    assert await ledger.failed_changes(TOTAL, START - SECOND) == []
    for key, _, _ in list(store.texts(LEDGER_COLLECTION, TOTAL)):
        if not key.startswith(FAILED_PREFIX):
            store.forget(LEDGER_COLLECTION, TOTAL, key)
    assert await ledger.failed_changes(TOTAL, START - SECOND) == []


@pytest.mark.parametrize(
    ("is_done", "event", "wanted", "recorded", "replaced"),
    [
        (False, "2", Wanted.ABSENT, Recorded.REPLACED, "1"),
        (False, "1", Wanted.ABSENT, Recorded.REPLACED, None),
        (True, "2", Wanted.ABSENT, Recorded.NEW, None),
        (True, "1", Wanted.ABSENT, Recorded.NEW, None),
        (False, "1", Wanted.MEMBER, Recorded.DUPLICATE, None),
        (True, "1", Wanted.MEMBER, Recorded.DUPLICATE, None),
    ],
)
@virtual
async def test_an_intent_names_the_event_that_it_replaced_before_it_was_applied(
    event: str, wanted: Wanted, recorded: Recorded, replaced: str | None, *, is_done: bool
) -> None:
    world = Onboarding()
    [first] = await world.wants(ENGINEERING, user(1), event="1")
    if is_done:
        [first] = await world.intents.finish([first], "succeeded")
    later = replace(
        first,
        cause=Cause("/hr", event),
        wanted=wanted,
        time=first.time + SECOND,
        is_done=False,
        outcome="",
    )

    [(stored, verdict)] = await Intents(world.store).record([later])

    assert verdict is recorded
    assert stored.replaced == (Cause("/hr", replaced) if replaced else None)
