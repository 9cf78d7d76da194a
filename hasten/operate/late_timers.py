"""Reports timers that are late, because a timer that no longer runs cannot report itself."""

from hasten.context import Context
from hasten.domain import heartbeats
from hasten.records import heartbeats as records
from hasten.telemetry.work import TimerLate, TimersOnTime


async def report_late_timers(context: Context, *, also_on_time: bool) -> None:
    """Emits an event for each late timer. With `also_on_time` it also emits one if no timer is
    late. Raises TemporaryError."""
    states = heartbeats.timer_states(await records.load_all(context.store), context.now())
    late = [state for state in states if state.is_late]
    if not late and also_on_time:
        context.emit(TimersOnTime(timers=len(states)))
    for state in late:
        context.emit(TimerLate(timer=state.timer, age=state.age or 0.0, reason=state.reason))
