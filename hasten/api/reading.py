"""Answers questions about people, changes, targets, and what is held or scheduled."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from http import HTTPStatus

from hasten.api.endpoint import ApiRequest, Reply, bad_request
from hasten.api.paging import paged
from hasten.api.problems import ApiError
from hasten.operate.changes_list import ChangesFilter, list_changes
from hasten.operate.everything import everything_about
from hasten.operate.held_list import HeldChange, held_list
from hasten.operate.names import people_named
from hasten.operate.overview import overview
from hasten.operate.scheduled import Scheduled
from hasten.operate.scheduled import scheduled as list_scheduled
from hasten.targets import Target

MAX_PERSON_CHARS = 256
"""Characters of a UPN or of any other name of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(HeldChange):
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPage:
    """`next` asks for the next page, as `before`; null at the end."""

    held: Sequence[Held]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledPage:
    """`next` asks for the next page, as `before`; null at the end."""

    scheduled: Sequence[Scheduled]
    total: int
    next: str | None


def chosen(call: ApiRequest, name: str | None) -> list[Target]:
    """Returns the target of this name, or all targets. Raises ApiError 404."""
    targets = call.context.targets
    if name is None:
        return list(targets.values())
    if name not in targets:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "there is no such target",
            f"the file targets.yaml has these: {', '.join(targets)}",
        )
    return [targets[name]]


async def read_targets(call: ApiRequest) -> Reply:
    return Reply(value=await overview(call.context))


async def read_person(call: ApiRequest) -> Reply:
    targets = chosen(call, call.query.target)
    return Reply(value=await everything_about(call.context, named_person(call), targets))


def named_person(call: ApiRequest) -> str:
    """Returns whom the path names. Raises ApiError 400."""
    given = call.path("id").strip()
    if not given or len(given) > MAX_PERSON_CHARS or not given.isprintable():
        raise bad_request(
            [
                {
                    "field": "path.id",
                    "problem": "it names nobody",
                    "fix": "name an object id, a UPN, a mail address or an employeeId",
                }
            ]
        )
    return given


async def read_changes(call: ApiRequest) -> Reply:
    query = call.query
    [*_] = chosen(call, query.target)
    wanted = ChangesFilter(
        target=query.target or "",
        states=frozenset(query.state),
        user=str(query.user) if query.user else "",
        group=query.group or "",
    )
    try:
        page = await list_changes(call.context, wanted, limit=query.limit, before=query.before)
    except ValueError:
        raise bad_request(
            [
                {
                    "field": "query.before",
                    "problem": "it is not what a page gave",
                    "fix": "take it from the page before, or leave it out",
                }
            ]
        ) from None
    return Reply(value=page)


async def read_held(call: ApiRequest) -> Reply:
    query = call.query
    user = str(query.user) if query.user else None
    found = [
        _of_target(target.name, one)
        for target in chosen(call, query.target)
        for one in await held_list(call.context, target.name)
        if user in {None, one.user} and query.group in {None, one.group}
    ]
    page, following = paged(
        found,
        lambda one: (one.since.isoformat(), one.target, one.key),
        limit=query.limit,
        before=query.before,
    )
    return Reply(value=HeldPage(held=page, total=len(found), next=following))


async def read_scheduled(call: ApiRequest) -> Reply:
    query = call.query
    targets = [target.name for target in chosen(call, query.target)]
    people = await people_named(call.context, query.user) if query.user else ()
    found = await list_scheduled(call.context, targets=targets, users=people)
    page, following = paged(
        found,
        lambda one: (one.at.isoformat(), one.target, one.id),
        limit=query.limit,
        before=query.before,
    )
    return Reply(value=ScheduledPage(scheduled=page, total=len(found), next=following))


def _of_target(target: str, one: HeldChange) -> Held:
    return Held(target=target, **{field.name: getattr(one, field.name) for field in fields(one)})
