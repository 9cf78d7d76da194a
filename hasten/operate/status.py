"""Reports the state of a target for the command line, from the store and from Graph's provisioning
job."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.changes import Action, Change, HeldBy, State
from hasten.domain.cycle import Cycle
from hasten.domain.intents import Intent
from hasten.errors import PermanentError, TemporaryError
from hasten.operate import stuck
from hasten.operate.problems import Problem, of_error
from hasten.records import call_window, discovered, shared_window, stops, subscriptions
from hasten.records.discovered import DiscoveredTarget
from hasten.targets import Target

LATELY = timedelta(hours=24)
PAUSED = Problem(
    "the provisioning job is paused, so that what is left to Entra's own cycle stays undone",
    "start provisioning in the Entra portal, if the pause is not meant",
)
NOT_FOUND = "no sweep has found the target yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Changes of one group that wait for an operator for the same reason."""

    group: str
    by: str
    reason: str
    changes: int
    removals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One held or failed change and its user."""

    user: str
    group: str
    action: str
    state: str
    reason: str
    next_action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A group and the time until which Graph sends its notifications; None if there is no
    subscription."""

    group: str
    subscribed_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of a target. `problems` are those that someone should act on, each with a fix."""

    target: str
    mode: str
    job: str = ""
    job_state: str = "unknown"
    last_cycle: datetime | None = None
    next_cycle: datetime | None = None
    open: Mapping[str, int] = field(default_factory=dict)
    wanted: int = 0
    """Number of memberships that events want and that Hasten has yet to write."""

    oldest_revocation: datetime | None = None
    held: Sequence[Held] = ()
    failed_lately: int = 0
    people: Sequence[Person] = ()
    """Users whose changes are held or failed recently."""

    unproven: int = 0
    breaker_open_until: datetime | None = None
    shares_limit: bool = False
    """True if Entra's limit counts the calls of all targets together."""

    calls_in_window: int = 0
    not_before: datetime | None = None
    """The time until which Graph asked Hasten to make no call."""

    groups: Sequence[Watched] = ()
    problems: Sequence[Problem] = ()


async def target_status(context: Context, target: Target) -> Status:
    now = context.now()
    stop = await stops.find(context.store, target.name)
    found = await discovered.load(context.store, target.name)
    rows = await context.ledger.open_changes(target.name)
    unproven = await context.ledger.unproven_changes(target.name)
    ended = [*unproven, *await context.ledger.done_changes(target.name)]
    pace, breaker = await call_window.read(context.store, target.name)
    shared, _ = await shared_window.read(context.store)
    shares = shared.is_shared(context.limit_scope_of(target.name), now)
    known, state, problem = await _job(context, found)
    groups = await _groups(context, found, now)
    failures = [row for row in ended if row.state is State.FAILED and _is_recent(row, now)]
    failed = len(failures)
    intents = await context.intents.open_intents(target.name)
    held = [*_held(rows), *_held_intents(intents)]
    waiting = [row for row in rows if row.is_removal and row.state is not State.HELD]
    is_open = breaker.open_until is not None and breaker.open_until > now
    return Status(
        target=target.name,
        mode=str(target.mode),
        job=found.job if found else "",
        job_state=state,
        last_cycle=known.done_until,
        next_cycle=known.done_by(now),
        open=dict(sorted(Counter(str(row.state) for row in rows).items())),
        wanted=len(intents),
        oldest_revocation=min((row.noticed_at for row in waiting), default=None),
        held=held,
        failed_lately=failed,
        people=[
            *(_person(row) for row in failures),
            *(_person(row) for row in rows if row.state is State.HELD),
            *(_wanted(intent) for intent in intents if intent.held),
        ],
        unproven=len(unproven),
        breaker_open_until=breaker.open_until if is_open else None,
        shares_limit=shares,
        calls_in_window=shared.used(now) if shares else pace.used(now),
        not_before=pace.not_before if pace.not_before > now else None,
        groups=groups,
        problems=[
            *([problem] if problem else []),
            *(
                [Problem(str(stop), "python -m hasten start, if the reason is gone")]
                if stop
                else []
            ),
            *_of_held(target.name, held),
            *_of_groups(groups),
            *stuck.problems(rows, now),
            *(
                [Problem(f"{failed} failed in the last 24 hours", "explain a user")]
                if failed
                else []
            ),
            *([Problem("calls fail in a row", "run doctor for details")] if is_open else []),
        ],
    )


