"""`scheduled`: lists the scheduled starts and ends of events; drops one or carries it out now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, By, SettingsFile, TargetName, Yes, filled
from hasten.cli.printing import as_json_object, at, say, table
from hasten.cli.running import Code, UsageError, chosen, run
from hasten.operate.scheduled import DropResult, Scheduled, bring_forward, find, people_named
from hasten.operate.scheduled import drop as drop_entry
from hasten.operate.scheduled import scheduled as listed

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
    str | None, typer.Option(help="Reason; the history shows it. --drop needs it.", callback=filled)
]


@dataclass(frozen=True, slots=True)
class ScheduleResult:
    """`outcome` is listed, planned, dropped or posted; `moved` counts the entries of which it is
    true. `due` counts those that were due when they were removed: Hasten may have begun to carry
    them out."""

    scheduled: Sequence[Scheduled]
    outcome: str
    moved: int
    due: int


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
        if not json:
            _show(found)
        if not given or not found:
            if json:
                as_json_object(ScheduleResult(found, "listed", 0, 0))
            return Code.FINE
        question = "Delete them?" if drop else "Carry them out now?"
        if not yes and (json or not typer.confirm(question)):
            if json:
                as_json_object(ScheduleResult(found, "planned", 0, 0))
                return Code.FINE
            say("Nothing was done.")
            return Code.PROBLEM
        who, named, why = await operator.who(), by or "", reason or ""
        act = drop_entry if drop else bring_forward
        done = [await act(context, e, by=who, named=named, reason=why) for e in entries]
        due = done.count(DropResult.DUE)
        moved = done.count(DropResult.DROPPED) + done.count(True)
        outcome = "dropped" if drop else "posted"
        if json:
            as_json_object(ScheduleResult(found, outcome, moved, due))
        else:
            say(f"{moved} {outcome}.")
        if due and not json:
            say(f"{due} due: removed, but Hasten may have begun to carry them out. See explain.")
        return Code.FINE

    run(settings, work)


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
