"""The demo's numbers: what counts as Hasten's own time, and what would be called a failure."""

from typing import Any

import pytest

from emulator.demo.measure import (
    Call,
    Change,
    called_too_often,
    calls,
    course,
    full,
    merged,
    percentile,
)

GROUP, OTHER = "engineering", "admin"


def joiner(user: str = "ada", *, at: float = 0.0, removed: bool = False) -> Change:
    return Change(what="x", user=user, name=user, group=GROUP, removed=removed, at=at)


def call(at: float, *users: str, group: str | None = GROUP, takes: float = 3.0) -> Call:
    return Call(at=at, ended_at=at + takes, group=group, users=frozenset(users))


def told(at: float, *users: str, removed: tuple[str, ...] = (), group: str = GROUP) -> Any:
    return {
        "at": at,
        "delivered": True,
        "group": group,
        "users": [*users, *removed],
        "removed": list(removed),
    }


def wrote(at: float, user: str, what: str = "join", group: str = GROUP) -> Any:
    return {"at": at, "user": user, "what": what, "group": group}


def test_own_time_runs_from_the_notification_to_the_call() -> None:
    change = joiner(at=1.0)

    found = course(change, [told(1.5, "ada")], [call(1.75, "ada")], [wrote(4.0, "ada")])

    assert (found.own, found.held, found.in_app_at) == (0.25, 0.0, 4.0)


def test_time_in_which_graph_allows_no_call_is_held_and_not_own() -> None:
    earlier = [call(float(second), f"u{second}") for second in range(5)]

    found = course(joiner(at=5.0), [told(5.0, "ada")], [*earlier, call(10.25, "ada")], [])

    assert (found.held, found.own) == (5.0, 0.25)


def test_time_in_which_the_same_person_is_called_already_is_held() -> None:
    first = call(1.0, "ada", group=OTHER, takes=4.0)

    found = course(joiner(at=2.0), [told(2.0, "ada")], [first, call(5.5, "ada")], [])

    assert (found.held, found.own) == (3.0, 0.5)


def test_a_change_that_nobody_called_has_no_own_time() -> None:
    assert course(joiner(), [told(1.0, "ada")], [call(2.0, "bob")], []).own is None


def test_a_removal_is_served_by_a_call_on_the_user_and_a_joiner_is_not() -> None:
    on_user = [call(2.0, "ada", group=None)]

    left = course(joiner(removed=True), [told(1.0, removed=("ada",))], on_user, [])
    joined = course(joiner(), [told(1.0, "ada")], on_user, [])

    assert left.call is on_user[0]
    assert joined.call is None


def test_a_notification_of_the_other_side_is_not_the_one() -> None:
    found = course(joiner(), [told(1.0, removed=("ada",))], [call(2.0, "ada")], [])

    assert found.notified_at is None


def test_calls_that_graph_refused_do_not_count() -> None:
    subject = {"objectId": "ada", "objectTypeName": "User"}
    request = {
        "body": {"parameters": [{"subjects": [subject]}]},
        "started_at": 1.0,
        "ended_at": 2.0,
    }

    taken = calls([{**request, "throttled": True}, {**request, "throttled": False}])

    assert taken == [call(1.0, "ada", group=None, takes=1.0)]


def test_the_window_is_full_from_its_fifth_call_until_its_first_is_ten_seconds_old() -> None:
    spread = [call(at, "x") for at in (0.0, 1.0, 2.0, 3.0, 4.0, 10.5)]

    assert full(spread) == [(4.0, 10.0), (10.5, 11.0)]
    assert full(spread[:4]) == []


def test_overlapping_stretches_are_counted_once() -> None:
    assert merged([(4.0, 6.0), (0.0, 2.0), (1.0, 3.0)]) == [(0.0, 3.0), (4.0, 6.0)]


def test_calls_are_counted_until_the_change_is_in_the_app() -> None:
    named = [call(1.0, "ada"), call(16.0, "ada", "bob"), call(46.0, "ada")]

    found = course(joiner(), [told(0.5, "ada")], named, [wrote(18.0, "ada")])

    assert (found.calls, found.in_app_at) == (2, 18.0)
    assert called_too_often([found], most=2) == []
    assert called_too_often([found], most=1) == ["ada"]


@pytest.mark.parametrize(
    ("write", "at"),
    [
        (wrote(3.0, "ada", "leave"), 3.0),
        (wrote(3.0, "ada", "disable"), 3.0),
        (wrote(3.0, "ada", "leave", OTHER), None),
        (wrote(3.0, "ada", "join", OTHER), None),
    ],
)
def test_only_a_write_that_takes_the_access_brings_a_removal_about(
    write: Any, at: float | None
) -> None:
    gone = told(1.0, removed=("ada",))

    assert course(joiner(removed=True), [gone], [call(2.0, "ada")], [write]).in_app_at == at


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (95, 4.0), (1, 1.0)])
def test_percentiles_are_the_nearest_rank(percent: int, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == value
