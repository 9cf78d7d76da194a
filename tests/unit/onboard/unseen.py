"""Somebody who is not assigned any more, and in whose groups no look has run since."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hasten.domain.changes import Action, Cause, Change, State
from tests.support.posting import Posting, total
from tests.support.world import ENGINEERING, TOTAL, found, user

CAUSE = Cause("/hr", "1")

AN_HOUR = timedelta(hours=1)


def row(state: State, *, group: str = ENGINEERING, later: timedelta = timedelta()) -> Change:
    """A row of somebody who has joined or, if it is confirmed, left hours ago."""
    action = Action.REMOVED if state is State.CONFIRMED else Action.ADDED
    change = found(group, user(1), action, 1)
    return replace(change, state=state, found_at=change.found_at - 2 * AN_HOUR + later)


def left_before(group: str = ENGINEERING) -> Change:
    return row(State.CONFIRMED, group=group)


def failed_before() -> Change:
    return replace(left_before(), state=State.FAILED)


async def unseen(
    *rows: Change, on_roster: bool, since: timedelta = 3 * AN_HOUR, **target: Any
) -> Posting:
    """Whoever is on the roster has been there for the time `since`."""
    world = Posting(target=total(**target))
    await world.is_discovered()
    await world.ledger.record(rows)
    if on_roster:
        await world.context.roster.add(TOTAL, [user(1)], world.now() - since)
    return world
