"""Reports whether the app itself works: its timers, what reaches it, and the targets it runs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.heartbeats import TimerState, timer_states
from hasten.domain.unexpected import NEXT_ACTION
from hasten.errors import PermanentError, TemporaryError
from hasten.operate import unreadable_rows
from hasten.operate.problems import Problem, of_error
from hasten.operate.silent_channel import problem_of_silence
from hasten.operate.silent_triggers import SilentTrigger, problem_of, silent_triggers
from hasten.records import crashes, heartbeats, running_targets, signs, unreadable
from hasten.records.crashes import Crash
from hasten.records.signs import Sign

PROBLEM_SHOWN_FOR = timedelta(hours=24)
MAX_MIXED_SECRETS_TIME = timedelta(minutes=10)
"""Maximum time between an accepted and a refused notification during which both count as one
rotation of the secret."""

APP_NEVER_RAN = Problem(
    "the app has never run on this store",
    "check HASTEN_STORE, also for a mistyped path, and that the app is deployed and started",
)
DIFFERENT_TARGETS = (
    "deploy this targets.yaml, or run the command with the one that is deployed (of the same "
    "version of Hasten)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health of the app. Each time is the last occurrence; None if there was none."""

    timers: Sequence[TimerState] = ()
    """All timers; none if the store could not be read. Then None says nothing about a time."""

    notification_believed: datetime | None = None
    notification_refused: datetime | None = None
    event: datetime | None = None
    parked: int | None = None
    """Number of rejected events that wait for an operator; None if they were not counted."""

    dead: int | None = None
    """Number of events that Service Bus dead-lettered; None if they were not counted."""

    targets: Mapping[str, str] | None = None
    """Digests of the targets that the app runs, by name."""

    crashes: Sequence[Crash] = ()
    """Exceptions that nobody expected, met lately."""
    silent: Sequence[SilentTrigger] = ()
    """Triggers whose work a timer does."""

    problems: Sequence[Problem] = field(default_factory=list)


FindSilent = Callable[[Context], Awaitable[Sequence[SilentTrigger]]]
"""Returns triggers that have stopped. Raises TemporaryError."""


async def app_health(context: Context, find_silent: FindSilent = silent_triggers) -> Health:
    """Reads the health from the store alone, which is available when the app is not. Raises
    TemporaryError."""
    now = context.now()
    timers = timer_states(await heartbeats.load_all(context.store), now)
    seen = await signs.load(context.store)
    targets = await running_targets.load(context.store)
    met = [
        crash
        for crash in await crashes.load_all(context.store)
        if crash.last_at > now - PROBLEM_SHOWN_FOR
    ]
    silent = await find_silent(context)
    return Health(
        timers=timers,
        notification_believed=seen.get(Sign.BELIEVED),
        notification_refused=seen.get(Sign.REFUSED),
        event=seen.get(Sign.EVENT),
        targets=targets,
        crashes=met,
        silent=silent,
        problems=[
            *_of_timers(timers),
            *_of_crashes(met),
            *unreadable_rows.problems(await unreadable.load_all(context.store)),
            *map(problem_of, silent),
            *_of_notifications(seen, now),
            *await problem_of_silence(context),
            *_of_targets(context, targets),
        ],
    )


async def readable_health(context: Context, find_silent: FindSilent = silent_triggers) -> Health:
    """Returns the health. An error of the store becomes a problem, so that it hides nothing that
    others know."""
    try:
        return await app_health(context, find_silent)
    except (PermanentError, TemporaryError) as error:
        return Health(problems=[of_error(error)])


def differs(context: Context, target: str, running: Mapping[str, str] | None) -> str:
    """Returns how the target in the app differs from the one in this targets.yaml; "" if it does
    not differ or no sweep has reported it."""
    if running is None:
        return ""
    if target not in running:
        return f"the app runs no target {target}"
    if running[target] != running_targets.digest(context.targets[target]):
        return f"target {target} of this targets.yaml differs from the one that the app runs"
    return ""


def _of_timers(timers: Sequence[TimerState]) -> list[Problem]:
    if all(timer.age is None for timer in timers):
        return [APP_NEVER_RAN]
    return [
        Problem(
            f"timer {timer.timer} has not done its work for {_spelt(timer.age or 0)}"
            + (f" ({timer.reason})" if timer.reason else ""),
            "mend the reason"
            if timer.reason
            else f"check that the app runs and its function {timer.timer} is enabled",
        )
        for timer in timers
        if timer.is_late
    ]


def _of_crashes(met: Sequence[Crash]) -> list[Problem]:
    return [
        Problem(
            f"{crash.where} met an unexpected exception, {crash.reason}, {crash.times} times since "
            f"{crash.first_at:%Y-%m-%d %H:%M}Z, the last at {crash.last_at:%Y-%m-%d %H:%M}Z",
            f"{NEXT_ACTION}, and `replay --dead-letters` sends what was dead-lettered",
        )
        for crash in met
    ]


def _of_notifications(seen: Mapping[Sign, datetime], now: datetime) -> list[Problem]:
    refused, believed = seen.get(Sign.REFUSED), seen.get(Sign.BELIEVED)
    if refused is None or refused < now - PROBLEM_SHOWN_FOR:
        return []
    if believed is not None and believed > refused - MAX_MIXED_SECRETS_TIME:
        return []
    return [
        Problem(
            "notifications of our own subscriptions are refused: their clientState is not ours, "
            f"the last at {refused:%Y-%m-%d %H:%M}Z",
            "check HASTEN_CLIENT_STATE_SECRET of the app; if it is right, Graph delivers no "
            "clientState to this tenant, and only the timers find changes, within 5 minutes",
        )
    ]


def _of_targets(context: Context, running: Mapping[str, str] | None) -> list[Problem]:
    found = [differs(context, target, running) for target in context.targets]
    found += [
        f"the app runs target {name}, which this targets.yaml does not have"
        for name in sorted((running or {}).keys() - context.targets.keys())
    ]
    return [Problem(difference, DIFFERENT_TARGETS) for difference in found if difference]


def _spelt(seconds: float) -> str:
    span = timedelta(seconds=round(seconds))
    if span >= timedelta(hours=2):
        return f"{span // timedelta(hours=1)} hours"
    return f"{span // timedelta(minutes=1)} minutes"
