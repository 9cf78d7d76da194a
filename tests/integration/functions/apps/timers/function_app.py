"""Timers that log that they ran."""

import asyncio
import logging

import azure.functions as func

app = func.FunctionApp()
logger = logging.getLogger("app")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
async def at_startup(timer: func.TimerRequest) -> None:
    logger.info("at_startup ran, past due: %s", timer.past_due)


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def each_second(timer: func.TimerRequest) -> None:
    logger.info("each_second ran, past due: %s", timer.past_due)


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
async def slow(timer: func.TimerRequest) -> None:
    logger.info("slow begins, past due: %s", timer.past_due)
    await asyncio.sleep(0.3)
    logger.info("slow ends")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
async def fails(timer: func.TimerRequest) -> None:
    raise ValueError(f"not today, past due: {timer.past_due}")
