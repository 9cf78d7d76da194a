"""Decides which timers have stopped, from the heartbeats of their runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TIMER_PERIODS: Mapping[str, timedelta] = {
    "sweep": timedelta(minutes=1),
    "wake": timedelta(minutes=1),
    "look": timedelta(minutes=5),
    "verify": timedelta(minutes=5),
    "apply": timedelta(minutes=10),
    "renew": timedelta(hours=1),
    "people": timedelta(hours=1),
    "seal": timedelta(minutes=1),
    "tidy": timedelta(days=1),
}
"""Time between two runs of each timer, as in handlers/schedules.py."""

HEARTBEAT_GRACE = timedelta(minutes=5)
"""Allowance for a slow run, and for a host that is replaced by another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The heartbeat of one timer. `first_at` is the end of its first run, `ran_at` of its last run,
    and `succeeded_at` of its last successful run. `reason` says why the last run failed, or is
    empty."""

    timer: str
    first_at: datetime
    ran_at: datetime
    succeeded_at: datetime | None = None
    reason: str = ""

    def after_run(self, now: datetime, reason: str) -> "Heartbeat":
        return Heartbeat(
            timer=self.timer,
            first_at=self.first_at,
            ran_at=now,
            succeeded_at=self.succeeded_at if reason else now,
            reason=reason,
        )


def first(timer: str, now: datetime, reason: str) -> Heartbeat:
    succeeded_at = None if reason else now
    return Heartbeat(
        timer=timer, first_at=now, ran_at=now, succeeded_at=succeeded_at, reason=reason
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerState:
    """The state of one timer. `age` is the time since its last success in seconds, or since Hasten
    first ran if the timer never succeeded; None if Hasten never ran."""

    timer: str
    succeeded_at: datetime | None
    age: float | None
    is_late: bool
    reason: str

    def __str__(self) -> str:
        if self.age is None:
            return "never ran"
        late = "late, " if self.is_late else ""
        if self.succeeded_at is None:
            return f"{late}never did its work"
        at = f"{self.succeeded_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        return f"{late}{self.age:.0f} s ago ({at})"


def allowed(timer: str) -> timedelta:
    """Returns how long ago the last success may be: one run may fail."""
    return 2 * TIMER_PERIODS[timer] + HEARTBEAT_GRACE


def timer_states(beats: Iterable[Heartbeat], now: datetime) -> list[TimerState]:
    """Returns the state of every timer. A timer without a heartbeat is late once it has had enough
    time to run."""
    known = {beat.timer: beat for beat in beats}
    began = min((beat.first_at for beat in known.values()), default=None)
    return [_state(timer, known.get(timer), began, now) for timer in TIMER_PERIODS]


def _state(timer: str, beat: Heartbeat | None, began: datetime | None, now: datetime) -> TimerState:
    succeeded_at = beat.succeeded_at if beat else None
    since = succeeded_at or (beat.first_at if beat else began)
    age = None if since is None else now - since
    return TimerState(
        timer=timer,
        succeeded_at=succeeded_at,
        age=None if age is None else round(age.total_seconds(), 1),
        is_late=age is None or age > allowed(timer),
        reason=beat.reason if beat else "",
    )
