"""What holds for every plan, whatever the ledger holds."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from math import ceil
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.changes import Change
from hasten.domain.planning import AssignmentStatus, Call, GrantsBy, group_into_calls
from hasten.limits import MAX_MEMBERS_PER_CALL
from tests.unit.domain.rows import ledgers, standings

IN_REACH = {AssignmentStatus.ASSIGNED, AssignmentStatus.UNASSIGNED}

any_plan = given(ledgers(), standings(), st.sampled_from(GrantsBy))
Standings = Mapping[str, AssignmentStatus]


def planned(rows: list[Change], where: Standings, grants_by: GrantsBy) -> list[Call]:
    return group_into_calls(rows, standings=where, grants_by=grants_by)


def kind(call: Call) -> int:
    """Its place in the order of kinds."""
    return 0 if call.is_removal else 2 if call.changes[0].is_update else 1


@any_plan
def test_nothing_is_lost_and_nothing_is_called_twice(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    callable_rows = [r for r in rows if not r.is_removal or where.get(r.user) in IN_REACH]
    assert Counter(row for call in calls for row in call.changes) == Counter(callable_rows)


@any_plan
def test_a_group_call_names_at_most_five_members_of_that_one_group(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    for call in calls:
        if call.group is not None:
            assert len(call.users) <= len(call.changes) <= MAX_MEMBERS_PER_CALL == 5
            assert {row.called_group for row in call.changes} == {call.group}


@any_plan
def test_a_user_call_is_about_one_user_and_no_user_gets_two_of_a_kind(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    of_users = [call for call in calls if call.group is None]
    assert all(len(call.users) == 1 for call in of_users)
    assert max(Counter((c.users, kind(c)) for c in of_users).values(), default=1) == 1


@any_plan
def test_additions_removals_and_updates_never_share_a_call(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    assert all(len({(r.is_removal, r.is_update) for r in call.changes}) == 1 for call in calls)


@any_plan
def test_every_removal_is_called_before_any_addition_and_updates_come_last(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    kinds = [kind(call) for call in calls]
    assert kinds == sorted(kinds)


@any_plan
def test_among_calls_of_a_kind_the_oldest_change_comes_first(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    for earlier, later in pairwise(calls):
        if kind(earlier) == kind(later):
            assert earlier.since <= later.since


@any_plan
def test_nobody_overtakes_an_older_change_of_the_same_group(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    queues: dict[tuple[str, bool], list[Call]] = defaultdict(list)
    for call in calls:
        if call.group is not None and not call.changes[0].alone:
            queues[call.group, call.is_removal].append(call)
    for queue in queues.values():
        found = [row.found_at for call in queue for row in call.changes]
        assert found == sorted(found)


@any_plan
def test_a_change_marked_alone_has_a_group_call_of_its_own(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    of_groups = [call for call in calls if call.group is not None]
    assert all(len(c.changes) == 1 for c in of_groups if any(row.alone for row in c.changes))


@any_plan
def test_the_members_of_a_group_take_no_more_calls_than_they_must(
    rows: list[Change], where: Standings, grants_by: GrantsBy
) -> None:
    calls = planned(rows, where, grants_by)

    together = [c for c in calls if c.group is not None and not c.changes[0].alone]
    members: Counter[tuple[str | None, bool]] = Counter()
    for call in together:
        members[call.group, call.is_removal] += len(call.changes)
    least = {kind: ceil(count / MAX_MEMBERS_PER_CALL) for kind, count in members.items()}
    assert Counter((call.group, call.is_removal) for call in together) == least


@given(ledgers(), standings(), st.sampled_from(GrantsBy), st.randoms(use_true_random=False))
def test_the_order_in_which_the_ledger_lists_its_rows_does_not_matter(
    rows: list[Change], where: Standings, grants_by: GrantsBy, random: Random
) -> None:
    shuffled = random.sample(rows, len(rows))

    assert planned(shuffled, where, grants_by) == planned(rows, where, grants_by)
