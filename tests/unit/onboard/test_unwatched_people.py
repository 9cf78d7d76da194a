"""An event that takes the access of people where Hasten does not know who had any: with `users:
off` only a removal in the ledger shows that somebody has none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Change
from hasten.limits import RETENTION
from hasten.onboard.follow_up import do_due
from hasten.retention import forget_old
from tests.support.lifecycle import CALLBACK
from tests.support.posting import OFFBOARD, PROVISION, event, ref
from tests.support.virtual_time import START, virtual
from tests.support.world import TOTAL, user
from tests.unit.onboard.unseen import left_before, unseen


@pytest.mark.parametrize(
    ("make", "ends"),
    [
        (None, "left_to_cycle"),
        (left_before, "in_sync"),
        (lambda: replace(left_before(), keeps_assignment=True), "left_to_cycle"),
        (lambda: replace(left_before(OWN_ACCOUNT), action=Action.UPDATED), "left_to_cycle"),
    ],
)
@pytest.mark.parametrize("kind", [OFFBOARD, PROVISION])
def test_where_nobody_is_watched_only_a_removal_shows_that_somebody_has_no_access(
    make: Callable[[], Change] | None, ends: str, kind: str
) -> None:
    @virtual
    async def run() -> None:
        rows = [make()] if make else []
        world = await unseen(*rows, on_roster=False, users=False)

        await world.posts(event(kind, users=[ref(1)]))
        assert world.outcomes() == []
        await world.looks_again()

        assert await world.ledger.find(TOTAL, DIRECT, user(1)) is None
        assert world.outcome_results() == [ends]

    run()


@virtual
async def test_where_nobody_is_watched_a_workflow_fails_whose_revocation_nothing_shows() -> None:
    world = await unseen(on_roster=False, users=False)

    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await do_due(world.context)
    assert world.directory.resumed == []
    await world.looks_again()
    await do_due(world.context)

    assert world.directory.resumed == [(CALLBACK, False)]


@virtual
async def test_where_nobody_is_watched_strangers_trip_no_brake() -> None:
    world = await unseen(on_roster=False, users=False)

    await world.posts(event(OFFBOARD, users=[ref(number) for number in range(1, 24)]))
    await world.looks_again()

    assert set(world.outcome_results()) == {"left_to_cycle"}
    assert world.results("brake") == []


@virtual
async def test_a_removal_that_hasten_has_forgotten_shows_nothing_and_the_answer_says_why() -> None:
    long_ago = START - RETENTION - timedelta(days=1)
    world = await unseen(replace(left_before(), finished_at=long_ago), on_roster=False, users=False)
    await forget_old(world.context)

    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await world.looks_again()
    await do_due(world.context)

    [outcome] = world.outcomes()
    assert outcome["result"] == "left_to_cycle"
    assert "no removal of the last 90 days shows that the app took it" in outcome["reason"]
    assert world.directory.resumed == [(CALLBACK, False)]
