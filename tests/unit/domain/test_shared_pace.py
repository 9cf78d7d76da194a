"""One window for all targets: at most 5 calls in any 10 s, and revocations go first."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.clocks import Stamp
from hasten.domain.pacing import Pace
from hasten.domain.shared_pace import (
    CLAIM_OUTLASTS_WAIT,
    PACED_WINDOW,
    SHARED_FOR,
    WAIT_PER_RECENT_CALL,
    LimitScope,
    SharedPace,
    TargetCall,
    shows_shared_limit,
)
from hasten.limits import CALLS_PER_WINDOW
from tests.unit.domain.rows import NOW, seconds

A, B = "A", "B"


def full(target: str = B, at: datetime = NOW) -> SharedPace:
    pace = SharedPace()
    for _ in range(CALLS_PER_WINDOW):
        pace = pace.with_call(target, at)
    return pace


def calls(*after: float, clock: str = "") -> Pace:
    return Pace(calls=tuple(Stamp.own(NOW + seconds(second), clock) for second in after))


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.booleans(), st.floats(0, 12)), max_size=60))
def test_no_ten_seconds_see_more_than_five_calls_of_all_targets(
    asked: list[tuple[str, bool, float]],
) -> None:
    pace, now, made = SharedPace(), NOW, list[datetime]()

    for target, is_removal, pause in asked:
        now += seconds(pause)
        if pace.lets_through(target, now, is_removal=is_removal):
            pace = pace.with_call(target, now)
            made.append(now)
        elif is_removal:
            pace = pace.claimed(target, now)

    spans = [b - a for a, b in zip(made, made[CALLS_PER_WINDOW:], strict=False)]
    assert all(span >= PACED_WINDOW for span in spans)


def test_a_slot_that_frees_goes_to_a_revocation_before_the_grants_of_others() -> None:
    pace = full().claimed(A, NOW + seconds(3))
    free = pace.free_at(B, NOW)

    assert not pace.lets_through(B, free, is_removal=False)
    assert pace.lets_through(A, free, is_removal=True)
    assert pace.lets_through(B, free, is_removal=True)


def test_a_claim_ends_with_the_last_revocation() -> None:
    pace = full().claimed(A, NOW)
    free = pace.free_at(B, NOW)

    more = pace.with_call(A, free, keeps_claim=True)
    last = more.with_call(A, free)

    assert not more.lets_through(B, free + WAIT_PER_RECENT_CALL, is_removal=False)
    assert last.lets_through(B, free + WAIT_PER_RECENT_CALL, is_removal=False)


def test_a_claim_that_nobody_takes_up_ages_out() -> None:
    pace = full().claimed(A, NOW)
    ends = pace.free_at(A, NOW) + CLAIM_OUTLASTS_WAIT

    assert not pace.lets_through(B, ends - seconds(0.1), is_removal=False)
    assert pace.lets_through(B, ends, is_removal=False)


def test_a_claim_is_renewed_before_it_ends_and_not_at_each_look() -> None:
    pace = full().claimed(A, NOW)

    assert full().needs_claim(A, NOW)
    assert not pace.needs_claim(A, NOW + seconds(9))
    assert pace.throttled(NOW + seconds(60)).needs_claim(A, NOW)


def test_the_target_that_made_fewer_calls_may_ask_first() -> None:
    pace = full(B)

    assert pace.free_at(A, NOW) == NOW + PACED_WINDOW
    assert pace.free_at(B, NOW) == NOW + PACED_WINDOW + CALLS_PER_WINDOW * WAIT_PER_RECENT_CALL


def test_a_free_slot_is_free_at_once() -> None:
    pace = SharedPace().with_call(B, NOW)

    assert pace.free_at(B, NOW) == NOW
    assert pace.used(NOW) == 1


def test_no_target_calls_before_a_retry_after_has_passed() -> None:
    pace = SharedPace().throttled(NOW + seconds(20)).throttled(NOW + seconds(5))

    assert pace.free_at(A, NOW) == NOW + seconds(20)
    assert not pace.lets_through(A, NOW + seconds(19), is_removal=True)


def test_a_call_that_left_late_counts_from_then() -> None:
    pace = full().departed(TargetCall(B, Stamp.own(NOW)), NOW + seconds(4))

    assert pace.used(NOW + PACED_WINDOW) >= 1


def test_calls_are_planned_for_the_share_of_the_target() -> None:
    alone = full(A).times(NOW, 10)
    together = full(A).with_call(B, NOW).times(NOW, 10)

    assert together[-1] - NOW > alone[-1] - NOW


def test_calls_are_forgotten_after_two_windows() -> None:
    pace = full(B).with_call(A, NOW + 2 * PACED_WINDOW)

    assert pace.calls == (TargetCall(A, Stamp.own(NOW + 2 * PACED_WINDOW)),)


# --- auto ---


def test_the_targets_share_the_limit_for_a_day() -> None:
    pace = SharedPace().shared(NOW, NOW + seconds(3))
    ends = NOW + SHARED_FOR

    def in_auto(at: datetime) -> bool:
        return pace.is_shared(LimitScope.AUTO, at)

    assert in_auto(NOW)
    assert in_auto(ends - seconds(1))
    assert not in_auto(ends)
    assert pace.is_over(ends)


def test_nobody_calls_for_one_window_after_the_targets_begin_to_share() -> None:
    assert SharedPace().shared(NOW, NOW + seconds(3)).free_at(A, NOW) == NOW + PACED_WINDOW
    assert SharedPace().shared(NOW, NOW + seconds(60)).free_at(A, NOW) == NOW + seconds(60)


@pytest.mark.parametrize("scope", LimitScope)
def test_before_any_call_was_refused_only_the_scope_tenant_shares(scope: LimitScope) -> None:
    assert SharedPace().is_shared(scope, NOW) is (scope is LimitScope.TENANT)


def test_the_scope_target_never_shares() -> None:
    assert not SharedPace().shared(NOW, NOW).is_shared(LimitScope.TARGET, NOW)


@pytest.mark.parametrize(
    ("own", "others"),
    [
        (calls(0), [calls(-1, -2, -3, -4, -5)]),
        (calls(0, -1), [calls(-2, -3), calls(-4, -9)]),
    ],
)
def test_a_refusal_that_the_calls_of_others_explain_shows_a_shared_limit(
    own: Pace, others: list[Pace]
) -> None:
    assert shows_shared_limit(NOW, own, others)


@pytest.mark.parametrize(
    ("own", "others"),
    [
        (calls(0), [calls(-1, -2, -3, -4)]),
        (calls(0), []),
        (calls(0), [calls(-11, -11, -11, -11, -11)]),
        (calls(0), [calls(1, 2, 3, 4, 5)]),
        (calls(0, -1, -2, -3, -4, -5), [calls(-1)]),
    ],
)
def test_any_other_refusal_shows_nothing(own: Pace, others: list[Pace]) -> None:
    assert not shows_shared_limit(NOW, own, others)


def test_a_claim_outlasts_the_reads_before_a_call_by_seconds_only() -> None:
    assert timedelta(seconds=1) < CLAIM_OUTLASTS_WAIT < PACED_WINDOW


def test_a_call_that_left_late_takes_the_place_of_itself_and_of_no_other() -> None:
    pace = SharedPace().with_call(A, NOW).with_call(B, NOW)

    moved = pace.departed(TargetCall(B, Stamp.own(NOW)), NOW + seconds(4))

    assert moved.calls == (
        TargetCall(A, Stamp.own(NOW)),
        TargetCall(B, Stamp.own(NOW + seconds(4))),
    )


def test_targets_count_as_callers_for_two_windows() -> None:
    ends = NOW + 2 * PACED_WINDOW
    pace = SharedPace(calls=(TargetCall(A, Stamp.own(ends)), TargetCall(B, Stamp.own(NOW))))
    instant = timedelta(microseconds=1)

    def slots(at: datetime) -> list[float]:
        return [(time - at) / PACED_WINDOW for time in pace.times(at, CALLS_PER_WINDOW)]

    assert slots(ends - instant)[-1] == 1
    assert slots(ends)[-1] == 0
    assert SharedPace().times(NOW, 2) == [NOW, NOW]
    assert pace.free_at(B, ends) == ends
    many = SharedPace(calls=(TargetCall(A, Stamp.own(NOW)),) * 5)
    late = NOW + PACED_WINDOW + seconds(0.15)
    assert many.free_at(A, late - instant) == late
    assert many.with_call(B, ends - instant).calls[0] == TargetCall(A, Stamp.own(NOW))


def test_a_target_keeps_the_claims_of_others_that_have_not_ended() -> None:
    claims = {A: NOW + seconds(9), B: NOW + seconds(9), "C": NOW}
    pace = SharedPace(claims=claims, waiting=claims)

    assert set(pace.with_call(A, NOW).claims) == {B}
    assert set(pace.with_call(A, NOW, keeps_claim=True).claims) == {A, B}
    assert set(pace.with_call(A, NOW, keeps_claim=True).waiting) == {B}


def test_a_claim_and_a_turn_are_missing_from_half_of_their_time_before_a_slot_is_free() -> None:
    until = NOW + CLAIM_OUTLASTS_WAIT / 2
    early = until - seconds(0.001)

    assert not SharedPace(claims={A: until}).needs_claim(A, NOW)
    assert SharedPace(claims={A: early}).needs_claim(A, NOW)
    assert not SharedPace(waiting={A: until}).needs_turn(A, NOW)
    assert SharedPace(waiting={A: early}).needs_turn(A, NOW)


def test_a_target_yields_for_the_calls_that_it_made_in_two_windows() -> None:
    ends = NOW + 2 * PACED_WINDOW
    others = (TargetCall(A, Stamp.own(ends)),) * CALLS_PER_WINDOW

    waits = [
        SharedPace(calls=(TargetCall(B, Stamp.own(at)), *others)).free_at(B, ends) - ends
        for at in (NOW, NOW + timedelta(microseconds=1))
    ]

    assert waits == [PACED_WINDOW, PACED_WINDOW + WAIT_PER_RECENT_CALL]


@pytest.mark.parametrize(
    ("own", "others", "is_shown"),
    [
        ((0, -1, -2, -3, -4), (-5,), True),
        ((0, -1, -2, -3), (-5,), False),
        ((0, -10.2), (-1, -2, -3, -4), True),
        ((0, -10.3), (-1, -2, -3, -4), False),
        ((0,), (0, -1, -2, -3, -4), True),
    ],
)
def test_the_calls_of_one_window_up_to_the_refused_one_count(
    own: tuple[float, ...], others: tuple[float, ...], *, is_shown: bool
) -> None:
    assert shows_shared_limit(NOW, calls(*own), [calls(*others)]) is is_shown


@pytest.mark.parametrize(
    ("others", "is_shown"),
    [
        ((2, 2, 1, 0, -1), True),
        ((2.1, 2, 1, 0, -1), False),
        ((-9, -10, -11, -12, -12.2), True),
        ((-9, -10, -11, -12, -12.3), False),
    ],
)
def test_a_call_of_another_process_counts_as_far_as_its_clock_may_be_wrong(
    others: tuple[float, ...], *, is_shown: bool
) -> None:
    assert shows_shared_limit(NOW, calls(0), [calls(*others, clock="other")]) is is_shown
