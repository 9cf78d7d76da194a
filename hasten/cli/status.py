"""`status`: shows the state of each target."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, SettingsFile, TargetName
from hasten.cli.printing import as_json_object, at, say, table
from hasten.cli.running import Code, chosen, run
from hasten.context import Context
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import CALLS_PER_WINDOW
from hasten.operate.health import Health, readable_health
from hasten.operate.listed_people import HeldGroup, ListedPerson
from hasten.operate.people_watch import PeopleWatch
from hasten.operate.problems import Problem, of_error
from hasten.operate.status import UNKNOWN, TargetStatus, target_status
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED
from hasten.targets import Target

MAX_PEOPLE_SHOWN = 20
"""Maximum number of users in the table of a target."""


REJECTED = "rejected events are parked"
DEAD = "onboarding events are dead letters: Hasten could not handle them"


@dataclass(frozen=True, slots=True)
class UnreadTarget:
    """A target that could not be read. It has no counts, because a 0 would claim that none is
    open."""

    target: str
    mode: str
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class StatusReport:
    app: Health
    targets: Sequence[TargetStatus | UnreadTarget]


def status(
    target: TargetName = None,
    *,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Shows the app and each target: job, open, held and failed changes, and subscriptions."""

    async def work(operator: Operator) -> Code:
        targets = chosen(operator, target)
        app = await _with_parked(operator.context, await readable_health(operator.context))
        found = [await _status(operator.context, one) for one in targets]
        if json:
            as_json_object(StatusReport(app, found))
        else:
            _show_app(app)
            for one in found:
                _show(one)
        is_ill = app.problems or any(one.problems for one in found)
        return Code.PROBLEM if is_ill else Code.FINE

    run(settings, work)


async def _status(context: Context, target: Target) -> TargetStatus | UnreadTarget:
    """Returns the status of one target. An error hides no other target."""
    try:
        return await target_status(context, target)
    except (PermanentError, TemporaryError) as error:
        return UnreadTarget(target.name, str(target.mode), [of_error(error)])


async def _with_parked(context: Context, app: Health) -> Health:
    """Adds the number of parked events and of those that are dead letters. A queue that cannot be
    read hides nothing that the other, or the store, knows."""
    counts, problems = list[int | None](), [*app.problems]
    for queue, dead_letters, what, shows in (
        (ONBOARDING_REJECTED, False, REJECTED, ONBOARDING_REJECTED),
        (ONBOARDING_EVENTS, True, DEAD, f"{ONBOARDING_EVENTS} --dead-letters"),
    ):
        try:
            count = len(await context.parked_messages.parked(queue, dead_letters=dead_letters))
        except (PermanentError, TemporaryError) as error:
            counts.append(None)
            problems.append(of_error(error))
        else:
            counts.append(count)
            problems += [Problem(f"{count} {what}", _shows(shows))] if count else []
    parked, dead = counts
    return replace(app, parked=parked, dead=dead, problems=problems)


def _shows(queue: str) -> str:
    return (
        f"python -m hasten replay --queue {queue} --dry-run shows them; fix the cause, then send "
        "them again or drop them"
    )


def _show_app(app: Health) -> None:
    table("Hasten", "what", "now", rows=_app_rows(app))
    for problem in app.problems:
        say(f"! {problem}")


def _app_rows(app: Health) -> list[tuple[str, str]]:
    refused = app.notification_refused
    is_read = bool(app.timers)
    return [
        *((f"timer {timer.timer}", str(timer)) for timer in app.timers),
        ("last notification accepted", _seen(app.notification_believed, is_read=is_read)),
        *([("last notification of ours refused", at(refused))] if refused else []),
        ("last onboarding event", _seen(app.event, is_read=is_read)),
        ("parked events", UNKNOWN if app.parked is None else str(app.parked)),
        ("events that are dead letters", UNKNOWN if app.dead is None else str(app.dead)),
    ]


def _seen(time: datetime | None, *, is_read: bool) -> str:
    return at(time) if is_read else UNKNOWN


def _show(status: TargetStatus | UnreadTarget) -> None:
    rows = [("everything", UNKNOWN)] if isinstance(status, UnreadTarget) else _rows(status)
    table(f"{status.target} ({status.mode} mode)", "what", "now", rows=rows)
    for problem in status.problems:
        say(f"! {problem}")


def _rows(status: TargetStatus) -> list[tuple[str, str]]:
    opened = ", ".join(f"{count} {state}" for state, count in status.open.items()) or "none"
    more = len(status.people) - MAX_PEOPLE_SHOWN
    breaker, asked = status.breaker_open_until, status.not_before
    knows_job = status.job_state != UNKNOWN
    return [
        ("provisioning job", f"{status.job_state} {status.job}".strip()),
        ("Entra's last cycle", _seen(status.last_cycle, is_read=knows_job)),
        ("next cycle should end by", _seen(status.next_cycle, is_read=knows_job)),
        ("open changes", opened),
        ("wanted by events", str(status.wanted)),
        ("scheduled starts and ends", _scheduled(status)),
        ("oldest pending revocation", at(status.oldest_revocation)),
        *(("held", _held(held)) for held in status.held),
        ("failed", str(status.failed_lately)),
        *((f"{p.state} {p.user}", _person(p)) for p in status.people[:MAX_PEOPLE_SHOWN]),
        *([("", f"and {more} more: --json lists them")] if more > 0 else []),
        ("not yet proven", str(status.unproven)),
        ("breaker", f"open until {at(breaker)}" if breaker else "closed"),
        ("limit of calls", "shared by all targets" if status.shares_limit else "of this target"),
        ("calls in the window", f"{status.calls_in_window} of {CALLS_PER_WINDOW}"),
        *([("Graph asked to wait until", at(asked))] if asked else []),
        *((f"subscription of {w.group}", at(w.subscribed_until)) for w in status.groups),
        *_of_people(status.accounts),
    ]


def _of_people(watch: PeopleWatch) -> list[tuple[str, str]]:
    oldest = watch.oldest_open
    return [
        ("people are watched", f"no: {watch.why_not}" if watch.why_not else "yes"),
        ("subscription of users", at(watch.subscribed_until)),
        ("last delta of users", at(watch.last_delta)),
        ("last comparison of all people", at(watch.last_comparison)),
        *([("oldest open change of an account", at(oldest))] if oldest else []),
    ]


def _scheduled(status: TargetStatus) -> str:
    if not status.scheduled:
        return "none"
    return f"{status.scheduled}, the next at {at(status.next_scheduled)}"


def _person(person: ListedPerson) -> str:
    what = f"{person.action} of {person.group}: {person.reason}"
    return f"{what}\n→ {person.next_action}" if person.next_action else what


def _held(held: HeldGroup) -> str:
    return f"{held.changes} ({held.removals} removals) of {held.group} by {held.by}: {held.reason}"
