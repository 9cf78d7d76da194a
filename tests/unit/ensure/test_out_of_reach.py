"""An event that takes somebody out of a group in which they are no more, because they were disabled
or deleted: it is done only when the app has taken their access."""

from dataclasses import replace

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.domain.intents import Wanted
from tests.support.ensuring import world_with
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, found, user


async def told(action: Action, state: State) -> list[str]:
    world = await world_with(user(1))
    await world.ledger.record([replace(found(OWN_ACCOUNT, user(1), action, 1), state=state)])
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures_until_done()
    return [result for _, result in world.told()]


@pytest.mark.parametrize("action", [Action.DISABLED, Action.DELETED])
@pytest.mark.parametrize(
    "state", [State.PENDING, State.WAITING, State.HELD, State.LEFT_TO_CYCLE, State.FAILED]
)
@virtual
async def test_an_account_that_nothing_shows_as_taken_is_left_to_the_cycle(
    action: Action, state: State
) -> None:
    assert await told(action, state) == ["left_to_cycle"]


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action.DISABLED, State.CONFIRMED),
        (Action.DELETED, State.DONE_BY_CYCLE),
        (Action.ENABLED, State.PENDING),
        (Action.UPDATED, State.FAILED),
    ],
)
@virtual
async def test_an_account_that_was_taken_or_is_back_leaves_nothing_to_do(
    action: Action, state: State
) -> None:
    assert await told(action, state) == ["in_sync"]
