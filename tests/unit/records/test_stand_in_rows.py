"""What takes the place of a row that cannot be read."""

import pytest

from hasten.domain.changes import Action, Cause, Change, HeldBy, State
from hasten.domain.intents import THE_GROUP, UNREADABLE_INTENT, Intent, Wanted
from hasten.domain.long_ago import LONG_AGO
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, user


@virtual
async def test_the_stand_in_of_a_row_is_a_removal_of_long_ago_that_is_held() -> None:
    store, key = MemoryStore(), f"{ENGINEERING}|{user(1)}"
    store.plant(LEDGER_COLLECTION, TOTAL, OPEN_PREFIX + key, "{")

    [row] = await Ledger(store).open_changes(TOTAL)

    assert row == Change(
        target=TOTAL,
        group=ENGINEERING,
        user=user(1),
        action=Action.REMOVED,
        origin=0,
        noticed_at=LONG_AGO,
        found_at=LONG_AGO,
        seen_at=LONG_AGO,
        due_at=LONG_AGO,
        state=State.HELD,
        held_by=HeldBy.UNREADABLE,
        reason=row.reason,
        next_action=row.next_action,
    )
    assert f"RowKey {OPEN_PREFIX}{key}" in row.reason
    assert "deploy that version" in row.next_action


@pytest.mark.parametrize(
    ("who", "suffix", "wanted"),
    [
        (user(1), "", Wanted.ABSENT),
        (user(1), "|in_step", Wanted.IN_STEP),
        (THE_GROUP, "", Wanted.ABSENT),
    ],
)
@virtual
async def test_the_stand_in_of_an_intent_takes_access_and_is_held(
    who: str, suffix: str, wanted: Wanted
) -> None:
    store = MemoryStore()
    store.plant("intents", TOTAL, f"open|{ENGINEERING}|{who}{suffix}", "{")

    [intent] = await Intents(store).open_intents(TOTAL)

    assert intent == Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=who,
        wanted=wanted,
        time=LONG_AGO,
        cause=Cause("", ""),
        recorded_at=LONG_AGO,
        held=UNREADABLE_INTENT,
    )
    assert intent.is_unreadable
    assert not intent.is_tried(START)
