"""Logs which timers are late: a timer that runs no more cannot do so itself."""

from hasten.context import Context
from hasten.domain import heartbeats
from hasten.records import heartbeats as records
from hasten.telemetry.operate import TimerLate, TimersOnTime


async def tell_late_timers(context: Context, *, also_on_time: bool) -> None:
    """`also_on_time`: whether it logs a line where none is late. Raises TemporaryError."""
    states = heartbeats.timer_states(await records.load_all(context.store), context.now())
    late = [state for state in states if state.is_late]
    if not late and also_on_time:
        context.emit(TimersOnTime(timers=len(states)))
    for state in late:
        context.emit(TimerLate(timer=state.timer, age=state.age or 0.0, reason=state.reason))
