"""`scheduled`: lists the scheduled starts and ends of events; drops one or carries it out now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, By, SettingsFile, TargetName, Yes, filled, plain_text
from hasten.cli.printing import as_json_object, at, complain, say, table
from hasten.cli.running import Code, UsageError, checked, chosen, run
from hasten.context import Context
from hasten.errors import NotFoundError
from hasten.operate.names import people_named
from hasten.operate.problems import Problem
from hasten.operate.scheduled import DropResult, Scheduled, bring_forward, find
from hasten.operate.scheduled import drop as drop_entry
from hasten.operate.scheduled import scheduled as listed
from hasten.records.agenda import AgendaEntry

MAX_PEOPLE_SHOWN = 20
"""Maximum number of people of one event in the table."""

Drop = Annotated[
    str | None,
    typer.Option(help="Delete the entry with this id, or those of this event.", callback=filled),
]
Now = Annotated[
    str | None,
    typer.Option(
        help="Carry out the entry with this id, or those of this event, now.", callback=filled
    ),
]
Why = Annotated[
    str | None,
    typer.Option(help="Reason; the history shows it. --drop needs it.", callback=plain_text),
]


@dataclass(frozen=True, slots=True)
class ScheduleResult:
    """`outcome` is listed, planned, dropped or posted; `moved` counts the entries of which it is
    true. `due` counts those that were due when they were removed: Hasten may have begun to carry
    them out. `gone` counts those that were posted, dropped or brought forward before. `problem`
    says why Hasten could not post at once what is due now: a timer posts it within a minute."""

    scheduled: Sequence[Scheduled]
    outcome: str
    moved: int = 0
    due: int = 0
    gone: int = 0
    problem: Problem | None = None


def scheduled(
    target: TargetName = None,
    *,
    user: Annotated[
        str | None,
        typer.Option(help="Object id, UPN, mail or employeeId.", callback=filled),
    ] = None,
    drop: Drop = None,
    now: Now = None,
    by: By = None,
    reason: Why = None,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Lists the scheduled starts and ends of events; drops one, or carries it out now."""

    async def work(operator: Operator) -> Code:
        context = operator.context
        targets = [one.name for one in chosen(operator, target)]
        given = drop or now
        if drop and now:
            raise UsageError("give --drop or --now, not both")
        if drop and not reason:
            raise UsageError("--drop needs --reason: explain and the log show it")
        entries = await find(context, given) if given else []
        people = await people_named(context, user.strip()) if user else ()
        found = await listed(context, targets=targets, users=people)
        ids = {entry.message.message_id for entry in entries}
        found = [one for one in found if one.id in ids] if given else found
        entries = [e for e in entries if e.message.message_id in {one.id for one in found}]
        if given and not found:
            raise _nothing_of(given, target, user)
        if not json:
            _show(found)
        if not given:
            if json:
                as_json_object(ScheduleResult(found, "listed"))
            return Code.FINE if found else await checked(operator)
        question = "Delete them?" if drop else "Carry them out now?"
        if not yes and (json or not typer.confirm(question)):
            if json:
                as_json_object(ScheduleResult(found, "planned"))
                return Code.FINE
            say("Nothing was done.")
            return Code.PROBLEM
        why = {"by": await operator.who(), "named": by or "", "reason": reason or ""}
        if drop:
            whole = "" if user else given  # of one user, what the operator saw and no more
            result = await _dropped(context, found, entries, given=whole, **why)
        else:
            result = await _brought_forward(context, found, entries, **why)
        if json:
            as_json_object(result)
        else:
            _report(result)
        return Code.FINE

    run(settings, work)


async def _dropped(
    context: Context,
    found: Sequence[Scheduled],
    entries: Sequence[AgendaEntry],
    **why: str,
) -> ScheduleResult:
    done = [await drop_entry(context, entry, **why) for entry in entries]
    moved, due, gone = map(done.count, (DropResult.DROPPED, DropResult.DUE, DropResult.GONE))
    return ScheduleResult(found, "dropped", moved, due, gone)


async def _brought_forward(
    context: Context,
    found: Sequence[Scheduled],
    entries: Sequence[AgendaEntry],
    **why: str,
) -> ScheduleResult:
    done = [await bring_forward(context, entry, **why) for entry in entries]
    moved = sum(one.is_done for one in done)
    problem = next((one.problem for one in done if one.problem), None)
    return ScheduleResult(found, "posted", moved, gone=len(done) - moved, problem=problem)


def _report(result: ScheduleResult) -> None:
    say(f"{result.moved} {result.outcome}.")
    if result.due:
        say(f"{result.due} due: removed, but Hasten may have begun to carry them out. See explain.")
    if result.gone:
        say(
            f"{result.gone} gone: posted, dropped or brought forward before. Nothing was changed. "
            "See explain."
        )
    if result.problem:
        complain(str(result.problem))
        say("What is due now and not posted yet, a timer posts within a minute.")


def _nothing_of(given: str, target: str | None, user: str | None) -> NotFoundError:
    """Returns the error for an id that has no entry of this target and of this person."""
    filters = "".join(f" {word} {one}" for word, one in (("of", target), ("about", user)) if one)
    return NotFoundError(
        f"nothing{filters} is scheduled with the id {given}",
        "see what is: python -m hasten scheduled",
    )


def _show(found: Sequence[Scheduled]) -> None:
    if not found:
        say("Nothing is scheduled.")
        return
    rows = [
        (at(one.at), one.target, f"{one.event} {one.what}", _people(one), one.id) for one in found
    ]
    table(f"{len(found)} scheduled", "at", "target", "event", "people", "id", rows=rows)


def _people(one: Scheduled) -> str:
    groups = ", ".join(one.groups)
    users = [f"{user} (overtaken)" if user in one.overtaken else user for user in one.users]
    more = len(users) - MAX_PEOPLE_SHOWN
    shown = [
        *users[:MAX_PEOPLE_SHOWN],
        *([f"and {more} more: --json lists them"] if more > 0 else []),
    ]
    return "\n".join([*shown, f"of {groups}"])
