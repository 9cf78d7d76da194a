"""Finds the groups affected by an event that names none: every group that assigns, or is about to
assign, its users to the target. Groups that events may not change are reported as refused, never
skipped silently."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import NAMED, Wanted
from hasten.ensure.guard_rails import direct_assignment_refusal, forbids_name
from hasten.ensure.known_groups import KnownGroups
from hasten.errors import PermanentError, ReadError, TemporaryError, WrongInputError
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Fault, fault
from hasten.events.models import GroupRef, Offboard, Provision, UserRef
from hasten.onboard.plan import EventPlan, RefusedPart, Want
from hasten.onboard.resolve import LOOKUPS_AT_ONCE, KnownGroup, guarded
from hasten.onboard.unread import unread_people
from hasten.records import discovered
from hasten.targets import Target
from hasten.watch.sweep import discover

USERS_FIELD = "data.users"


@dataclass(slots=True)
class AffectedGroups:
    """The groups to act on, by user, and the refusals, each for one user and one group. `unread`
    has the users of whom Graph shows no assignments, or not each of their groups."""

    groups: dict[str, list[KnownGroup]] = field(default_factory=dict)
    refused: list[tuple[str, str, Fault]] = field(default_factory=list)
    unread: dict[str, ReadError] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Users whom Graph does not show, and who may still have access in the app."""

    def add_to(
        self,
        plan: EventPlan,
        data: Offboard | Provision,
        refs: Mapping[str, UserRef],
        wanted: Wanted,
    ) -> None:
        by_group: dict[KnownGroup, list[str]] = defaultdict(list)
        for user, groups in self.groups.items():
            for group in groups:
                by_group[group].append(user)
        plan.wants += [Want(group=g, users=u, wanted=wanted) for g, u in by_group.items()]
        named = {user for user, groups in self.groups.items() if groups}
        acted_on = named | {user for user, _, _ in self.refused} | self.unread.keys()
        plan.idle += [user for user in self.groups if user not in acted_on]
        plan.gone = self.gone.intersection(plan.idle)
        for user, key, wrong in self.refused:
            part = _part(data, refs[user], key)
            plan.refused.append(RefusedPart(data=part, faults=[wrong], group=key, user=user))
        failed = [(ref, error) for user, error in self.unread.items() for ref in plan.asked[user]]
        if failed:
            plan.unread.append(unread_people(data, "users", failed, self.unread))

    def failed(self, number: int, user: str, key: str, error: ReadError) -> None:
        """Notes the error of a read about the user, or about their group `key`."""
        if isinstance(error, WrongInputError):
            at = f"{USERS_FIELD}[{number}]"
            wrong = fault(FaultCode.REFUSED, at, error.reason, error.next_action)
            self.refused.append((user, key, wrong))
        else:
            self.unread[user] = error


def _part(data: Offboard | Provision, user: UserRef, group: str) -> Offboard | Provision:
    """Returns the event reduced to one user and one group. An event cannot name a direct
    assignment, so for DIRECT the part keeps no group, and none if `group` is empty."""
    part = data.model_copy(update={"users": [user]})
    if group in {"", DIRECT}:
        return part
    ref = GroupRef(id=UUID(group))
    if isinstance(part, Offboard):
        return part.model_copy(update={"groups": [ref]})
    return part.model_copy(update={"group": ref})


async def groups_to_leave(
    context: Context, target: Target, users: Sequence[str], time: datetime
) -> AffectedGroups:
    """Returns the groups that the users must leave. It records the departure before it reads
    memberships, so that a concurrent onboarding either sees the departure or is seen here. Raises
    TemporaryError and PermanentError of the store, and of Graph about the target."""
    known = await context.people.leave(target.name, users, time)
    also = {
        user: {group: event.name for group, event in person.joined.items()}
        for user, person in known.items()
    }
    return await _affected(context, target, users, also, by_hand=True)


async def assigned_groups(context: Context, target: Target, users: Sequence[str]) -> AffectedGroups:
    return await _affected(context, target, users, {}, by_hand=False)


async def _affected(
    context: Context,
    target: Target,
    users: Sequence[str],
    also: Mapping[str, Mapping[str, str]],
    *,
    by_hand: bool,
) -> AffectedGroups:
    service_principal = await _service_principal(context, target)
    slots = asyncio.Semaphore(LOOKUPS_AT_ONCE)
    affected = AffectedGroups()

    async def through(user: str) -> Sequence[str] | ReadError:
        async with slots:
            try:
                principals = await context.directory.assigned_through(user, service_principal)
            except (TemporaryError, PermanentError) as error:
                return error
        if principals is None and await _may_have_access(context, target, user):
            affected.gone.add(user)
        return [DIRECT if p == user else p for p in principals or ()]

    assigned: dict[str, Sequence[str]] = {}
    for number, found in enumerate(await asyncio.gather(*map(through, users))):
        if isinstance(found, ReadError):
            affected.failed(number, users[number], "", found)
        else:
            assigned[users[number]] = found
    names = {group: name for joined in also.values() for group, name in joined.items()}
    keys = {key for found in assigned.values() for key in found} | names.keys()
    known = await _known(context, target, keys, names, by_hand=by_hand)
    for number, user in enumerate(users):
        if user not in assigned:
            continue
        groups = affected.groups[user] = []
        for key in dict.fromkeys([*assigned[user], *also.get(user, ())]):
            match known[key]:
                case KnownGroup() as group:
                    groups.append(group)
                case FaultCode() as code:
                    wrong = fault(code, f"{USERS_FIELD}[{number}]", f" ({key})")
                    affected.refused.append((user, key, wrong))
                case TemporaryError() | PermanentError() as error:
                    affected.failed(number, user, key, error)
    return affected


async def _may_have_access(context: Context, target: Target, user: str) -> bool:
    """Returns False only if Hasten watches the people of the target and has not seen this one among
    them."""
    return not target.users or await context.roster.find(target.name, user) is not None


async def _known(
    context: Context,
    target: Target,
    keys: Collection[str],
    names: Mapping[str, str],
    *,
    by_hand: bool,
) -> Mapping[str, KnownGroup | FaultCode | ReadError | None]:
    """Returns by key a group, the reason why events may not change it, or the error of its read.
    None stands for a group that is gone or was never created: it has no members. A group that an
    event added someone to may be so new that Graph does not show it yet."""
    known: dict[str, KnownGroup | FaultCode | ReadError | None] = {}
    groups = await KnownGroups.load(context, target)
    for key in sorted(keys):
        if key == DIRECT:
            known[key] = direct_assignment_refusal(target) or KnownGroup(DIRECT)
        elif key.startswith(NAMED):
            forbidden = forbids_name(target, names[key])
            known[key] = None if forbidden else KnownGroup(key, names[key])
        else:
            try:
                shown = await context.directory.group(key)
            except (TemporaryError, PermanentError) as error:
                known[key] = error
                continue
            if shown is None:
                known[key] = KnownGroup(key) if key in names else None
                continue
            found = guarded(groups, shown, "", by_hand=by_hand)
            known[key] = found.code if isinstance(found, Fault) else found
    return known


async def _service_principal(context: Context, target: Target) -> str:
    found = await discovered.load(context.store, target.name)
    found = found or await discover(context, target)
    return found.service_principal
