"""A lifecycle workflow that posted an offboarding event goes on when the revocation is proven, and
fails if it cannot be."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, State
from hasten.domain.follow_ups import CALLBACK_MAX_WAIT
from hasten.errors import TemporaryError
from hasten.onboard.follow_up import do_due
from hasten.operate.stop import start, stop
from hasten.records import follow_ups
from hasten.records.stops import ALL_TARGETS
from hasten.targets import Mode
from tests.support.lifecycle import CALLBACK
from tests.support.posting import GROUP, OFFBOARD, Posting, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user
from tests.unit.onboard.leavers import GROUPS, left, results, world


async def ends(world: Posting, state: State) -> None:
    """The row of the leaver, as Hasten has worked it off."""
    await world.ensures()
    change = await world.row(ENGINEERING, user(1))
    await world.ledger.move([change], lambda row: replace(row, state=state))


@virtual
async def test_a_workflow_goes_on_only_when_the_revocation_is_proven() -> None:
    posted = world()
    await left(posted, groups=GROUPS, resume=CALLBACK)

    await do_due(posted.context)
    assert posted.directory.resumed == []
    await ends(posted, State.CALLING)
    await do_due(posted.context)
    assert posted.directory.resumed == []
    await ends(posted, State.CONFIRMED)
    await do_due(posted.context)
    await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, True)]
    assert results(posted) == ["completed"]


@pytest.mark.parametrize("is_member", [True, False])
def test_a_workflow_gets_no_answer_in_observe_mode(*, is_member: bool) -> None:
    @virtual
    async def run() -> None:
        posted = world(mode=Mode.OBSERVE)
        await posted.is_discovered()
        if is_member:
            posted.directory.join(ENGINEERING, user(1))
        await posted.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
        await posted.looks_again()
        await posted.ensures()

        await do_due(posted.context)
        await asyncio.sleep(CALLBACK_MAX_WAIT.total_seconds())
        await do_due(posted.context)

        assert (posted.directory.resumed, results(posted)) == ([], ["given_up"])

    run()


@virtual
async def test_a_workflow_gets_no_answer_while_hasten_is_stopped() -> None:
    posted = world()
    await left(posted, groups=GROUPS, resume=CALLBACK)
    await ends(posted, State.CONFIRMED)
    await stop(posted.context, ALL_TARGETS, by="ada", reason="odd removals")

    await do_due(posted.context)
    stopped = list(posted.directory.resumed)
    await start(posted.context, ALL_TARGETS, by="ada", reason="mended")
    await do_due(posted.context)

    assert (stopped, posted.directory.resumed) == ([], [(CALLBACK, True)])


@virtual
async def test_a_workflow_fails_when_the_revocation_has_failed() -> None:
    posted = world()
    await left(posted, groups=GROUPS, resume=CALLBACK)

    await ends(posted, State.FAILED)
    await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, False)]


@virtual
async def test_a_group_that_events_may_not_touch_fails_the_workflow() -> None:
    posted = world()
    posted.directory.join(ADMIN, user(1))

    await left(posted, groups=[GROUP, {"id": ADMIN}], resume=CALLBACK)
    await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, False)]


@pytest.mark.parametrize("group", [ADMIN, DIRECT])
def test_a_workflow_fails_whose_user_is_only_where_events_may_not_touch_anything(
    group: str,
) -> None:
    @virtual
    async def run() -> None:
        posted = world()
        await posted.is_discovered()
        if group == DIRECT:
            posted.directory.grant(user(1), kind="User")
        else:
            posted.directory.join(group, user(1))

        await posted.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
        await do_due(posted.context)
        assert posted.directory.resumed == []
        await posted.looks_again()
        await do_due(posted.context)

        assert posted.directory.resumed == [(CALLBACK, False)]

    run()


@virtual
async def test_a_workflow_whose_revocation_fails_before_the_second_look_is_answered_once() -> None:
    posted = world()
    await left(posted, resume=CALLBACK)
    await ends(posted, State.FAILED)

    await do_due(posted.context)
    await posted.looks_again()
    for _ in range(2):
        await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, False)]
    assert results(posted) == ["failed"]


@virtual
async def test_without_groups_the_workflow_waits_for_the_second_look() -> None:
    posted = world()
    await left(posted, resume=CALLBACK)
    await ends(posted, State.CONFIRMED)

    await do_due(posted.context)
    assert posted.directory.resumed == []
    await posted.looks_again()
    await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, True)]


@pytest.mark.parametrize(("named", "is_proven"), [({}, False), ({"groups": GROUPS}, True)])
def test_a_membership_of_another_group_since_fails_the_workflow_unless_the_event_names_groups(
    named: dict[str, Any], *, is_proven: bool
) -> None:
    @virtual
    async def run() -> None:
        posted = world()
        await left(posted, resume=CALLBACK, **named)
        await ends(posted, State.CONFIRMED)
        await posted.looks_again()
        await asyncio.sleep(1)
        await posted.ledger.record([found(ADMIN, user(1), Action.ADDED, 9)])

        await do_due(posted.context)

        assert posted.directory.resumed == [(CALLBACK, is_proven)]

    run()


@virtual
async def test_an_event_that_is_taken_twice_resumes_once() -> None:
    posted = world()
    await left(posted, groups=GROUPS, resume=CALLBACK)
    await posted.posts(event(OFFBOARD, users=[ref(1)], groups=GROUPS, resume=CALLBACK))
    await ends(posted, State.CONFIRMED)

    await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, True)]


@virtual
async def test_a_workflow_whose_time_is_over_is_given_up() -> None:
    posted = world()
    await left(posted, groups=GROUPS, resume=CALLBACK)
    await ends(posted, State.HELD)

    await asyncio.sleep(CALLBACK_MAX_WAIT.total_seconds() + 1)
    await do_due(posted.context)

    assert (posted.directory.resumed, results(posted)) == ([], ["given_up"])
    assert await follow_ups.load_all(posted.store) == []


@virtual
async def test_an_outage_of_graph_delays_the_answer_alone() -> None:
    posted = world()
    posted.directory.refusals["resume_task"] = [
        TemporaryError("Graph answered 503", timedelta(seconds=5))
    ]
    await left(posted, groups=GROUPS, resume=CALLBACK)
    await ends(posted, State.CONFIRMED)

    await do_due(posted.context)
    await asyncio.sleep(600)
    await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, True)]
    assert results(posted) == ["postponed", "completed"]


@virtual
async def test_an_event_that_comes_again_still_knows_the_group_that_was_left() -> None:
    posted = world()
    await posted.is_discovered()
    posted.directory.join(ENGINEERING, user(1))
    posted.bus.down = True
    leaves = event(OFFBOARD, users=[ref(1)], resume=CALLBACK)
    with pytest.raises(TemporaryError):
        await posted.posts(leaves)
    posted.bus.down = False
    await posted.ensures()

    await posted.posts(leaves)
    await posted.looks_again()
    await do_due(posted.context)

    assert posted.directory.resumed == []
    await ends(posted, State.CONFIRMED)
    await do_due(posted.context)
    assert posted.directory.resumed == [(CALLBACK, True)]


@virtual
async def test_a_workflow_goes_on_whose_user_is_seen_as_deleted_before_the_second_look() -> None:
    """The first look knows no removal of them: their deletion is found a moment later."""
    posted = world()
    await posted.is_discovered()
    await posted.context.roster.add(TOTAL, [user(1)], posted.now())
    posted.directory.delete(user(1))
    await posted.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await posted.ledger.record([found(OWN_ACCOUNT, user(1), Action.DELETED, 1)])
    await posted.looks_again()
    await do_due(posted.context)
    assert posted.directory.resumed == []

    removal = await posted.row(OWN_ACCOUNT, user(1))
    await posted.ledger.move([removal], lambda row: replace(row, state=State.DONE_BY_CYCLE))
    await do_due(posted.context)

    assert posted.directory.resumed == [(CALLBACK, True)]
