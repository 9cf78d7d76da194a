"""A grant that waits goes before a target that called more often, in a window that they share."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.clocks import Stamp
from hasten.domain.shared_pace import (
    CLAIM_OUTLASTS_WAIT,
    PACED_WINDOW,
    SharedPace,
    TargetCall,
)
from tests.unit.domain.rows import NOW, seconds
from tests.unit.domain.test_shared_pace import A, B, full


def test_a_grant_that_waits_goes_before_those_of_a_target_that_called_more_often() -> None:
    free = full().free_at(B, NOW)
    waits = full().in_turn(A, NOW)

    assert not waits.lets_through(B, free, is_removal=False)
    assert waits.lets_through(B, free, is_removal=True)
    assert waits.lets_through(A, free, is_removal=False)
    assert waits.with_call(A, free).lets_through(B, free, is_removal=False)
    assert waits.lets_through(B, waits.waiting[A], is_removal=False)


def test_of_two_targets_that_wait_only_the_one_that_called_more_often_yields() -> None:
    both = full(A).with_call(B, NOW - seconds(1)).in_turn(A, NOW).in_turn(B, NOW)
    free = max(both.free_at(name, NOW) for name in (A, B))

    assert both.lets_through(B, free, is_removal=False)
    assert not both.lets_through(A, free, is_removal=False)


@given(st.integers(0, 5), st.integers(0, 5))
def test_at_a_free_slot_one_of_two_targets_that_wait_may_call(of_a: int, of_b: int) -> None:
    pace = SharedPace()
    for target in [A] * of_a + [B] * of_b:
        pace = pace.with_call(target, NOW)
    pace = pace.in_turn(A, NOW).in_turn(B, NOW)
    free = max(pace.free_at(name, NOW) for name in (A, B))

    assert any(pace.lets_through(name, free, is_removal=False) for name in (A, B))


def test_a_turn_is_asked_for_once_a_window() -> None:
    waits = full().in_turn(A, NOW)

    assert full().needs_turn(A, NOW)
    assert not waits.needs_turn(A, NOW)
    assert waits.needs_turn(A, waits.waiting[A] - CLAIM_OUTLASTS_WAIT / 4)


def test_a_call_of_another_process_is_no_younger_than_when_it_was_read_first() -> None:
    stored = replace(full(), calls=tuple(TargetCall(B, Stamp(NOW, NOW, "b")) for _ in range(5)))
    first = stored.seen_by(SharedPace(clock="a"), NOW + seconds(0.1))

    again = stored.seen_by(first, NOW + seconds(5))

    assert again.free_at(A, NOW) == first.free_at(A, NOW) == NOW + seconds(0.1) + PACED_WINDOW
    assert stored.seen_by(SharedPace(clock="a"), NOW + seconds(5)).free_at(A, NOW) > again.free_at(
        A, NOW
    )
