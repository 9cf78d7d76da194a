"""Turns: one step for many changes, and another when time matters."""

import asyncio

import pytest

from emulator.servicebus.turns import Turns

PATIENCE = 5
NEVER = float("inf")


async def test_many_changes_in_one_turn_cause_one_step() -> None:
    steps: list[float] = []
    done = asyncio.Event()

    def step(now: float) -> float:
        steps.append(now)
        done.set()
        return NEVER

    turns = Turns(step, clock=lambda: 1.0)
    for _ in range(3):
        turns.soon()

    await asyncio.wait_for(done.wait(), PATIENCE)
    assert steps == [1.0]


async def test_an_alarm_that_rings_too_early_is_set_again() -> None:
    clock = iter([0.0, 0.009, 0.010])
    steps: list[float] = []
    due = asyncio.Event()

    def step(now: float) -> float:
        steps.append(now)
        if now < 0.010:
            return 0.010
        due.set()
        return NEVER

    Turns(step, clock=lambda: next(clock)).now()

    await asyncio.wait_for(due.wait(), PATIENCE)
    assert steps == [0.0, 0.009, 0.010]


async def test_stopped_turns_step_no_more() -> None:
    def step(_now: float) -> float:
        pytest.fail("stepped after stop")

    turns = Turns(step, clock=lambda: 0.0)
    turns.soon()

    turns.stop()

    turn_over = asyncio.Event()
    asyncio.get_running_loop().call_soon(turn_over.set)
    await turn_over.wait()
