"""A trigger starts its slots as messages come, so that a few of them always wait for one."""

from contextlib import ExitStack

import pytest

from emulator.functions.spare_slots import SPARE, SpareSlots


def test_a_few_slots_wait_before_the_first_message() -> None:
    started = list[int]()

    SpareSlots(64, started.append).keep()

    assert started == list(range(1, SPARE + 1))


@pytest.mark.parametrize("busy", [1, 5, 30])
def test_as_many_wait_beside_those_that_run(busy: int) -> None:
    started = list[int]()
    slots = SpareSlots(64, started.append)
    slots.keep()

    with ExitStack() as running:
        for _ in range(busy):
            running.enter_context(slots.busy())

    assert started == list(range(1, SPARE + busy + 1))


@pytest.mark.parametrize("most", [1, SPARE, SPARE + 3])
def test_there_are_never_more_than_the_host_allows(most: int) -> None:
    started = list[int]()
    slots = SpareSlots(most, started.append)
    slots.keep()

    with ExitStack() as running:
        for _ in range(most):
            running.enter_context(slots.busy())

    assert started == list(range(1, most + 1))


def test_a_slot_that_is_free_again_takes_the_next_message() -> None:
    started = list[int]()
    slots = SpareSlots(64, started.append)
    slots.keep()

    for _ in range(100):
        with slots.busy():
            pass

    assert len(started) == SPARE + 1


def test_a_slot_whose_function_raises_is_free_again() -> None:
    started = list[int]()
    slots = SpareSlots(64, started.append)
    slots.keep()

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), slots.busy():
            raise ValueError("broken")

    assert len(started) == SPARE + 1
