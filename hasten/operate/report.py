"""Reports over a period how long access outlived the decision to take it: plain data, for the
command line, the page and the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.history import EntryKind, Filter
from hasten.domain.revocation_times import IPSIE_REVOCATION_TIME, Revocation, Stand, revocations

READ_BEYOND_PERIOD = timedelta(days=7)
"""Time after the period in which Hasten still looks for the end of a revocation that began in the
period."""

REPORT_KINDS = frozenset({EntryKind.OUTCOME, EntryKind.RELEASED, EntryKind.DISCARDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The revocations of one target. `people` counts each person once. Shares are of those that
    were to be taken: all but the superseded ones and those that are still in time. A share is None
    if there is none. `revoke_within` is the time that targets.yaml sets, in seconds."""

    target: str
    revocations: int
    people: int
    taken: int
    proven: int
    superseded: int
    still_in_time: int
    exceptions: int
    within_ipsie: float | None
    revoke_within: float | None
    within_own: float | None
    median_seconds: float | None
    p95_seconds: float | None
    longest_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All times are in UTC. `exceptions` were not taken within the time that targets.yaml sets, or
    within five minutes if it sets none."""

    since: datetime
    until: datetime
    made_at: datetime
    summaries: Sequence[Summary]
    revocations: Sequence[Revocation]
    exceptions: Sequence[Revocation]


async def report(
    context: Context, *, targets: Sequence[str], since: datetime, until: datetime
) -> Report:
    """Returns the revocations of which Hasten learned from `since` to before `until`. It reads the
    history of that time, and the open rows. Raises TemporaryError and PermanentError of the store.
    """
    now = context.now()
    read_until = min(until, now) + READ_BEYOND_PERIOD
    read = Filter(kinds=REPORT_KINDS, since=since, until=read_until)
    entries = [entry async for entry in context.history.every(read) if entry.target in targets]
    open_rows = [row for name in targets for row in await context.ledger.open_changes(name)]
    found = [one for one in revocations(entries, open_rows) if since <= one.noticed_at < until]
    limits = {name: _own_limit(context, name) for name in targets}
    return Report(
        since=since,
        until=until,
        made_at=now,
        summaries=[
            _summary(name, [one for one in found if one.target == name], limits[name], now)
            for name in targets
        ],
        revocations=found,
        exceptions=_exceptions(found, limits, now),
    )


def _own_limit(context: Context, target: str) -> timedelta | None:
    known = context.targets.get(target)
    minutes = known.revoke_within if known else None
    return timedelta(minutes=minutes) if minutes else None


def _exceptions(
    found: Sequence[Revocation], limits: Mapping[str, timedelta | None], now: datetime
) -> list[Revocation]:
    return [
        one for one in found if one.is_exception(limits[one.target] or IPSIE_REVOCATION_TIME, now)
    ]


def _summary(
    target: str, found: Sequence[Revocation], own: timedelta | None, now: datetime
) -> Summary:
    limit = own or IPSIE_REVOCATION_TIME
    superseded = sum(one.stand is Stand.SUPERSEDED for one in found)
    waiting = sum(_is_in_time(one, limit, now) for one in found)
    counted = [
        one
        for one in found
        if one.stand is not Stand.SUPERSEDED and not _is_in_time(one, limit, now)
    ]
    seconds = sorted(one.took(now).total_seconds() for one in counted if one.taken_at)
    return Summary(
        target=target,
        revocations=len(found),
        people=len({one.user for one in found}),
        taken=len(seconds),
        proven=sum(one.proven_at is not None for one in found),
        superseded=superseded,
        still_in_time=waiting,
        exceptions=len(_exceptions(found, {target: own}, now)),
        within_ipsie=_share(counted, IPSIE_REVOCATION_TIME),
        revoke_within=own.total_seconds() if own else None,
        within_own=_share(counted, own) if own else None,
        median_seconds=_percentile(seconds, 50),
        p95_seconds=_percentile(seconds, 95),
        longest_seconds=seconds[-1] if seconds else None,
    )


def _is_in_time(one: Revocation, limit: timedelta, now: datetime) -> bool:
    return one.stand is Stand.OPEN and one.took(now) <= limit


def _share(counted: Sequence[Revocation], limit: timedelta) -> float | None:
    within = sum(one.is_within(limit) for one in counted)
    return within / len(counted) if counted else None


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None
