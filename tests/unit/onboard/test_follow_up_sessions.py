"""An offboarding event may end the sign-in sessions of the leaver, which never delays the
revocation."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Cause
from hasten.domain.history import EntryKind, Filter
from hasten.errors import PermanentError, TemporaryError
from hasten.onboard.follow_up import DENIED_NEXT_ACTION, do_due
from hasten.policy import Allowance
from hasten.records import follow_ups
from hasten.targets import Mode
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, user
from tests.unit.onboard.leavers import GROUPS, left, results, world


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
