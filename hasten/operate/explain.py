"""Gathers what Hasten and Graph know about one user and one target, for the command line."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change
from hasten.domain.cycle import Cycle
from hasten.domain.history import Entry
from hasten.domain.intents import Intent
from hasten.domain.person_facts import Facts, Nested
from hasten.domain.seen_access import last_assigned_at
from hasten.errors import NotFoundError, PermanentError, TemporaryError
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.operate.problems import of_error
from hasten.operate.rows_of_person import rows_of_person
from hasten.records import discovered, job_seen, policy_left_out, stops
from hasten.records.discovered import DiscoveredTarget
from hasten.records.job_seen import JobSeen
from hasten.targets import Target


async def find_person(context: Context, given: str) -> str:
    """Returns the object id of the user with this object id, UPN, mail or employeeId. An object id
    is returned without a lookup, because the user may have been deleted.

    Raises NotFoundError if no user matches, PermanentError if several do, and TemporaryError of
    Graph.
    """
    if is_object_id(given):
        return given.lower()
    for found in await _candidates(context, given):
        if len(found) == 1:
            return str(found[0]["id"]).lower()
        if found:
            ids = ", ".join(sorted(str(one["id"]) for one in found))
            raise PermanentError(f"{len(found)} users have it: {ids}", "name one by object id")
    raise NotFoundError(
        "no user has this UPN, mail or employeeId",
        "name the user by object id (36 characters): someone deleted is found by nothing else",
    )


async def refuse_unknown(context: Context, user: str) -> None:
    """Raises NotFoundError if the object id belongs to nobody in Entra ID and Hasten has never
    seen it. If Graph does not answer, Hasten assumes that the user exists."""
    try:
        if await context.directory.user(user) is not None:
            return
    except (PermanentError, TemporaryError):
        return  # the facts say that Graph could not be read
    for target in context.targets:
        known = await context.people.find(target, user)
        intents = await context.intents.open_intents(target)
        if (
            known
            or any(i.user == user for i in intents)
            or await rows_of_person(context, target, user)
        ):
            return
    raise NotFoundError(
        f"no user has the object id {user}, and Hasten has seen nothing of one",
        "check the id",
    )


async def gather(
    context: Context, target: Target, user: str, history: Sequence[Entry] | None = None
) -> Facts:
    """Returns the facts about one user and one target. `history` is that of the user, if the caller
    has read it. An error of Graph leaves out what Graph knows and hides nothing that the store
    knows.

    Raises PermanentError if no sweep has found the target yet, and TemporaryError of the store.
    """
    found = await discovered.must_load(context.store, target.name)
    stop = await stops.find(context.store, target.name)
    rows = await rows_of_person(context, target.name, user, history)
    skipped = [o for o in await policy_left_out.load(context.store, target.name) if o.user == user]
    facts = Facts(
        target=target.name,
        now=context.now(),
        observes=target.observes,
        stopped=str(stop) if stop else "",
        last_assigned=last_assigned_at(await context.roster.find(target.name, user), context.now()),
        rows=rows,
        intents=await _intents(context, target.name, found, user, rows),
        deleted=found.deleted,
        left_out={one.group: one.sources for one in skipped},
    )
    try:
        return await _with_graph(context, found, user, facts)
    except (PermanentError, TemporaryError) as error:
        problem = of_error(error)
        return replace(facts, unread=problem.found, unread_action=problem.fix)


async def _with_graph(context: Context, found: DiscoveredTarget, user: str, facts: Facts) -> Facts:
    """Adds what Graph knows. Raises PermanentError and TemporaryError of Graph."""
    through = await context.directory.assigned_through(user, found.service_principal)
    known = await context.directory.user(user)
    nested = [] if known is None else await _nested(context, found, user)
    groups = [group for group in through or () if group != user]
    return replace(
        facts,
        exists=known is not None,
        restorable=known is None and await context.directory.is_restorable(user),
        enabled=known.enabled if known else None,
        direct=user in (through or ()),
        through=groups,
        nested=nested,
        cycle=await _cycle(context, found),
        names=await _names(context, [*groups, *facts.left_out], nested, facts.rows),
    )


async def _cycle(context: Context, found: DiscoveredTarget) -> Cycle:
    """Returns the cycle of the job as Graph shows it. An operator who may read the directory may
    lack the permission to read the job. Then it is the cycle that the last sweep saw."""
    try:
        job = await context.directory.job(found.service_principal, found.job)
        return cycle.parse(job, context.now())
    except PermanentError:
        return (await job_seen.load_all(context.store)).get(found.target, JobSeen()).cycle


async def _candidates(context: Context, given: str) -> list[Sequence[Json]]:
    if "@" not in given:
        return [await context.directory.users(employee_id=given)]
    return [
        await context.directory.users(upn=given),
        await context.directory.users(mail=given),
    ]


async def _intents(
    context: Context, target: str, found: DiscoveredTarget, user: str, rows: Sequence[Change]
) -> list[Intent]:
    mine = [i for i in await context.intents.open_intents(target) if i.user == user]
    groups = (
        {*found.groups, DIRECT, *(row.group for row in rows)}
        - {i.group for i in mine}
        - {OWN_ACCOUNT}
    )
    known = await asyncio.gather(
        *(
            context.intents.find(target, group, user, in_step=in_step)
            for group in sorted(groups)
            for in_step in (False, True)
        )
    )
    return [*mine, *(intent for intent in known if intent is not None)]


async def _nested(context: Context, found: DiscoveredTarget, user: str) -> list[Nested]:
    """Returns, for each watched group, the first group at any depth in it of which the user is a
    member."""
    nested = []
    for group in found.groups:
        inner = await _inside(context, group, user)
        if inner is not None:
            nested.append(Nested(group=group, inner=inner))
    return nested


async def _inside(context: Context, group: str, user: str) -> str | None:
    seen, waiting = {group}, [group]
    while waiting:
        current = waiting.pop(0)
        members = (await context.directory.members(current)).listed
        if current != group and any(member.id == user for member in members):
            return current
        inner = [m.id for m in members if m.kind == "group" and m.id not in seen]
        seen.update(inner)
        waiting += inner
    return None


async def _names(
    context: Context, groups: Sequence[str], nested: Sequence[Nested], rows: Sequence[Change]
) -> Mapping[str, str]:
    wanted = {*groups, *(row.group for row in rows)}
    wanted |= {group for one in nested for group in (one.group, one.inner)}
    shown = [
        await context.directory.group(group) for group in sorted(wanted - {DIRECT, OWN_ACCOUNT})
    ]
    return {str(one["id"]).lower(): str(one["displayName"] or one["id"]) for one in shown if one}
