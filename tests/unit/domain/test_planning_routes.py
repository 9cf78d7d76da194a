"""Which kind of call serves a change: the group's or the user's."""

from dataclasses import replace

import pytest

from hasten.domain.changes import DIRECT, Change
from hasten.domain.planning import AssignmentStatus, Call, GrantsBy, group_into_calls, reachable
from tests.unit.domain.rows import GROUPS, USERS, change, removal

ENGINEERING, ADMIN = GROUPS


def planned(
    *rows: Change,
    grants_by: GrantsBy = GrantsBy.GROUP,
    standing: AssignmentStatus | None = AssignmentStatus.ASSIGNED,
) -> list[Call]:
    where = {} if standing is None else dict.fromkeys(USERS, standing)
    return group_into_calls(rows, standings=where, grants_by=grants_by)


def test_a_joiner_is_called_by_the_group() -> None:
    joiner = change()

    assert planned(joiner) == [Call(ENGINEERING, (joiner,))]


def test_where_the_user_call_grants_one_call_serves_all_groups_of_the_user() -> None:
    first, second = change(0, ENGINEERING, age=2), change(0, ADMIN, age=1)

    assert planned(first, second, grants_by=GrantsBy.USER) == [Call(None, (first, second))]


def test_user_then_group_calls_the_user_first() -> None:
    joiner = change()

    assert planned(joiner, grants_by=GrantsBy.USER_THEN_GROUP) == [
        Call(None, (joiner,), then_group=True)
    ]


def test_user_then_group_calls_the_group_once_the_user_call_has_succeeded() -> None:
    joiner = change(user_called=True)

    assert planned(joiner, grants_by=GrantsBy.USER_THEN_GROUP) == [Call(ENGINEERING, (joiner,))]


@pytest.mark.parametrize("grants_by", GrantsBy)
def test_a_direct_assignment_is_always_called_by_the_user(grants_by: GrantsBy) -> None:
    first, second = change(0, DIRECT, age=2), change(1, DIRECT, age=1)

    calls = planned(first, second, grants_by=grants_by)

    assert [(call.group, call.changes) for call in calls] == [(None, (first,)), (None, (second,))]


@pytest.mark.parametrize("grants_by", GrantsBy)
def test_a_leaver_who_keeps_no_assignment_is_called_as_a_user(grants_by: GrantsBy) -> None:
    leaver = removal()

    calls = planned(leaver, grants_by=grants_by, standing=AssignmentStatus.UNASSIGNED)

    assert calls == [Call(None, (leaver,), disables=True)]


@pytest.mark.parametrize("grants_by", [GrantsBy.GROUP, GrantsBy.USER_THEN_GROUP])
def test_a_leaver_who_stays_assigned_elsewhere_is_named_in_the_group_call(
    grants_by: GrantsBy,
) -> None:
    leaver = removal()

    assert planned(leaver, grants_by=grants_by) == [Call(ENGINEERING, (leaver,))]


def test_where_the_user_call_grants_it_also_revokes() -> None:
    leaver = removal()

    assert planned(leaver, grants_by=GrantsBy.USER) == [Call(None, (leaver,))]


@pytest.mark.parametrize("standing", [AssignmentStatus.DISABLED, AssignmentStatus.DELETED, None])
def test_a_leaver_out_of_reach_is_not_called_and_holds_nobody_up(
    standing: AssignmentStatus | None,
) -> None:
    leaver, joiner = removal(0, age=9), change(1)

    assert planned(leaver, joiner, standing=standing) == [Call(ENGINEERING, (joiner,))]


def test_a_joiner_is_called_whatever_the_user_standing_was_when_last_read() -> None:
    joiner = change()

    assert planned(joiner, standing=AssignmentStatus.DISABLED) == [Call(ENGINEERING, (joiner,))]


def test_a_burst_of_23_joiners_takes_five_calls() -> None:
    burst = [replace(change(), user=f"user {n}") for n in range(23)]

    assert [len(call.changes) for call in planned(*burst)] == [5, 5, 5, 5, 3]


def test_a_removal_is_called_before_an_older_addition() -> None:
    joiner, leaver = change(0, age=60), removal(1, age=1)

    assert [call.is_removal for call in planned(joiner, leaver)] == [True, False]


def test_a_change_that_an_operator_waits_for_is_called_before_older_ones() -> None:
    older, asked = change(0, age=60), replace(change(1, GROUPS[1], age=1), on_request=True)

    first, second = planned(older, asked)

    assert (first.changes, second.changes) == ((asked,), (older,))


def test_users_of_a_call_under_way_are_left_out() -> None:
    first, second, third = change(0), change(1), change(0, ADMIN)

    assert reachable([first, second, third], busy={USERS[0]}) == [second]
