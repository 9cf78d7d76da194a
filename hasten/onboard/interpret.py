"""Turns an event into a plan: resolves its people and groups and checks them against the policy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import THE_GROUP, Wanted
from hasten.domain.no_member import CALL_AWAITED
from hasten.ensure.guard_rails import direct_assignment_refusal
from hasten.errors import PermanentError, ReadError, TemporaryError, WrongInputError
from hasten.events.envelope import OnboardingEvent
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Fault, InvalidEventError, fault
from hasten.events.models import (
    EnsureGroup,
    GroupRef,
    Offboard,
    Onboard,
    Provision,
    UserRef,
)
from hasten.onboard.affected_groups import assigned_groups, groups_to_leave
from hasten.onboard.plan import EventPlan, RefusedPart, UnreadPart, Want
from hasten.onboard.resolve import KnownGroup, resolve_group, resolve_users
from hasten.onboard.unread import unread_people, waiting_people, worst
from hasten.policy import policy_for
from hasten.targets import Target


async def interpret(
    context: Context, event: OnboardingEvent, target: Target, *, is_end: bool
) -> EventPlan:
    """Returns the plan of an event. `is_end` is True for an event that carries out the endAt of an
    earlier one.

    Raises InvalidEventError if nothing in the event can be carried out. Raises TemporaryError and
    PermanentError of Graph if nothing in it can be read.
    """
    plan = await _plan(context, event, target, is_end=is_end)
    if plan.unread and not plan.has_work:
        raise worst([part.error for part in plan.unread])
    return plan


async def _plan(
    context: Context, event: OnboardingEvent, target: Target, *, is_end: bool
) -> EventPlan:
    match event.data:
        case Onboard() as data:
            return await _onboard(context, event, data, target)
        case Offboard() as data:
            return await _offboard(context, event, data, target, is_end=is_end)
        case EnsureGroup() as data:
            return await _ensure(context, event, data, target)
        case Provision() as data:
            return await _provision(context, event, data, target)


async def _onboard(
    context: Context, event: OnboardingEvent, data: Onboard, target: Target
) -> EventPlan:
    group = await _group(context, event, data.group, target, by_hand=True)
    people = await _people(context, event, data.users, "data.users")
    spec = {"role": data.role} if data.role else {}
    wants = [Want(group=group, users=people.ids, wanted=Wanted.MEMBER, spec=spec)]
    return people.plan(wants, data, "users", group.key)


async def _offboard(
    context: Context, event: OnboardingEvent, data: Offboard, target: Target, *, is_end: bool
) -> EventPlan:
    groups, wrong, unread = await _groups(context, event, data, target, is_end=is_end)
    people = await _people(context, event, data.users, "data.users", may_be_gone=True)
    plan = people.plan([], data, "users")
    if not groups:
        affected = await groups_to_leave(context, target, people.ids, event.time)
        affected.add_to(plan, data, people.refs, Wanted.ABSENT)
        return plan
    plan.wants = [Want(group=g, users=people.ids, wanted=Wanted.ABSENT) for g in groups]
    known = list(people.refs.values())
    if wrong and known:
        part = data.model_copy(update={"users": known, "groups": [ref for ref, _ in wrong]})
        plan.refused.append(RefusedPart(data=part, faults=[fault for _, fault in wrong]))
    if unread and known:
        part = data.model_copy(update={"users": known, "groups": [ref for ref, _ in unread]})
        plan.unread.append(UnreadPart(data=part, error=worst([error for _, error in unread])))
    return plan


async def _ensure(
    context: Context, event: OnboardingEvent, data: EnsureGroup, target: Target
) -> EventPlan:
    by_hand = bool(data.members)
    group = await _group(context, event, data.group, target, by_hand=by_hand, may_make=True)
    _refuse_description(event, data, group, target)
    owners = await resolve_users(context, data.owners or (), "data.owners")
    unread = [owner for owner in owners if isinstance(owner, ReadError)]
    if unread:
        raise worst(unread)
    wrong = [owner for owner in owners if isinstance(owner, Fault)]
    if wrong:
        raise InvalidEventError(wrong, event.identity)
    people = await _people(context, event, data.members or (), "data.members", may_be_none=True)
    given = {
        "description": data.description,
        "owners": list(dict.fromkeys(str(owner) for owner in owners)),
        "rule": data.rule,
        "role": data.role,
    }
    spec = {key: value for key, value in given.items() if value}
    wants = [Want(group=group, users=[THE_GROUP], wanted=Wanted.GROUP, spec=spec)]
    if people.ids:
        role = {"role": data.role} if data.role else {}
        wants.append(Want(group=group, users=people.ids, wanted=Wanted.MEMBER, spec=role))
    return people.plan(wants, data, "members", group.key)


def _refuse_description(
    event: OnboardingEvent, data: EnsureGroup, group: KnownGroup, target: Target
) -> None:
    """Raises InvalidEventError if the event sets owners or a rule without a policy that has
    `create:`. Owners and rules decide who is in the group."""
    name = data.group.name or group.name
    policy = policy_for(target.groups, group=group.key, name=name)
    if policy is not None and policy.create is not None:
        return
    given = {"data.owners": data.owners, "data.rule": data.rule}
    wrong = [fault(FaultCode.NEEDS_CREATE, at) for at, said in given.items() if said]
    if wrong:
        raise InvalidEventError(wrong, event.identity)


async def _provision(
    context: Context, event: OnboardingEvent, data: Provision, target: Target
) -> EventPlan:
    people = await _people(context, event, data.users, "data.users")
    plan = people.plan([], data, "users")
    if data.group is None:
        affected = await assigned_groups(context, target, people.ids)
        affected.add_to(plan, data, people.refs, Wanted.IN_STEP)
        await _wait_for_joining(context, data, plan)
        return plan
    group = await _group(context, event, data.group, target, by_hand=False)
    plan.wants = [Want(group=group, users=people.ids, wanted=Wanted.IN_STEP)]
    return plan


async def _wait_for_joining(context: Context, data: Provision, plan: EventPlan) -> None:
    """Lets those wait whom nothing assigns yet, and whom another event wants in a group: a removal
    would take the access that Hasten is about to give."""
    since = context.now() - CALL_AWAITED
    joining = await context.intents.joining(data.target, since) if plan.idle else ()
    if waiting := frozenset(joining).intersection(plan.idle):
        plan.idle = [user for user in plan.idle if user not in waiting]
        plan.unread.append(waiting_people(data, waiting))


async def _group(
    context: Context,
    event: OnboardingEvent,
    ref: GroupRef | None,
    target: Target,
    *,
    by_hand: bool,
    may_make: bool = False,
) -> KnownGroup:
    if ref is None:
        code = direct_assignment_refusal(target)
        if code is not None:
            raise InvalidEventError([fault(code, "data.group")], event.identity)
        return KnownGroup(DIRECT)
    found = await resolve_group(
        context, ref, target, "data.group", by_hand=by_hand, may_make=may_make
    )
    if isinstance(found, Fault):
        raise InvalidEventError([found], event.identity)
    return found


async def _groups(
    context: Context, event: OnboardingEvent, data: Offboard, target: Target, *, is_end: bool
) -> tuple[
    Sequence[KnownGroup], Sequence[tuple[GroupRef, Fault]], Sequence[tuple[GroupRef, ReadError]]
]:
    """Returns the groups that the event names, those that could not be resolved, and those that
    could not be read. An end that names no group stands for the direct assignment."""
    if data.groups is None:
        direct = [await _group(context, event, None, target, by_hand=True)] if is_end else []
        return direct, [], []
    known: dict[str, KnownGroup] = {}
    wrong: list[tuple[GroupRef, Fault]] = []
    unread: list[tuple[GroupRef, ReadError]] = []
    for number, ref in enumerate(data.groups):
        field = f"data.groups[{number}]"
        try:
            found = await resolve_group(context, ref, target, field, by_hand=True, may_make=False)
        except WrongInputError as error:
            refused = fault(FaultCode.REFUSED, field, error.reason, error.next_action)
            wrong.append((ref, refused))
        except (TemporaryError, PermanentError) as error:
            unread.append((ref, error))
        else:
            if isinstance(found, Fault):
                wrong.append((ref, found))
            else:
                known[found.key] = found
    if not known and unread:
        raise worst([error for _, error in unread])
    if not known:
        raise InvalidEventError([fault for _, fault in wrong], event.identity)
    return list(known.values()), wrong, unread


async def _people(
    context: Context,
    event: OnboardingEvent,
    refs: Sequence[UserRef],
    at: str,
    *,
    may_be_none: bool = False,
    may_be_gone: bool = False,
) -> "_People":
    found = await resolve_users(context, refs, at, may_be_gone=may_be_gone)
    people = _People()
    for ref, user in zip(refs, found, strict=True):
        if isinstance(user, Fault):
            people.wrong.append((ref, user))
        elif isinstance(user, ReadError):
            people.unread.append((ref, user))
        else:
            people.refs.setdefault(user, UserRef(id=UUID(user)))
            people.asked.setdefault(user, []).append(ref)
    if not (people.refs or people.unread or may_be_none):
        raise InvalidEventError([fault for _, fault in people.wrong], event.identity)
    return people


@dataclass(slots=True)
class _People:
    """The people of an event: those found, once each by object id, those that could not be
    resolved, and those whose lookup failed."""

    refs: dict[str, UserRef] = field(default_factory=dict)
    wrong: list[tuple[UserRef, Fault]] = field(default_factory=list)
    unread: list[tuple[UserRef, ReadError]] = field(default_factory=list)
    asked: dict[str, list[UserRef]] = field(default_factory=dict)

    @property
    def ids(self) -> Sequence[str]:
        return list(self.refs)

    def plan(
        self,
        wants: list[Want],
        data: Onboard | Offboard | EnsureGroup | Provision,
        key: str,
        group: str = "",
    ) -> EventPlan:
        """Returns the plan of these wants. `key` is where the event names the people."""
        plan = EventPlan(wants, asked=self.asked)
        if self.unread:
            plan.unread.append(unread_people(data, key, self.unread))
        if self.wrong:
            part = data.model_copy(update={key: [ref for ref, _ in self.wrong]})
            faults = [fault for _, fault in self.wrong]
            plan.refused.append(RefusedPart(data=part, faults=faults, group=group))
        return plan
