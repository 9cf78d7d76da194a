"""Stores the state of each provisioning job as the last sweep read it, or why it could not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.domain.cycle import Cycle, is_paused
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records import overviews
from hasten.records.fields import moment
from hasten.records.overviews import Known, Part

UNREAD_TOLERATED = timedelta(minutes=10)
"""Maximum time for which no sweep can read a target before an operator must know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """`problem` says why the job does nothing now, or why it could not be read. `unread_since` is
    the time of the first of the sweeps in a row that could not read the target. `is_another_app` is
    set since one of these found another app under the name of the target."""

    state: str = "unknown"
    cycle: Cycle = field(default_factory=Cycle)
    problem: str = ""
    next_action: str = ""
    unread_since: datetime | None = None
    is_another_app: bool = False

    def is_unread_for_long(self, now: datetime) -> bool:
        return self.unread_since is not None and now - self.unread_since >= UNREAD_TOLERATED


def read(state: str, cycle: Cycle) -> JobSeen:
    problem, next_action = cycle.stops or ("", "")
    return JobSeen(state=state, cycle=cycle, problem=problem, next_action=next_action)


def unread(
    error: PermanentError | TemporaryError, since: datetime, *, is_another_app: bool = False
) -> JobSeen:
    return JobSeen(
        problem=error.reason,
        next_action=error.next_action,
        unread_since=since,
        is_another_app=is_another_app,
    )


async def save(store: Store, target: str, seen: JobSeen, before: Known) -> None:
    """Writes it if it differs from `before`. Raises TemporaryError."""
    known = seen.cycle
    body = {
        "state": seen.state,
        "done_from": known.done_from.isoformat() if known.done_from else None,
        "done_until": known.done_until.isoformat() if known.done_until else None,
        "began": known.began.isoformat() if known.began else None,
        "interval": known.interval.total_seconds(),
        "is_stopped": bool(known.problem),
        "problem": seen.problem,
        "next_action": seen.next_action,
        "unread_since": seen.unread_since.isoformat() if seen.unread_since else None,
        "is_another_app": seen.is_another_app,
    }
    await overviews.save(store, Part.JOB, target, body, before)


async def refuse_another_app(store: Store, target: str) -> None:
    """Raises PermanentError until a sweep finds the first app again, or no record of it, whoever
    has stopped the target: what is done under its name now would concern the wrong app. Raises
    TemporaryError."""
    seen = (await load_all(store)).get(target)
    if seen is not None and seen.is_another_app:
        raise PermanentError(seen.problem, seen.next_action)


async def load_all(store: Store) -> Mapping[str, JobSeen]:
    """Returns what was seen, by target. Raises TemporaryError."""
    return await overviews.load(store, Part.JOB, _parse)


async def readable(store: Store, stored: Known) -> Mapping[str, JobSeen]:
    """Returns what the `stored` documents say, by target. Raises TemporaryError."""
    return await overviews.readable(store, Part.JOB, stored, _parse)


def _parse(body: Json) -> JobSeen:
    cycle = Cycle(
        done_from=_time(body["done_from"]),
        done_until=_time(body["done_until"]),
        began=_time(body["began"]),
        interval=timedelta(seconds=body["interval"]),
        problem=body["problem"] if body["is_stopped"] else "",
        next_action=body["next_action"] if body["is_stopped"] else "",
        is_paused=is_paused(body["state"]),
    )
    return JobSeen(
        state=body["state"],
        cycle=cycle,
        problem=body["problem"],
        next_action=body["next_action"],
        unread_since=_time(body.get("unread_since")),
        is_another_app=bool(body.get("is_another_app")),
    )


def _time(text: str | None) -> datetime | None:
    return moment(text) if text else None
