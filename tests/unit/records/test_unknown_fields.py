"""A field that an earlier version does not know is stored only where it says something: after a
rollback that version reads all other rows."""

from dataclasses import replace
from typing import Any

import pytest

from hasten.domain.changes import Action, Cause, Change
from hasten.domain.intents import Intent, Wanted
from hasten.records import (
    intents,
    ledger_rows,
)
from tests.support.virtual_time import START
from tests.support.world import ENGINEERING, TOTAL, user

CHANGE = Change(
    target=TOTAL,
    group=ENGINEERING,
    user=user(1),
    action=Action.REMOVED,
    origin=1,
    noticed_at=START,
    found_at=START,
    seen_at=START,
    due_at=START,
)


INTENT = Intent(
    target=TOTAL,
    group=ENGINEERING,
    user=user(1),
    wanted=Wanted.ABSENT,
    time=START,
    cause=Cause("/hr", "1"),
    recorded_at=START,
)


OF_CHANGE: tuple[Any, Any] = (ledger_rows.MAPPING, CHANGE)


OF_INTENT: tuple[Any, Any] = (intents.MAPPING, INTENT)


SET: dict[str, tuple[tuple[Any, Any], Any]] = {
    "grant_called_at": (OF_CHANGE, START),
    "removal_called_at": (OF_CHANGE, START),
    "unread_since": (OF_CHANGE, START),
    "also_added": (OF_CHANGE, True),
    "cycle_showed_nothing": (OF_CHANGE, True),
    "opened_at": (OF_INTENT, START),
    "refused": (OF_INTENT, "why"),
    "failure_told": (OF_INTENT, True),
    "judged": (OF_INTENT, True),
    "to_be_observed": (OF_INTENT, True),
}


@pytest.mark.parametrize("name", SET)
def test_a_field_that_an_earlier_version_does_not_know_is_stored_only_where_it_is_set(
    name: str,
) -> None:
    (mapping, row), value = SET[name]
    told = replace(row, **{name: value})

    assert not SET.keys() & mapping.body(row).keys()
    assert SET.keys() & mapping.body(told).keys() == {name}
    assert (mapping.parse(mapping.body(row)), mapping.parse(mapping.body(told))) == (row, told)
