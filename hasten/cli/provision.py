"""`provision`: provisions a person or the members of a group before all others, and shows Entra's
answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, Reason, SettingsFile, TargetOption, filled
from hasten.cli.printing import as_json, complain, say
from hasten.cli.running import Code, chosen, run
from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.domain.ensuring import ENDED_WELL
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.name_of import Named, named
from hasten.operate.problems import Problem, of_error
from hasten.ports.directory_values import UnreadMember
from hasten.provision.on_request import Request, request_group, request_person, waited_for
from hasten.targets import Target

MAX_WAIT_SECONDS = 60
MOST_NAMED = 50
"""Maximum number of members who cannot be read that the command names."""

NOTHING_TO_PROVISION = "is not assigned and never was: nothing to provision"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """`steps` are what each step of Entra's answer said; empty while there is no answer. A row that
    is still open, or held, has a `reason` or none."""

    target: str
    user: str
    group: str
    action: str
    state: str
    reason: str
    next_action: str
    steps: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedTarget:
    target: str
    changes: Sequence[ShownChange]
    problem: Problem | None = None


def provision(
    who: Annotated[
        str,
        typer.Argument(
            metavar="USER|GROUP",
            help="Object id, UPN, mail, employeeId, or name of a group.",
            callback=filled,
        ),
    ],
    *,
    target: TargetOption = None,
    reason: Reason = None,
    wait: Annotated[
        int, typer.Option(help="Seconds to wait for the answer.", min=0, max=600)
    ] = MAX_WAIT_SECONDS,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Provisions a person or the members of a group before all others; shows Entra's answer."""

    async def work(operator: Operator) -> Code:
        targets = chosen(operator, target)
        found = await named(operator.context, who.strip())
        by = await operator.who()
        done = [
            await _of_target(
                operator.context,
                one,
                found,
                by=by,
                why=(reason or "").strip(),
                longest=timedelta(seconds=wait),
            )
            for one in targets
        ]
        if json:
            as_json(done)
        else:
            for one in done:
                _show(one)
        return Code.FINE if all(map(_is_well, done)) else Code.PROBLEM

    run(settings, work)


async def _of_target(
    context: Context, target: Target, found: Named, *, by: str, why: str, longest: timedelta
) -> ProvisionedTarget:
    """An error hides no other target."""
    try:
        request = await _request(context, target, found, by=by, why=why)
        rows = await waited_for(context, request, longest)
    except (PermanentError, TemporaryError) as error:
        return ProvisionedTarget(target=target.name, changes=(), problem=of_error(error))
    return ProvisionedTarget(
        target=target.name,
        changes=list(map(_shown, (*rows, *request.held))),
        problem=_left_out(request.unread) if request.unread else None,
    )


async def _request(context: Context, target: Target, found: Named, *, by: str, why: str) -> Request:
    if found.is_group:
        return await request_group(context, target, found.id, by=by, why=why)
    return await request_person(context, target, found.id, by=by, why=why)


def _left_out(unread: Sequence[UnreadMember]) -> Problem:
    known = ", ".join(one.id for one in unread[:MOST_NAMED] if one.id)
    which = f" ({known})" if known else ""
    return Problem(
        f"{len(unread)} of the members{which} cannot be read, and Hasten has left them out",
        "provision each of them by name",
    )


def _shown(row: Change) -> ShownChange:
    return ShownChange(
        target=row.target,
        user=row.user,
        group=row.group,
        action=row.action,
        state=row.state,
        reason=row.reason,
        next_action=row.next_action,
        steps=row.steps,
    )


def _is_well(one: ProvisionedTarget) -> bool:
    return one.problem is None and all(row.state in ENDED_WELL for row in one.changes)


def _show(one: ProvisionedTarget) -> None:
    if one.problem is not None:
        complain(f"{one.target}: {one.problem}")
    elif not one.changes:
        say(f"{one.target}: {NOTHING_TO_PROVISION}.")
    for row in one.changes:
        because = f": {row.reason}" if row.reason else ""
        say(f"{one.target}: {row.user} {row.action} of {row.group}: {row.state}{because}")
        for number, step in enumerate(row.steps, 1):
            say(f"  {number}. {step}")
        if row.next_action and row.state not in ENDED_WELL:
            say(f"  What to do: {row.next_action}")
        if row.state == State.HELD:
            say("  What to do: release it first (python -m hasten release)")
