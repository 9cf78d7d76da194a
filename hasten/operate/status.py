"""Reports the state of a target for the command line, from the store and from Graph's provisioning
job."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.changes import State
from hasten.domain.cycle import Cycle
from hasten.errors import PermanentError, TemporaryError
from hasten.operate import cycle_waits, listed_people, policy_left_out, stuck, unread_target
from hasten.operate.listed_people import HeldGroup, ListedPerson
from hasten.operate.measured import RECENT_OUTCOMES_AGE
from hasten.operate.people_watch import PeopleWatch, people_watch
from hasten.operate.problems import Problem, of_error
from hasten.operate.scheduled import scheduled
from hasten.records import call_window, discovered, job_seen, shared_window, stops, subscriptions
from hasten.records import policy_left_out as left_out_records
from hasten.records.discovered import DiscoveredTarget
from hasten.records.job_seen import JobSeen
from hasten.records.stops import HOW_TO_START
from hasten.targets import Target
from hasten.twins import same_app, twins

TARGET_NOT_FOUND = "no sweep has found the target yet"
UNKNOWN = "unknown"
"""Stands for what could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A group and the time until which Graph sends its notifications; None if there is no
    subscription."""

    group: str
    subscribed_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """The state of a target. `problems` are those that someone should act on, each with a fix."""

    target: str
    mode: str
    job: str = ""
    job_state: str = UNKNOWN
    last_cycle: datetime | None = None
    next_cycle: datetime | None = None
    open: Mapping[str, int] = field(default_factory=dict)
    wanted: int = 0
    """Number of memberships that events want and that Hasten has yet to write."""

    scheduled: int = 0
    """Number of starts and ends of events that lie ahead; those that are overtaken do not count."""

    next_scheduled: datetime | None = None
    oldest_revocation: datetime | None = None
    held: Sequence[HeldGroup] = ()
    failed_lately: int = 0
    """Number of removals that failed, and of other failures of 24 hours, that nothing has mended.
    """

    people: Sequence[ListedPerson] = ()
    """Users whose changes are held, failed recently or are refused by Graph, and those whom the
    policy leaves out."""

    unproven: int = 0
    breaker_open_until: datetime | None = None
    shares_limit: bool = False
    """True if Entra's limit counts the calls of all targets together."""

    calls_in_window: int = 0
    not_before: datetime | None = None
    """The time until which Graph asked Hasten to make no call."""

    groups: Sequence[Watched] = ()
    deleted_groups: Mapping[str, str] = field(default_factory=dict)
    """ISO time at which each assigned group was found deleted, while its people keep access."""

    accounts: PeopleWatch = field(default_factory=PeopleWatch)
    """States whether Hasten sees what happens to people's own accounts."""

    problems: Sequence[Problem] = ()


async def target_status(context: Context, target: Target) -> TargetStatus:
    now = context.now()
    stop = await stops.find(context.store, target.name)
    found = await discovered.load(context.store, target.name)
    rows = await context.ledger.open_changes(target.name)
    unproven = await context.ledger.unproven_changes(target.name)
    pace, breaker = await call_window.load(context.store, target.name)
    shared, _ = await shared_window.load(context.store)
    shares = shared.is_shared(context.limit_scope_of(target.name), now)
    known, state, problem = await _job(context, found)
    seen = (await job_seen.load_all(context.store)).get(target.name, JobSeen())
    first = twins(context, await discovered.load_all(context.store)).get(target.name)
    groups = await _groups(context, found, now)
    failures = await context.ledger.failed_changes(target.name, now - RECENT_OUTCOMES_AGE)
    intents = await context.intents.open_intents(target.name)
    held = [*listed_people.held_rows(rows), *listed_people.held_intents(intents)]
    skipped = await left_out_records.load(context.store, target.name)
    waiting = [row for row in rows if row.is_removal and row.state is not State.HELD]
    ahead = [s for s in await scheduled(context, targets=[target.name]) if not s.is_overtaken]
    accounts, of_people = await people_watch(context, target, rows)
    is_open = breaker.open_until is not None and breaker.open_until > now
    status = TargetStatus(
        target=target.name,
        mode=str(target.mode),
        job=found.job if found else "",
        job_state=state,
        last_cycle=known.done_until,
        next_cycle=known.done_by(now),
        open=dict(sorted(Counter(str(row.state) for row in rows).items())),
        wanted=len(intents),
        scheduled=len(ahead),
        next_scheduled=min((one.at for one in ahead), default=None),
        oldest_revocation=min((row.noticed_at for row in waiting), default=None),
        held=held,
        failed_lately=len(failures),
        people=listed_people.people(failures, rows, intents, skipped),
        unproven=len(unproven),
        breaker_open_until=breaker.open_until if is_open else None,
        shares_limit=shares,
        calls_in_window=shared.used(now) if shares else pace.used(now),
        not_before=pace.not_before if pace.not_before > now else None,
        groups=groups,
        deleted_groups=found.deleted if found else {},
        accounts=accounts,
    )
    problems = [
        *([problem] if problem else []),
        *unread_target.problems(seen, now),
        *([of_error(same_app(target.name, first))] if first else []),
        *([Problem(str(stop), HOW_TO_START)] if stop else []),
        *listed_people.problems(target.name, held),
        *listed_people.refused_problems(intents),
        *_of_groups(groups),
        *(of_people if found else []),
        *stuck.problems(rows, now),
        *stuck.deleted_groups(status.deleted_groups, known, now),
        *policy_left_out.problems(skipped),
        *cycle_waits.problems(unproven, now),
        *_of_calls(status),
    ]
    return replace(status, problems=problems)


async def _job(
    context: Context, found: DiscoveredTarget | None
) -> tuple[Cycle, str, Problem | None]:
    """Returns the job's cycles and state, and its problem. An error of Graph becomes a problem, so
    that it does not hide what the store knows."""
    if found is None:
        return Cycle(), UNKNOWN, Problem(TARGET_NOT_FOUND, "doctor says why")
    try:
        job = await context.directory.job(found.service_principal, found.job)
    except (PermanentError, TemporaryError) as error:
        return Cycle(), UNKNOWN, of_error(error)
    known = cycle.parse(job, context.now())
    state = "missing" if job is None else str((job.get("status") or {}).get("code"))
    return known, state, Problem(*known.stops) if known.stops else None


async def _groups(context: Context, found: DiscoveredTarget | None, now: datetime) -> list[Watched]:
    records = await subscriptions.load_all(context.store)
    return [
        Watched(
            group=group,
            subscribed_until=max(
                (r.expires for r in records if r.covers(group) and r.expires > now),
                default=None,
            ),
        )
        for group in sorted(found.watched if found else ())
    ]


def _of_calls(status: TargetStatus) -> list[Problem]:
    found: list[Problem] = []
    if status.failed_lately:
        failed = f"{status.failed_lately} failed, and nothing has mended that"
        found.append(Problem(failed, "explain a user"))
    if status.breaker_open_until is not None:
        found.append(Problem("calls fail in a row", "run doctor for details"))
    return found


def _of_groups(groups: Sequence[Watched]) -> list[Problem]:
    return [
        Problem(
            f"Graph sends no notifications about group {watched.group}",
            "the next sweep subscribes to it",
        )
        for watched in groups
        if watched.subscribed_until is None
    ]
