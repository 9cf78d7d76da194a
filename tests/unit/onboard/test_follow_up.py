"""What an offboarding event wants besides the revocation, which it never delays."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Action, Cause, State
from hasten.domain.follow_ups import CALLBACK_MAX_WAIT
from hasten.domain.history import EntryKind, Filter
from hasten.errors import PermanentError, TemporaryError
from hasten.onboard.follow_up import DENIED_NEXT_ACTION, do_due
from hasten.operate.stop import start, stop
from hasten.policy import Allowance
from hasten.records import follow_ups
from hasten.records.stops import ALL_TARGETS
from hasten.targets import Mode
from tests.support.lifecycle import CALLBACK
from tests.support.posting import GROUP, OFFBOARD, Posting, event, ref, total
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, found, user

GROUPS = [GROUP]


def world(*, sessions: Allowance = Allowance.ALLOW, mode: Mode = Mode.ACT) -> Posting:
    return Posting(target=total(revoke_sessions=sessions, mode=mode))


async def left(world: Posting, **data: Any) -> None:
    """Somebody in the group whom an event takes out of it."""
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)], **data))


def results(world: Posting) -> list[str]:
    return world.results("follow_up")


# --- sign-in sessions ---


@virtual
async def test_the_sessions_of_a_leaver_end_beside_the_revocation() -> None:
    posted = world()

    await left(posted, groups=GROUPS, revokeSessions=True)

    assert posted.directory.sessions_ended == [user(1)]
    assert await posted.wanted(ENGINEERING, 1) == "absent"
    assert await follow_ups.load_all(posted.store) == []
    page = await posted.context.history.newest(
        9, matches=Filter(kinds=frozenset({EntryKind.FOLLOWED_UP}))
    )
    [entry] = page.entries
    assert (entry.user, entry.action, entry.result) == (user(1), "sessions", "ended")
    assert entry.causes == (Cause("/hr", "1"),)
    assert results(posted) == ["ended"]


@virtual
async def test_sessions_end_only_where_the_event_and_the_policy_say_so() -> None:
    silent, denied = world(), world(sessions=Allowance.DENY)

    await left(silent, groups=GROUPS)
    await left(denied, groups=GROUPS, revokeSessions=True)

    assert silent.directory.sessions_ended == denied.directory.sessions_ended == []
    assert (results(silent), results(denied)) == ([], ["denied"])
    assert await denied.wanted(ENGINEERING, 1) == "absent"
    [said] = [e for e in denied.events if e.name == "follow_up"]
    assert said.fields["reason"] == DENIED_NEXT_ACTION


@virtual
async def test_in_observe_mode_no_session_ends() -> None:
    posted = world(mode=Mode.OBSERVE)

    await left(posted, groups=GROUPS, revokeSessions=True)

    assert (posted.directory.sessions_ended, results(posted)) == ([], ["observed"])


@pytest.mark.parametrize(
    "error",
    [
        TemporaryError("Graph answered 503", timedelta(seconds=5)),
        PermanentError("Graph answered 403", "grant User.RevokeSessions.All"),
    ],
)
def test_an_error_of_graph_delays_no_revocation_and_a_timer_tries_again(error: Exception) -> None:
    @virtual
    async def run() -> None:
        posted = world()
        posted.directory.refusals["revoke_sessions"] = [error]

        await left(posted, groups=GROUPS, revokeSessions=True)

        assert await posted.wanted(ENGINEERING, 1) == "absent"
        assert posted.ensured()
        await asyncio.sleep(600)
        await do_due(posted.context)
        assert posted.directory.sessions_ended == [user(1)]
        assert results(posted) == ["postponed", "ended"]

    run()


@pytest.mark.parametrize(
    ("now_is", "result"),
    [
        ({"mode": Mode.OBSERVE}, "observed"),
        ({"revoke_sessions": Allowance.DENY}, "denied"),
        ({"name": "NEW"}, "postponed"),
    ],
)
@virtual
async def test_what_targets_yaml_says_when_hasten_tries_again_counts(
    now_is: dict[str, Any], result: str
) -> None:
    posted = world()
    posted.directory.refusals["revoke_sessions"] = [TemporaryError("503", timedelta(seconds=5))]
    await left(posted, groups=GROUPS, revokeSessions=True)
    await asyncio.sleep(600)
    posted.target = posted.target.model_copy(update=now_is)

    await do_due(posted.context)

    assert posted.directory.sessions_ended == []
    assert results(posted) == ["postponed", result]


@virtual
async def test_after_a_day_hasten_gives_up_and_says_so() -> None:
    posted = world()
    refused = PermanentError("Graph answered 403", "grant User.RevokeSessions.All")
    posted.directory.refusals["revoke_sessions"] = [refused] * 3
    await left(posted, groups=GROUPS, revokeSessions=True)

    await asyncio.sleep(25 * 3600)
    await do_due(posted.context)

    assert results(posted) == ["postponed", "given_up"]
    assert await follow_ups.load_all(posted.store) == []


@virtual
async def test_the_sessions_of_somebody_who_is_deleted_meanwhile_need_no_end() -> None:
    posted = world()
    posted.directory.refusals["revoke_sessions"] = [
        TemporaryError("Graph answered 503", timedelta(seconds=5))
    ]
    await left(posted, groups=GROUPS, revokeSessions=True)
    del posted.directory.assigned[user(1)]

    await asyncio.sleep(600)
    await do_due(posted.context)

    assert results(posted) == ["postponed", "gone"]


# --- workflows ---


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
