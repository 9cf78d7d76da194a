"""A change of a user's own account: how it meets the ledger, which calls serve it, how it ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.account import Account
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Change, State
from hasten.domain.merging import newer
from hasten.domain.planning import AssignmentStatus, Call, GrantsBy, group_into_calls, route_of
from hasten.domain.proof import Says, proof
from hasten.domain.settlement import UPDATE_TRIES, settle
from hasten.domain.verdicts import Result, Verdict
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, CALL_AGAIN_DELAYS
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, of_person, removal, seconds

ENGINEERING, ADMIN = GROUPS
AGAIN = [Action.ENABLED, Action.RESTORED]
TAKES = [Action.DISABLED, Action.DELETED]


def settled(row: Change, verdict: Verdict | Result) -> Change:
    if isinstance(verdict, Result):
        verdict = Verdict(verdict)
    group = None if row.called_group == DIRECT else row.called_group
    return settle(row, Call(group, (row,)), verdict, now=NOW, backoff=lambda _: seconds(9))


def planned(*rows: Change, standing: AssignmentStatus) -> list[Call]:
    return group_into_calls(
        rows, standings=dict.fromkeys(USERS, standing), grants_by=GrantsBy.GROUP
    )


# --- the ledger ---


@pytest.mark.parametrize("action", TAKES)
def test_who_is_disabled_or_deleted_counts_as_a_removal_until_they_are_back(action: Action) -> None:
    out = of_person(action)
    back = of_person(Action.ENABLED, origin=2)

    assert out.is_removal
    assert newer(out, back) == back
    assert newer(back, replace(out, origin=3)) == replace(out, origin=3)


@pytest.mark.parametrize("action", AGAIN)
@pytest.mark.parametrize(
    "unsettled",
    [
        {"state": State.WAITING},
        {"state": State.CALLING},
        {"state": State.LEFT_TO_CYCLE, "needs_proof": True},
    ],
)
def test_an_update_does_not_replace_a_row_that_has_still_to_give_access_again(
    action: Action, unsettled: dict[str, Any]
) -> None:
    known = of_person(action, route=GROUPS, served=1, **unsettled)

    found = newer(known, of_person(Action.UPDATED, origin=2))

    assert found is not None
    assert (found.action, found.state, found.route) == (action, State.PENDING, ())


def test_an_update_after_access_was_given_again_is_a_change_of_its_own() -> None:
    known = of_person(Action.ENABLED, state=State.CONFIRMED)
    update = of_person(Action.UPDATED, origin=2)

    assert newer(known, update) == update


# --- calls ---


def test_an_update_is_served_by_a_user_call_after_all_other_calls() -> None:
    update, joiner, leaver = of_person(Action.UPDATED, 1, age=9), change(2), removal(3)

    calls = planned(update, joiner, leaver, standing=AssignmentStatus.ASSIGNED)

    assert [call.changes for call in calls] == [(leaver,), (joiner,), (update,)]
    assert calls[-1] == Call(None, (update,))


def test_those_who_are_back_share_the_call_of_their_group_with_its_joiners() -> None:
    back, joiner = of_person(Action.ENABLED, 1, route=(ENGINEERING,)), change(2)

    [call] = planned(back, joiner, standing=AssignmentStatus.ASSIGNED)

    assert call.group == ENGINEERING
    assert call.users == {USERS[1], USERS[2]}


@pytest.mark.parametrize(
    ("grants_by", "through", "route"),
    [
        (GrantsBy.GROUP, {ADMIN, ENGINEERING}, (ENGINEERING, ADMIN)),
        (GrantsBy.GROUP, {DIRECT, ENGINEERING}, (ENGINEERING,)),
        (GrantsBy.GROUP, {DIRECT}, (DIRECT,)),
        (GrantsBy.USER, {ADMIN, ENGINEERING}, (DIRECT,)),
        (GrantsBy.USER_THEN_GROUP, {ENGINEERING}, (DIRECT, ENGINEERING)),
    ],
)
def test_all_access_is_given_again_by_the_calls_that_grant_it(
    grants_by: GrantsBy, through: set[str], route: tuple[str, ...]
) -> None:
    assert route_of(through, grants_by) == route


@pytest.mark.parametrize("action", TAKES)
@pytest.mark.parametrize("standing", [AssignmentStatus.DISABLED, AssignmentStatus.DELETED])
def test_no_call_is_planned_for_who_is_out_of_reach(
    action: Action, standing: AssignmentStatus
) -> None:
    assert planned(of_person(action), standing=standing) == []


@pytest.mark.parametrize("action", TAKES)
def test_who_has_no_assignment_left_is_called_by_the_user(action: Action) -> None:
    row = of_person(action)

    calls = planned(row, standing=AssignmentStatus.UNASSIGNED)

    assert calls == [Call(None, (row,), disables=True)]


# --- what becomes of it ---


def test_one_call_after_the_other_gives_access_again() -> None:
    row = of_person(Action.RESTORED, route=GROUPS, attempts=2, alone=True)

    first = settled(row, Result.SUCCEEDED)
    second = settled(first, Result.SUCCEEDED)

    assert (first.state, first.called_group) == (State.PENDING, ADMIN)
    assert (first.attempts, first.alone) == (0, False)
    assert (second.state, second.needs_proof) == (State.SUCCEEDED, True)


@pytest.mark.parametrize("action", AGAIN)
def test_entra_may_not_know_yet_that_somebody_is_back(action: Action) -> None:
    row = of_person(action, route=(ENGINEERING,))
    long_ago = of_person(action, age=ASSIGNMENT_COUNTS_WITHIN.total_seconds(), route=(ENGINEERING,))

    waits = settled(row, Result.DISABLED)
    assert (waits.state, waits.due_at) == (State.WAITING, NOW + CALL_AGAIN_DELAYS[0])
    assert settled(long_ago, Result.DISABLED).state is State.LEFT_TO_CYCLE


def test_in_sync_ends_an_update_only_when_entra_had_time_to_see_it() -> None:
    in_sync = Verdict(Result.IN_SYNC, account=Account.ACTIVE)
    row = of_person(Action.UPDATED)
    for _ in range(UPDATE_TRIES):
        row = settled(row, in_sync)
        assert row.state is State.WAITING

    assert settled(row, in_sync).state is State.IN_SYNC
    assert settled(of_person(Action.UPDATED, age=600), in_sync).state is State.IN_SYNC


# --- the log ---


def entry(action: str, *, about: str = USERS[0], status: str = "success") -> dict[str, Any]:
    return {
        "activityDateTime": (NOW + timedelta(seconds=1)).isoformat(),
        "provisioningAction": action,
        "provisioningStatusInfo": {"status": status},
        "sourceIdentity": {"id": about},
    }


@pytest.mark.parametrize(
    ("row", "logged", "says"),
    [
        (of_person(Action.UPDATED), entry("update"), Says.CONFIRMED),
        (of_person(Action.UPDATED), entry("disable"), Says.NOTHING),
        (of_person(Action.UPDATED), entry("update", about=USERS[1]), Says.NOTHING),
        (of_person(Action.ENABLED, route=(ENGINEERING,)), entry("enable"), Says.CONFIRMED),
        (of_person(Action.ENABLED, route=(ENGINEERING,)), entry("update"), Says.NOTHING),
        (of_person(Action.DISABLED), entry("disable"), Says.CONFIRMED),
        (of_person(Action.DELETED), entry("delete"), Says.CONFIRMED),
        (of_person(Action.DISABLED), entry("update"), Says.NOTHING),
    ],
)
def test_only_an_entry_about_the_user_and_what_was_wanted_proves_it(
    row: Change, logged: dict[str, Any], says: Says
) -> None:
    assert proof(replace(row, called_at=NOW), [logged]).says is says


def test_the_log_is_asked_about_the_user_and_every_group_of_the_route() -> None:
    assert of_person(Action.ENABLED, route=GROUPS).subjects == {USERS[0], OWN_ACCOUNT, *GROUPS}


def test_somebody_who_is_back_and_stays_unknown_is_left_to_the_cycle() -> None:
    tries = len(CALL_AGAIN_DELAYS)
    rows = [of_person(Action.ENABLED, route=(ADMIN,), attempts=n) for n in (tries - 1, tries)]

    after = [settled(row, Result.DISABLED).state for row in rows]

    assert after == [State.WAITING, State.LEFT_TO_CYCLE]
