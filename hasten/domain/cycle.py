"""Reads Entra's own provisioning cycle from the status of a job: what it has done, when it runs
next, and whether it runs at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hasten.domain.changes import Change
from hasten.domain.entra_words import word_of
from hasten.domain.late_calls import undone_until
from hasten.limits import LOG_SETTLED_AFTER

DEFAULT_CYCLE_INTERVAL = timedelta(minutes=40)
"""Time between two cycles if the job does not say (Entra docs: "typically every 40 minutes")."""

CYCLE_SEES_CHANGES_AFTER = timedelta(minutes=2)
"""A cycle that began sooner than this after a change may not have seen it ("up to a few
minutes")."""

MIN_CYCLE_DURATION = timedelta(minutes=1)
"""Minimum assumed duration of a cycle, for the time at which it should be done."""

LONGEST_CYCLE = timedelta(days=7)
"""A longer interval or duration of a cycle counts as unknown, so that what is left to a cycle is
taken back some day. The longest initial cycle in Entra's docs takes 39 hours."""

ENTRA_CLOCK_SKEW = timedelta(seconds=5)
"""Maximum difference between Entra's clock and Hasten's. A time that lies ahead by more is wrong,
and would stay the newest for ever."""

PAUSED = (
    "the provisioning job is paused, so that what is left to Entra's own cycle stays undone",
    "start provisioning in the Entra portal, if the pause is not meant",
)

NOTHING_TO_DO = "none: Entra's own cycle does it"

SET_TIMES = range(2000, 2200)
"""Years. The least and the greatest time of .NET, 0001-01-01 and 9999-12-31, stand for no time."""

_NUMBER = r"(\d{1,6})"
_PERIOD = re.compile(f"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?")
_FRACTION = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The state of Entra's cycle. `problem` says why the job provisions nothing now, and
    `next_action` what to do; both are empty while it works."""

    done_from: datetime | None = None
    done_until: datetime | None = None
    """Begin and end of the last cycle that left nothing undone; both are unknown if one of them
    is."""

    began: datetime | None = None
    interval: timedelta = DEFAULT_CYCLE_INTERVAL
    problem: str = ""
    next_action: str = ""
    problem_since: str = ""
    is_missing: bool = False
    is_paused: bool = False

    def covers(self, change: Change) -> bool:
        """Returns whether the last complete cycle began late enough to have seen the change."""
        return self.done_from is not None and self.done_from >= shown_from(change)

    def is_logged(self, now: datetime) -> bool:
        """Returns whether the provisioning log must show by now what the last complete cycle did.
        Half of the time between two cycles is enough, so that cycles in short intervals count."""
        settled = min(LOG_SETTLED_AFTER, self.interval / 2)
        return self.done_until is not None and now - self.done_until >= settled

    @property
    def stops(self) -> tuple[str, str] | None:
        """Says why the cycle does nothing now and what an operator must do; None while the cycle
        runs."""
        if self.problem:
            return self.problem, self.next_action
        return PAUSED if self.is_paused else None

    def sees(self, at: datetime) -> bool:
        """Returns whether the last complete cycle began late enough to have seen what was changed
        in Entra ID at `at`."""
        return self.done_from is not None and self.done_from >= at + CYCLE_SEES_CHANGES_AFTER

    def next_step(self, planned: str = NOTHING_TO_DO) -> str:
        """Returns what to do for a change that waits for the cycle: what makes the cycle run again
        if it does nothing now, or else `planned`."""
        return self.stops[1] if self.stops else planned

    def done_by(self, now: datetime) -> datetime | None:
        """Returns when the next cycle that begins after `now` should be over, or None if no cycle
        has run, or if the cycle does nothing now."""
        return None if self.is_paused else self.planned_by(now)

    def planned_by(self, now: datetime) -> datetime | None:
        """Returns the same as `done_by`, also while the job is paused: the time from which what was
        left to the cycle is late."""
        if self.began is None or self.problem:
            return None
        due = self.began + self.interval
        if due <= now:
            due += self.interval * ((now - due) // self.interval + 1)
        took = MIN_CYCLE_DURATION
        if self.done_from is not None and self.done_until is not None:
            last = self.done_until - self.done_from
            took = max(took, last) if last <= LONGEST_CYCLE else took
        return due + took


def shown_from(change: Change) -> datetime:
    """Returns the time from which a new cycle must see the change. A late look finds changes that
    happened just before it, long after the notification. A call from before the change may still
    undo what an earlier cycle has done."""
    shown = change.last_seen_at + CYCLE_SEES_CHANGES_AFTER
    return max(shown, undone_until(change) or shown)


def parse(job: Mapping[str, Any] | None, now: datetime) -> Cycle:
    """Reads a synchronizationJob of Graph; None means that the job does not exist. A cycle that
    lies ahead of `now`, or that ended before it began, is unknown."""
    if job is None:
        return Cycle(
            problem="the provisioning job does not exist any more",
            next_action="set up provisioning of the app again, or correct `job` in targets.yaml",
            is_missing=True,
        )
    status = job.get("status") or {}
    problem, next_action, since = _problem(status)
    last = status.get("lastExecution") or {}
    done_from, done_until = _last_done(status, now) or (None, None)
    return Cycle(
        done_from=done_from,
        done_until=done_until,
        began=_past(last.get("timeBegan"), now) or done_from,
        interval=_interval((job.get("schedule") or {}).get("interval")),
        problem=problem,
        next_action=next_action,
        problem_since=since,
        is_paused=is_paused(status.get("code")),
    )


def _last_done(status: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime] | None:
    """Returns begin and end of the last execution that is known to have left nothing undone; None
    if there is none. It had no error, and Entra had no more changes to process at its begin or
    later: a job may need many executions for its changes, for example for an initial cycle.

    Graph can show the last successful execution without its begin. The last execution then counts
    if it had no error.
    """
    last = status.get("lastExecution") or {}
    runs = [status.get("lastSuccessfulExecution") or {}, *([last] if _has_no_error(last) else [])]
    times = [(_past(run.get("timeBegan"), now), _past(run.get("timeEnded"), now)) for run in runs]
    done = [
        (began, ended)
        for began, ended in times
        if began is not None
        and ended is not None
        and began <= ended
        and _has_caught_up(status, began, now)
    ]
    return max(done, default=None)


def _has_no_error(execution: Mapping[str, Any]) -> bool:
    """Returns whether an execution succeeded and shows that it could write every object."""
    return word_of(execution.get("state")) == "succeeded" and execution.get("countEscrowed") == 0


def _has_caught_up(status: Mapping[str, Any], since: datetime, now: datetime) -> bool:
    """Returns whether Entra has had no more changes to process at `since` or later. An unset time
    says that it never had. A job without this property says nothing about it."""
    steady = status.get("steadyStateLastAchievedTime")
    at = _past(steady, now)
    return steady is None or (at is not None and at >= since)


def last_sign(job: Mapping[str, Any], now: datetime) -> datetime | None:
    """Returns when the job last showed that its cycles run: `now` while one is under way, or else
    the latest begin or end of a cycle, or observation of its progress. Returns None if there was no
    sign. Graph documents no state of a job whose cycle runs. So a last execution without an end
    counts as under way, for LONGEST_CYCLE at most."""
    status = job.get("status") or {}
    last, good = status.get("lastExecution") or {}, status.get("lastSuccessfulExecution") or {}
    began, ended = (_past(last.get(name), now) for name in ("timeBegan", "timeEnded"))
    if began is not None and ended is None and now - began <= LONGEST_CYCLE:
        return now
    progress = status.get("progress")
    observed = [
        _past(one.get("progressObservationDateTime"), now)
        for one in (progress if isinstance(progress, list) else ())
        if isinstance(one, Mapping)
    ]
    signs = [began, ended, _past(good.get("timeEnded"), now), *observed]
    return max((at for at in signs if at is not None), default=None)


def is_paused(code: Any) -> bool:
    """Returns whether the status code of a job says that an administrator has paused it."""
    return str(code or "").casefold() == "paused"


def _problem(status: Mapping[str, Any]) -> tuple[str, str, str]:
    """Returns (problem, next action, since). A paused job is no problem here: Hasten assumes that
    on-demand calls work while the job is paused (docs/assumptions.md)."""
    quarantine = status.get("quarantine")
    match str(status.get("code") or "").casefold():
        case "quarantine":
            known = quarantine or {}
            reason = known.get("reason") or "no reason given"
            return (
                f"the provisioning job is in quarantine: {reason}",
                "fix the cause (Provisioning in the Entra portal names it), then restart the job",
                str(known.get("currentBegan") or ""),
            )
        case "notconfigured":
            return (
                "the provisioning job is not configured",
                "enter Tenant URL and Secret Token and test the connection in the Entra portal",
                "",
            )
    return "", "", ""


def time(text: Any) -> datetime | None:
    """Reads an ISO 8601 time of Graph, which has seven digits of a second. Returns None for what is
    no time with its offset from UTC, and for a year that is not in SET_TIMES."""
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", text)) if isinstance(text, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None and at.year in SET_TIMES else None


def _past(text: Any, now: datetime) -> datetime | None:
    at = time(text)
    return at if at is not None and at <= now + ENTRA_CLOCK_SKEW else None


def _interval(text: Any) -> timedelta:
    match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        return DEFAULT_CYCLE_INTERVAL
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    given = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return given if timedelta(0) < given <= LONGEST_CYCLE else DEFAULT_CYCLE_INTERVAL
