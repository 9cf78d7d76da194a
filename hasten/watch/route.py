"""Reads how a target is provisioned: its service principal, its job and the rules of the job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hasten.context import Context, RouteRead
from hasten.domain import attributes
from hasten.domain.jobs import choose_job, choose_rule, is_same
from hasten.domain.matching import JobMatch, job_match
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.ports.directory import Directory
from hasten.records.discovered import DiscoveredTarget
from hasten.targets import Target

ROUTE_KEPT = timedelta(minutes=10)
"""Maximum time until a sweep notices that an admin has changed the rules of a job. When Graph
rejects a call for its job or rule, Hasten discovers the target at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    service_principal: str
    job: Json
    user_rule: str | None
    group_rule: str | None
    properties: Sequence[str]
    match: JobMatch

    @property
    def ids(self) -> tuple[str, str, str | None, str | None]:
        return self.service_principal, str(self.job["id"]), self.user_rule, self.group_rule


async def read_route(context: Context, target: Target) -> Route:
    """Raises TemporaryError and PermanentError of Graph, and PermanentError if several choices
    fit."""
    principal = str((await service_principal(context.directory, target))["id"])
    jobs = await context.directory.jobs(principal)
    rules_of = {job["id"]: await context.directory.rules(principal, job["id"]) for job in jobs}
    job = choose_job(jobs, rules_of, target.job)
    rules = rules_of[job["id"]]
    user_rule = choose_rule(rules, "User", target.rule)
    route = Route(
        service_principal=principal,
        job=job,
        user_rule=user_rule,
        group_rule=choose_rule(rules, "Group", target.rule),
        properties=attributes.sources(rules, user_rule).properties if target.users else (),
        match=job_match(rules, user_rule),
    )
    context.routes[target.name] = RouteRead(at=context.now(), route=route.ids, jobs=_ids(jobs))
    return route


async def known_route(context: Context, before: DiscoveredTarget | None) -> Route | None:
    """Returns the route of the last sweep with the present state of the job, which takes one
    request. Returns None if this process has not read the rules within ROUTE_KEPT, or if the target
    has other jobs now."""
    if before is None:
        return None
    read = context.routes.get(before.target)
    if read is None or read.route != before.route or context.now() - read.at >= ROUTE_KEPT:
        return None
    try:
        jobs = await context.directory.jobs(before.service_principal)
    except PermanentError:
        return None
    job = next((job for job in jobs if is_same(job["id"], before.job)), None)
    if job is None or read.jobs != _ids(jobs):
        return None
    return _of(before, {**job, "id": before.job})


async def last_route(
    context: Context, target: Target, before: DiscoveredTarget | None
) -> Route | None:
    """Returns the route of the last sweep, with a job of which nothing but the id is known. Returns
    None if there was no sweep, or if targets.yaml names another app since. Raises TemporaryError
    and PermanentError of Graph."""
    if before is None:
        return None
    principal = await service_principal(context.directory, target)
    if principal["id"] != before.service_principal:
        return None
    return _of(before, {"id": before.job})


def _ids(jobs: Sequence[Json]) -> frozenset[str]:
    return frozenset(str(job["id"]).casefold() for job in jobs)


def _of(before: DiscoveredTarget, job: Json) -> Route:
    return Route(
        service_principal=before.service_principal,
        job=job,
        user_rule=before.user_rule,
        group_rule=before.group_rule,
        properties=before.properties,
        match=before.match,
    )


async def service_principal(directory: Directory, target: Target) -> Json:
    """Returns the service principal that targets.yaml names. Raises PermanentError if Graph finds
    none or several."""
    matches = await directory.service_principals(
        object_id=str(target.service_principal_id or ""),
        app_id=str(target.app_id or ""),
        display_name=target.display_name or "",
    )
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise PermanentError(
            f"target {target.name}: no such enterprise application",
            "correct how targets.yaml names it, or create the application",
        )
    ids = ", ".join(sorted(str(match["id"]) for match in matches))
    raise PermanentError(
        f"target {target.name}: {len(matches)} enterprise applications have this name: {ids}",
        "name it by service_principal_id in targets.yaml",
    )
