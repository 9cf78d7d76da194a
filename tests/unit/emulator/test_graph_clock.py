"""The emulated clock: speed, jumps, and sleepers that notice both."""

import asyncio

import pytest

from emulator.clock import Clock, iso, parse_iso


class Wall:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


def test_time_passes_as_many_times_faster_as_the_speed_says(wall: Wall) -> None:
    clock = Clock(speed=60, wall=wall)

    wall.now += 2

    assert clock.time() == 1_000_120


def test_a_change_of_speed_keeps_the_time_that_has_passed(wall: Wall) -> None:
    clock = Clock(speed=60, wall=wall)
    wall.now += 1

    clock.set_speed(1)
    wall.now += 1

    assert clock.time() == 1_000_061


def test_a_stopped_clock_moves_only_by_jumps(wall: Wall) -> None:
    clock = Clock(speed=0, wall=wall)
    wall.now += 100

    clock.advance(5)

    assert clock.time() == 1_000_005


@pytest.mark.parametrize("move", [Clock.set_speed, Clock.advance])
def test_time_never_runs_back(wall: Wall, move: object) -> None:
    assert callable(move)

    with pytest.raises(ValueError, match="negative"):
        move(Clock(wall=wall), -1)


async def test_a_sleeper_wakes_when_the_clock_jumps_past_the_end(wall: Wall) -> None:
    clock = Clock(speed=0, wall=wall)
    sleeper = asyncio.create_task(clock.sleep(2400))

    async with asyncio.timeout(5):
        while not sleeper.done():
            clock.advance(600)
            await asyncio.sleep(0)

    assert clock.time() >= 1_002_400


def test_times_are_written_with_seven_digits_and_read_back() -> None:
    assert iso(1_627_267_212.038565) == "2021-07-26T02:40:12.0385650Z"
    assert parse_iso("2021-07-26T02:40:12.0385650Z") == pytest.approx(1_627_267_212.038565)
