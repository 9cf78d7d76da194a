"""Never more than 5 calls in any 10 s, never before Graph allows it, and never later than that."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.clocks import Stamp
from hasten.domain.pacing import GRANTS_SHARE_OF_HOUR, HOUR, Pace
from hasten.limits import CALL_WINDOW, CALL_WINDOW_MARGIN, CALLS_PER_WINDOW
from tests.unit.domain.rows import NOW, seconds

SPAN = CALL_WINDOW + CALL_WINDOW_MARGIN

pauses = st.one_of(st.just(0.0), st.floats(0, 2), st.floats(0, 30))
"""Seconds between the moments in which there is something to call."""


def full(pace: Pace | None = None) -> Pace:
    pace = pace or Pace()
    for _ in range(CALLS_PER_WINDOW):
        pace = pace.with_call(NOW)
    return pace


def made(pace: Pace, demand: list[float]) -> list[tuple[datetime, datetime]]:
    """When each call was wanted, and when it was made: as early as the pace allows."""
    times, now = [], NOW
    for pause in demand:
        wanted = now + seconds(pause)
        now = pace.free_at(wanted)
        pace = pace.with_call(now)
        times.append((wanted, now))
    return times


def apart(calls: list[datetime], limit: int) -> list[timedelta]:
    """From each call to the one `limit` calls later."""
    return [later - call for call, later in zip(calls, calls[limit:], strict=False)]


@given(st.lists(pauses, max_size=60))
def test_no_ten_seconds_see_more_than_five_calls(demand: list[float]) -> None:
    calls = [call for _, call in made(Pace(), demand)]

    assert all(span >= SPAN > CALL_WINDOW for span in apart(calls, CALLS_PER_WINDOW))


@given(st.lists(pauses, max_size=60), st.integers(0, 4))
def test_reserved_calls_of_each_window_are_left_to_others(
    demand: list[float], reserved: int
) -> None:
    calls = [call for _, call in made(Pace(reserved=reserved), demand)]

    assert all(span >= SPAN for span in apart(calls, CALLS_PER_WINDOW - reserved))


@given(st.integers(0, 60), st.integers(0, 4))
def test_the_times_announced_with_reserved_calls_are_those_of_the_pace(
    count: int, reserved: int
) -> None:
    pace = Pace(reserved=reserved)

    assert pace.times(NOW, count) == [call for _, call in made(pace, [0.0] * count)]


@given(st.lists(pauses, max_size=60))
def test_no_call_waits_longer_than_the_window_asks(demand: list[float]) -> None:
    times = made(Pace(), demand)

    calls = [call for _, call in times]
    room_at = [NOW] * CALLS_PER_WINDOW + [call + SPAN for call in calls]
    assert all(
        call == max(wanted, room) for (wanted, call), room in zip(times, room_at, strict=False)
    )


@given(st.lists(st.tuples(pauses, st.none() | st.floats(0, 400)), max_size=40))
def test_no_call_is_made_before_a_retry_after_has_passed(
    demand: list[tuple[float, float | None]],
) -> None:
    pace, now, forbidden = Pace(), NOW, NOW

    for pause, retry_after in demand:
        now = pace.free_at(now + seconds(pause))
        pace = pace.with_call(now)

        assert now >= forbidden
        if retry_after is not None:
            pace = pace.throttled(now + seconds(retry_after))
            forbidden = max(forbidden, now + seconds(retry_after))


@given(st.integers(1, 12), st.lists(pauses, max_size=40))
def test_an_hourly_cap_holds_for_any_hour(cap: int, demand: list[float]) -> None:
    calls = [call for _, call in made(Pace(max_calls_per_hour=cap), demand)]

    assert all(span >= HOUR for span in apart(calls, cap))


def test_five_calls_may_be_made_at_once_and_the_sixth_when_the_first_leaves_the_window() -> None:
    pace = Pace()

    for _ in range(CALLS_PER_WINDOW):
        assert pace.free_at(NOW) == NOW
        pace = pace.with_call(NOW)

    assert pace.free_at(NOW) == NOW + SPAN
    assert pace.free_at(NOW + SPAN) == NOW + SPAN


def test_a_call_that_took_a_while_to_write_down_counts_from_when_it_left() -> None:
    reserved = full()

    departed = reserved.departed(NOW + seconds(4))

    assert departed.calls == (*reserved.calls[:-1], Stamp.own(NOW + seconds(4)))
    assert departed.free_at(NOW) == NOW + SPAN
    assert departed.used(NOW + SPAN) == 1


def test_a_later_shorter_retry_after_does_not_shorten_the_first() -> None:
    pace = Pace().throttled(NOW + seconds(60)).throttled(NOW + seconds(5))

    assert pace.free_at(NOW) == NOW + seconds(60)


def test_a_retry_after_that_has_passed_delays_nothing() -> None:
    pace = Pace().throttled(NOW - seconds(1))

    assert pace.free_at(NOW) == NOW


def test_the_window_holds_after_a_short_retry_after() -> None:
    pace = full().throttled(NOW + seconds(1))

    assert pace.free_at(NOW) == NOW + SPAN


def test_calls_are_counted_until_they_leave_the_window() -> None:
    pace = full()

    counts = [pace.used(NOW + after) for after in (seconds(0), CALL_WINDOW, SPAN)]

    assert counts == [CALLS_PER_WINDOW, CALLS_PER_WINDOW, 0]


def test_calls_are_forgotten_once_no_limit_counts_them() -> None:
    late = NOW + HOUR + seconds(1)

    kept = [
        len(full(Pace(max_calls_per_hour=cap)).with_call(NOW + SPAN).calls) for cap in (None, 9)
    ]

    assert kept == [1, 6]
    assert len(full(Pace(max_calls_per_hour=9)).with_call(late).calls) == 1


def test_calls_read_back_in_any_order_pace_alike() -> None:
    times = [NOW + seconds(n) for n in range(7)]

    for calls in (times, times[::-1]):
        assert (
            Pace(calls=[Stamp.own(call) for call in calls]).free_at(NOW)
            == times[-CALLS_PER_WINDOW] + SPAN
        )


@given(st.integers(1, 40), st.lists(pauses, max_size=60))
def test_grants_leave_a_part_of_any_hour_to_revocations(cap: int, demand: list[float]) -> None:
    pace, now, grants = Pace(max_calls_per_hour=cap), NOW, []

    for pause in demand:
        now = pace.free_at(now + seconds(pause), is_removal=False)
        pace = pace.with_call(now)
        grants.append(now)

    share = max(1, int(cap * GRANTS_SHARE_OF_HOUR))
    assert all(span >= HOUR for span in apart(grants, share))
    left = cap - len([at for at in grants if at > now - HOUR])
    for _ in range(min(left, CALLS_PER_WINDOW)):
        assert pace.free_at(now + SPAN) == now + SPAN
        pace = pace.with_call(now + SPAN)


def test_the_times_announced_for_grants_leave_out_the_part_of_revocations() -> None:
    pace = Pace(max_calls_per_hour=10)

    assert pace.times(NOW, 9)[7] < NOW + HOUR <= pace.times(NOW, 9)[8]


def test_grants_wait_for_the_hour_once_their_part_of_it_is_spent_and_revocations_do_not() -> None:
    spent = Pace(max_calls_per_hour=10, calls=[Stamp.own(NOW - seconds(60))] * 8)

    assert spent.times(NOW, 1) == [NOW - seconds(60) + HOUR]
    assert spent.opens_at() < NOW


def test_a_limit_of_one_call_in_an_hour_leaves_one_to_a_grant() -> None:
    pace = Pace(max_calls_per_hour=1)

    assert pace.free_at(NOW, is_removal=False) == NOW
    assert pace.with_call(NOW).free_at(NOW + SPAN, is_removal=False) == NOW + HOUR
