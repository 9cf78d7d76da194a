"""In which order calls are made, and what one call may serve."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, Action, Change
from hasten.domain.planning import (
    AssignmentStatus,
    Call,
    GrantsBy,
    group_into_calls,
    in_turn,
    is_asked,
    is_refused_for_long,
    reachable,
    route_of,
)
from hasten.limits import MAX_MEMBERS_PER_CALL, MAX_RETRY_AFTER
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, of_person, removal, seconds

GROUP, OTHER = GROUPS
UNASSIGNED, ASSIGNED = AssignmentStatus.UNASSIGNED, AssignmentStatus.ASSIGNED
DISABLED, DELETED = AssignmentStatus.DISABLED, AssignmentStatus.DELETED


def planned(
    *rows: Change, standing: AssignmentStatus = ASSIGNED, by: GrantsBy = GrantsBy.GROUP
) -> list[Call]:
    return group_into_calls(rows, standings=dict.fromkeys(USERS, standing), grants_by=by)


def test_within_a_call_the_member_that_an_operator_waits_for_comes_first() -> None:
    rows = [change(n, age=9 - n) for n in range(MAX_MEMBERS_PER_CALL)]
    asked = change(9, on_request=True)

    first, second = planned(*rows, asked)

    assert first.changes == (asked, *rows[:-1])
    assert second.changes == (rows[-1],)
    assert (first.is_on_request, second.is_on_request) == (True, False)


def test_calls_come_in_the_order_of_their_oldest_change() -> None:
    young, old, oldest = change(1, age=1), change(2, OTHER, age=5), change(3, DIRECT, age=9)

    calls = planned(young, old, oldest)

    assert [call.changes for call in calls] == [(oldest,), (old,), (young,)]
    assert [call.group for call in calls] == [None, OTHER, GROUP]


@pytest.mark.parametrize(("count", "sizes"), [(5, [5]), (6, [5, 1]), (10, [5, 5]), (11, [5, 5, 1])])
def test_a_call_names_at_most_five_members(count: int, sizes: list[int]) -> None:
    assert [len(call.changes) for call in planned(*map(change, range(count)))] == sizes


@pytest.mark.parametrize(("count", "has_room"), [(4, True), (5, False)])
def test_a_grant_of_a_group_has_room_below_five_members(count: int, *, has_room: bool) -> None:
    call = Call(GROUP, tuple(map(change, range(count))))

    assert call.has_room is has_room
    assert not replace(call, group=None).has_room
    assert not Call(GROUP, (removal(),)).has_room
    assert not Call(GROUP, (change(alone=True),)).has_room
    assert (call.then_group, call.disables) == (False, False)


def test_one_user_call_serves_all_of_a_user_whatever_is_marked_alone() -> None:
    rows = [change(1, GROUP, alone=True), change(1, OTHER), change(2, GROUP)]

    calls = planned(*rows, by=GrantsBy.USER)
    grouped = planned(*rows)

    assert {call.users for call in calls} == {frozenset({USERS[1]}), frozenset({USERS[2]})}
    assert sorted(len(call.changes) for call in calls) == [1, 2]
    assert sorted(len(call.changes) for call in grouped) == [1, 1, 1]


@pytest.mark.parametrize(
    ("standing", "group", "disables"),
    [(UNASSIGNED, None, True), (ASSIGNED, GROUP, False)],
)
def test_a_leaver_without_an_assignment_is_called_to_be_disabled(
    standing: AssignmentStatus, group: str | None, *, disables: bool
) -> None:
    [call] = planned(removal(), standing=standing)
    [direct] = planned(removal(group=DIRECT), standing=standing)

    assert (call.group, call.disables) == (group, disables)
    assert (direct.group, direct.disables) == (None, disables)
    assert call.is_removal


@pytest.mark.parametrize(
    ("standing", "contradicted", "is_called"),
    [(DISABLED, 0, False), (DISABLED, 1, True), (DELETED, 1, False), (UNASSIGNED, 1, False)],
)
def test_a_disabled_leaver_is_asked_about_once_the_cycle_failed(
    standing: AssignmentStatus, contradicted: int, *, is_called: bool
) -> None:
    row = removal(contradicted=contradicted)

    assert is_asked(row, standing) is is_called
    calls = planned(row, standing=standing)
    assert bool(calls) is (is_called or standing is UNASSIGNED)
    assert all(call.disables for call in calls)
    assert [call.only_asks for call in calls] == [is_called] * len(calls)


def test_a_leaver_whose_standing_is_unknown_is_not_called() -> None:
    assert group_into_calls([removal()], standings={}, grants_by=GrantsBy.GROUP) == []


@pytest.mark.parametrize(
    ("row", "by", "group", "then_group"),
    [
        (change(), GrantsBy.USER_THEN_GROUP, None, True),
        (change(user_called=True), GrantsBy.USER_THEN_GROUP, GROUP, False),
        (change(group=DIRECT), GrantsBy.GROUP, None, False),
        (change(), GrantsBy.USER, None, False),
        (of_person(Action.ENABLED, route=(GROUP,)), GrantsBy.USER, GROUP, False),
        (of_person(Action.ENABLED, route=(DIRECT, GROUP)), GrantsBy.GROUP, None, False),
        (of_person(Action.ENABLED, route=(GROUP,), served=1), GrantsBy.GROUP, None, False),
        (of_person(Action.UPDATED), GrantsBy.USER_THEN_GROUP, None, False),
    ],
)
def test_a_grant_is_called_by_the_user_or_the_group(
    row: Change, by: GrantsBy, group: str | None, *, then_group: bool
) -> None:
    [call] = planned(row, by=by)

    assert (call.group, call.then_group, call.disables) == (group, then_group, False)


def test_a_route_gives_all_access_again() -> None:
    through = [OTHER, DIRECT, GROUP]

    assert route_of(through, GrantsBy.GROUP) == (GROUP, OTHER)
    assert route_of([DIRECT], GrantsBy.GROUP) == (DIRECT,)
    assert route_of(through, GrantsBy.USER) == (DIRECT,)
    assert route_of(through, GrantsBy.USER_THEN_GROUP) == (DIRECT, GROUP, OTHER)


def test_probes_alternate_and_those_called_longest_ago_come_first() -> None:
    def probe(row: Change, ago: float | None) -> Call:
        called = None if ago is None else NOW - seconds(ago)
        return Call(GROUP, (replace(row, called_at=called),))

    last_grant, old_grant = probe(change(1), 1), probe(change(2), 50)
    new_grant, old_removal, removal_9 = (
        probe(change(3), None),
        probe(removal(4), 90),
        probe(removal(5), 9),
    )
    calls = [last_grant, removal_9, old_grant, old_removal, new_grant]

    assert in_turn(calls) == [old_removal, new_grant, removal_9, old_grant, last_grant]
    assert in_turn([new_grant, probe(removal(6), None)])[0] == new_grant
    new_removal = probe(removal(6), None)
    newest = probe(removal(7), 0)
    mixed = [last_grant, newest, old_grant, new_removal, old_removal]
    assert in_turn(mixed) == [new_removal, old_grant, old_removal, last_grant, newest]
    assert in_turn([old_removal, old_grant, new_removal])[0] == new_removal
    assert in_turn([old_grant, removal_9, new_removal])[0] == new_removal
    assert in_turn([removal_9, old_grant]) == [old_grant, removal_9]
    assert in_turn([removal_9, old_grant], answered_at=NOW - seconds(9)) == [old_grant, removal_9]
    assert in_turn([removal_9, old_grant], answered_at=NOW) == [removal_9, old_grant]
    assert in_turn([]) == []
    shared = Call(GROUP, (change(1), change(2, called_at=NOW)))
    assert in_turn([shared, old_grant]) == [old_grant, shared]


@pytest.mark.parametrize(
    ("reason", "after", "is_refused"),
    [
        ("HTTP 429 TooManyRequests", MAX_RETRY_AFTER, True),
        ("HTTP 429 TooManyRequests", MAX_RETRY_AFTER - seconds(1), False),
        ("HTTP 503", MAX_RETRY_AFTER, False),
        ("HTTP 429", None, False),
    ],
)
def test_a_change_is_refused_for_long_after_the_longest_pause(
    reason: str, after: timedelta | None, *, is_refused: bool
) -> None:
    row = removal(reason=reason, called_at=None if after is None else NOW + after)

    assert is_refused_for_long(row) is is_refused


def test_changes_of_users_in_a_call_under_way_wait() -> None:
    assert reachable([change(1), change(2)], {USERS[1]}) == [change(2)]
