"""An event whose user is no member: until when their access counts as taken, and for how long the
event waits to know."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, Cause, State
from hasten.domain.ensuring import LookAgain
from hasten.domain.intents import Intent, Wanted
from hasten.domain.no_member import awaited
from hasten.domain.seen_access import last_assigned_at, may_have_access
from hasten.domain.sightings import Presence, Sighting, milliseconds
from tests.support.virtual_time import START
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.domain.rows import removal

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
COMPARED = timedelta(minutes=125)
"""Two runs of the hourly comparison, of which one may fail, and five minutes."""

INTENT = Intent(
    target=TOTAL,
    group=ENGINEERING,
    user=user(1),
    wanted=Wanted.ABSENT,
    time=START,
    cause=Cause("/hr", "1"),
    recorded_at=START,
)


@pytest.mark.parametrize(
    ("after", "again"),
    [
        (timedelta(0), 30 * SECOND),
        (9 * MINUTE, 30 * SECOND),
        (10 * MINUTE - SECOND, SECOND),
        (10 * MINUTE, None),
    ],
)
def test_an_event_looks_again_every_half_minute_for_ten_minutes(
    after: timedelta, again: timedelta | None
) -> None:
    now = START + after

    assert awaited(INTENT, now) == (LookAgain(now + again) if again else None)


@pytest.mark.parametrize(
    ("presence", "since", "last"),
    [
        (Presence.PRESENT, timedelta(0), timedelta(0)),
        (Presence.PRESENT, COMPARED, COMPARED),
        (Presence.PRESENT, 2 * COMPARED, COMPARED),
        (Presence.DISABLED, 2 * COMPARED, 2 * COMPARED),
        (Presence.DELETED, 2 * COMPARED, 2 * COMPARED),
    ],
)
def test_whoever_is_on_the_roster_was_assigned_when_it_was_last_compared(
    presence: Presence, since: timedelta, last: timedelta
) -> None:
    seen = Sighting(presence=presence, origin=milliseconds(START - since))

    assert last_assigned_at(seen, START) == START - last
    assert last_assigned_at(None, START) is None


@pytest.mark.parametrize(
    ("later", "may"), [(-SECOND, False), (timedelta(0), False), (SECOND, True)]
)
def test_a_removal_counts_if_nobody_was_assigned_after_it(later: timedelta, *, may: bool) -> None:
    taken = removal(state=State.CONFIRMED, found_at=START)

    assert may_have_access([taken], START + later) is may
    assert not may_have_access([taken], None)
    assert not may_have_access([], None)
    assert may_have_access([], START - COMPARED)
    assert may_have_access([replace(taken, keeps_assignment=True)], START - COMPARED)


@pytest.mark.parametrize(
    ("action", "may"), [(Action.DISABLED, False), (Action.DELETED, False), (Action.ENABLED, True)]
)
def test_nobody_gets_access_again_while_the_account_is_disabled_or_deleted(
    action: Action, *, may: bool
) -> None:
    own = replace(removal(state=State.CONFIRMED, found_at=START), group=OWN_ACCOUNT, action=action)

    assert may_have_access([own], START + SECOND) is may
