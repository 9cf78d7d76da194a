"""Sweeps the targets: finds the service principal, provisioning job, rules and assigned groups of
each."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.cycle import Cycle
from hasten.domain.planning import GrantsBy
from hasten.error_collector import ErrorCollector
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.json import Json
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.records import cursors, discovered, job_seen, made_groups, overviews, unseen_groups
from hasten.records.discovered import DiscoveredTarget
from hasten.records.job_seen import JobSeen
from hasten.records.overviews import Part
from hasten.records.unreadable import UnreadableRowError
from hasten.targets import Target
from hasten.twins import same_app, twins
from hasten.watch.another_app import (
    AnotherAppError,
    let_go_on,
    refuse_another_app,
    stop_another_app,
)
from hasten.watch.assignments import compare_assignments, with_differences
from hasten.watch.hand_over import give_up_names, hand_over, note_left, taken_over
from hasten.watch.look import start_watching
from hasten.watch.route import Route, known_route, last_route, read_route
from hasten.watch.save_found import save_compared, save_found
from hasten.watch.sweep_events import emit_found, emit_job, emit_unread, unread_event

ANOTHER_SWEEP_DELAY = timedelta(seconds=10)
"""Delay before another try while a sweep saves what it found of the same target."""


@dataclass(frozen=True, slots=True)
class Before:
    """The result of the last sweep, if there was one. `is_lost` if its record cannot be read.
    `served_by` names the target that serves the same job, if there is one. `seen` is what it noted
    of the job."""

    found: DiscoveredTarget | None = None
    is_lost: bool = False
    served_by: str = ""
    seen: JobSeen = field(default_factory=JobSeen)


async def sweep(context: Context) -> None:
    """Discovers all targets concurrently. A target that is slow or cannot be found does not delay
    the others: Hasten reports its error. Then it forgets the targets that left targets.yaml."""
    began = context.now()
    found, lost = await discovered.load_known(context.store)
    known = {one.target: one for one in found}
    left = (known.keys() | lost) - context.targets.keys()
    targets, errors = context.targets.values(), ErrorCollector()
    jobs = await overviews.known(context.store, Part.JOB)
    seen = await job_seen.readable(context.store, jobs)
    served = twins(context, known.values())
    before = {
        name: Before(
            known.get(name),
            is_lost=name in lost,
            served_by=served.get(name, ""),
            seen=seen.get(name, JobSeen()),
        )
        for name in context.targets
    }
    with errors.collect_any():
        await note_left(context, left)
    tried = await asyncio.gather(
        *(
            _try(context, target, before[target.name], jobs, errors, began=began)
            for target in targets
        )
    )
    refused = {target.name: since for target, since in zip(targets, tried, strict=True) if since}
    with errors.collect_any():
        await give_up_names(context, refused)
    with errors.collect_any():
        await hand_over(context, began)
    errors.raise_worst()


async def _try(
    context: Context,
    target: Target,
    before: Before,
    jobs: overviews.Known,
    errors: ErrorCollector,
    *,
    began: datetime,
) -> datetime | None:
    """Returns since when the target is another app than the last sweep found, None if it is not."""
    try:
        with errors.collect_unexpected():
            route = await _route(context, target, before)
            _refuse_twin(target, before, route)
            emit_job(context, target, route)
            found = await _discover(context, target, before, route)
            emit_found(context, found)
            if before.found is None:
                with errors.collect_any():
                    await hand_over(context, began, heir=target.name)
            if before.seen.unread_since is not None:
                await let_go_on(context, target.name)
            seen = job_seen.read(_state(route.job), cycle.parse(route.job, context.now()))
            await job_seen.save(context.store, target.name, seen, jobs)
    except (PermanentError, TemporaryError) as error:
        now = context.now()
        is_another = isinstance(error, AnotherAppError)
        unread = job_seen.unread(
            error,
            min(before.seen.unread_since or now, now),
            is_another_app=is_another or before.seen.is_another_app,
        )
        with errors.collect():
            await job_seen.save(context.store, target.name, unread, jobs)
        with errors.collect_any():
            await stop_another_app(context, target.name, error)
        context.emit(unread_event(target, error, unread, now))
        return unread.unread_since if is_another else None
    return None


async def _route(context: Context, target: Target, before: Before) -> Route:
    """Returns the route. If Graph does not show the job for now, it compares the assignments by the
    route of the last sweep before it raises TemporaryError: a group that was unassigned waits for
    nobody. Raises PermanentError too."""
    try:
        return await known_route(context, before.found) or await read_route(context, target)
    except TemporaryError:
        if (route := await last_route(context, target, before.found)) is not None:
            _refuse_twin(target, before, route)
            await _discover(context, target, before, route)
        raise


async def discover(context: Context, target: Target) -> DiscoveredTarget:
    """Reads the current state of one target from Graph and saves it.

    Raises TemporaryError and PermanentError of Graph, PermanentError if the job lacks a rule that
    the target needs, and TemporaryError if a sweep does the same at that moment.
    """
    try:
        before = Before(await discovered.load(context.store, target.name))
    except UnreadableRowError:
        before = Before(is_lost=True)
    route = await read_route(context, target)
    emit_job(context, target, route)
    try:
        found = await _discover(context, target, before, route)
    except Conflict as error:
        raise TemporaryError(str(error), ANOTHER_SWEEP_DELAY) from error
    emit_found(context, found)
    return found


async def _discover(
    context: Context,
    target: Target,
    before: Before,
    route: Route,
) -> DiscoveredTarget:
    """Compares the target with `before`, the result of the last sweep. If that result is lost, no
    group counts as newly assigned or unassigned.

    New groups get their cursor first, because a look needs one. Assignments and unassignments since
    the last sweep are noted in the discovered target, then recorded. Whoever may be an entry that
    cannot be read stays as the last sweep saw them. Raises the worst error about a group after all
    others are recorded and the target is saved, and Conflict if another sweep saves it meanwhile.
    """
    of_name = before.found or await discovered.load_left_as(context.store, target.name)
    refuse_another_app(target, of_name, route)
    assignments = await context.directory.assignments(route.service_principal)
    emit_unread(context, target, assignments)
    kept = {g for g in (before.found.groups if before.found else ()) if assignments.may_hide(g)}
    groups = dict[str, datetime | None].fromkeys(kept)
    groups |= {a.principal: a.created for a in assignments.listed if a.kind == "Group"}
    lately = context.now() - discovered.ASSIGNMENT_FRESH_FOR
    found = DiscoveredTarget(
        target=target.name,
        service_principal=route.service_principal,
        job=str(route.job["id"]),
        user_rule=route.user_rule,
        group_rule=route.group_rule,
        groups=tuple(sorted(groups)),
        assigned_at={g: at.isoformat() for g, at in groups.items() if at and at > lately},
        sources=tuple(await _sources(context, target, groups)),
        properties=route.properties,
        match=route.match,
    )
    _refuse_missing_rule(target, found)
    last = found if before.is_lost else before.found or await taken_over(context, found)
    new = found.watched - (last.watched if last and not before.is_lost else frozenset())
    await start_watching(context, *await cursors.without(context.store, new))
    noted = await unseen_groups.load(context.store, target.name)
    settled = context.now() - REPLICATION_SETTLED_AFTER
    unseen = {
        group
        for group, one in noted.items()
        if group not in groups and one.noted_at <= settled and not assignments.may_hide(group)
    }
    if last and unseen:
        last = replace(last, groups=sorted({*last.groups, *unseen}))
    stored, differing = before.found, set[str]()
    if last is not None:
        differing = set(last.groups) ^ set(found.groups)
        found = with_differences(last, found, differing, context.now())
        if differing:
            await save_found(context, found, over=stored)
            stored = found
    errors = ErrorCollector()
    found = await compare_assignments(context, target, last, found, assignments, errors=errors)
    known = cycle.parse(route.job, context.now())
    unsettled = _unseen(found.unsettled, known)
    found = replace(found, deleted=_still_with_access(found, known), unsettled=unsettled)
    if differing or found != stored:
        await save_compared(context, found, differing, over=stored)
    done = {g: one for g, one in noted.items() if g in groups or g in unseen}
    await unseen_groups.forget(context.store, target.name, done)
    errors.raise_worst()
    return found


def _state(job: Json) -> str:
    return str((job.get("status") or {}).get("code") or "unknown")


async def _sources(context: Context, target: Target, assigned: Collection[str]) -> list[str]:
    """Returns the object ids of the admin groups that the policy mirrors. The timer that applies
    the policy saves the id of a group that is known by name. Until then Hasten asks Graph, and
    takes the only assigned group of the name."""
    wanted = {other.casefold() for policy in target.groups for other in policy.also_members_of}
    if not wanted:
        return []
    made = await made_groups.load_all(context.store, target.name)
    ids = {one.name.casefold(): one.id for one in made if one.id}
    given = {str(policy.id): str(policy.id) for policy in target.groups if policy.id}
    known = {**ids, **given}
    sources = {known[other] for other in wanted if other in known}
    for name in sorted(wanted - known.keys()):
        shown = [str(group["id"]) for group in await context.directory.groups_named(name)]
        of_name = [group for group in shown if group in assigned]
        sources |= set(of_name) if len(of_name) == 1 else set()
    return sorted(sources)


def _still_with_access(found: DiscoveredTarget, known: Cycle) -> Mapping[str, str]:
    """Returns the deleted groups whose people no cycle has deprovisioned yet. Graph lists no
    members of a deleted group, so Hasten cannot call anyone."""
    deleted = _unseen(found.deleted, known)
    return {group: at for group, at in deleted.items() if group not in found.groups}


def _unseen(groups: Mapping[str, str], known: Cycle) -> Mapping[str, str]:
    """Returns the groups of which no cycle of Entra has seen the change at the given time."""
    return {
        group: at
        for group, at in sorted(groups.items())
        if not known.sees(datetime.fromisoformat(at))
    }


def _refuse_twin(target: Target, before: Before, route: Route) -> None:
    """Refuses a target whose job another one serves. The result of its last sweep stays as it is:
    if the other is taken out of targets.yaml, the next sweep finds the assignments since then, and
    takes over what the other has open."""
    if before.served_by and before.found is not None and before.found.route == route.ids:
        raise same_app(target.name, before.served_by)


def _refuse_missing_rule(target: Target, found: DiscoveredTarget) -> None:
    if target.grants_by is not GrantsBy.USER and found.group_rule is None:
        raise PermanentError(
            f"target {target.name}: its job has no rule that provisions groups",
            "turn on group provisioning in its mappings, or set grants_by: user in targets.yaml",
        )
    if found.user_rule is None:
        raise PermanentError(
            f"target {target.name}: its job has no rule that provisions users",
            "turn on user provisioning in its mappings",
        )