async def _job(
    context: Context, found: DiscoveredTarget | None
) -> tuple[Cycle, str, Problem | None]:
    """Returns the job's cycles and state, and its problem. An error of Graph becomes a problem, so
    that it does not hide what the store knows."""
    if found is None:
        return Cycle(), "unknown", Problem(NOT_FOUND, "doctor says why")
    try:
        job = await context.directory.job(found.service_principal, found.job)
    except (PermanentError, TemporaryError) as error:
        return Cycle(), "unknown", of_error(error)
    known = cycle.read(job)
    state = "missing" if job is None else str((job.get("status") or {}).get("code"))
    if known.problem:
        return known, state, Problem(known.problem, known.next_action)
    if state.casefold() == "paused":
        return known, state, PAUSED
    return known, state, None


async def _groups(context: Context, found: DiscoveredTarget | None, now: datetime) -> list[Watched]:
    records = await subscriptions.load_all(context.store)
    return [
        Watched(
            group=group,
            subscribed_until=max(
                (r.expires for r in records if r.group in {None, group} and r.expires > now),
                default=None,
            ),
        )
        for group in (found.groups if found else ())
    ]


def _held(rows: Sequence[Change]) -> list[Held]:
    """Groups the held rows by group. Each look may give another reason; the last one counts all
    users."""
    of_group: dict[tuple[str, str], list[Change]] = {}
    for row in rows:
        if row.state is State.HELD:
            of_group.setdefault((row.group, str(row.held_by)), []).append(row)
    return [
        Held(
            group=group,
            by=by,
            reason=max(together, key=lambda row: row.found_at).reason,
            changes=len(together),
            removals=sum(1 for row in together if row.is_removal),
        )
        for (group, by), together in sorted(of_group.items())
    ]


def _held_intents(intents: Sequence[Intent]) -> list[Held]:
    """Groups the held revocations that events want. Hasten has written nothing to Entra ID for
    them."""
    of_group: dict[str, list[Intent]] = {}
    for intent in intents:
        if intent.held:
            of_group.setdefault(intent.group, []).append(intent)
    return [
        Held(
            group=group,
            by=HeldBy.BRAKE,
            reason=max(together, key=lambda intent: intent.recorded_at).held,
            changes=len(together),
            removals=len(together),
        )
        for group, together in sorted(of_group.items())
    ]


def _person(row: Change) -> Person:
    return Person(
        user=row.user,
        group=row.group,
        action=row.action,
        state=row.state,
        reason=row.reason,
        next_action=row.next_action,
    )


def _wanted(intent: Intent) -> Person:
    return Person(
        user=intent.user,
        group=intent.group,
        action=Action.REMOVED,
        state=State.HELD,
        reason=intent.held,
        next_action="",
    )


def _of_held(target: str, held: Sequence[Held]) -> list[Problem]:
    """Returns one problem for each group, whatever the reasons. In observe mode held changes are no
    problem."""
    counted: Counter[str] = Counter()
    for one in held:
        if one.by == HeldBy.BRAKE:
            counted[one.group] += one.changes
    return [
        Problem(
            f"{count} of group {group} are held by the brake",
            f"if they are meant, python -m hasten release {target} --group {group}; else mend the "
            "group, then discard",
        )
        for group, count in counted.items()
    ]


def _of_groups(groups: Sequence[Watched]) -> list[Problem]:
    return [
        Problem(
            f"Graph sends no notifications about group {watched.group}",
            "the next sweep subscribes to it",
        )
        for watched in groups
        if watched.subscribed_until is None
    ]


def _is_recent(row: Change, now: datetime) -> bool:
    return row.finished_at is not None and row.finished_at > now - LATELY
