"""The limit on calls on demand: five in any ten seconds."""

import math

import pytest

from emulator.engine.window import Window, retry_after


@pytest.fixture
def window() -> Window:
    return Window(5, 10.0)


def test_the_sixth_call_in_ten_seconds_waits_for_the_first_to_fall_out(window: Window) -> None:
    taken = [window.take(at) for at in (100.0, 101.0, 102.0, 103.0, 104.0)]

    assert taken == [0.0] * 5
    assert window.take(105.0) == pytest.approx(5.0)


def test_the_window_slides_with_each_call(window: Window) -> None:
    for at in (100.0, 101.0, 102.0, 103.0, 109.0):
        window.take(at)

    assert window.take(110.0) == 0.0
    assert window.take(110.5) == pytest.approx(0.5)


def test_a_refused_call_does_not_delay_the_next_one(window: Window) -> None:
    for at in (100.0, 100.0, 100.0, 100.0, 100.0):
        window.take(at)

    for at in (101.0, 105.0, 109.9):
        assert window.take(at) > 0

    assert window.take(110.0) == 0.0


def test_refused_calls_delay_the_next_one_where_they_count(window: Window) -> None:
    for at in (100.0, 100.0, 100.0, 100.0, 100.0):
        window.take(at)

    for at in (101.0, 105.0, 108.0, 109.0, 109.9):
        assert window.take(at, refused_count=True) > 0

    assert window.take(110.0, refused_count=True) == pytest.approx(5.0)


def test_retry_after_is_whole_seconds_and_never_too_few() -> None:
    assert retry_after(0.01) == 1
    assert retry_after(4.2) == 5
    assert retry_after(math.inf) == 60
