"""Turns an event into a plan: resolves its people and groups and checks them against the policy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import THE_GROUP, Wanted
from hasten.ensure.guard_rails import direct_assignment_refusal
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
from hasten.onboard.plan import EventPlan, RefusedPart, Want
from hasten.onboard.resolve import KnownGroup, resolve_group, resolve_users
from hasten.policy import policy_for
from hasten.targets import Target


async def interpret(
    context: Context, event: OnboardingEvent, target: Target, *, is_end: bool
) -> EventPlan:
    """Returns the plan of an event. `is_end` is True for an event that carries out the endAt of an
    earlier one.

    Raises InvalidEventError if nothing in the event can be carried out, and TemporaryError and
    PermanentError of Graph.
    """
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
    return EventPlan(wants, people.refused(data, "users", group.key), asked=people.asked)


async def _offboard(
    context: Context, event: OnboardingEvent, data: Offboard, target: Target, *, is_end: bool
) -> EventPlan:
    groups, wrong = await _groups(context, event, data, target, is_end=is_end)
    people = await _people(context, event, data.users, "data.users", may_be_gone=True)
    plan = EventPlan(refused=people.refused(data, "users", ""), asked=people.asked)
    if not groups:
        affected = await groups_to_leave(context, target, people.ids, event.time)
        affected.add_to(plan, data, people.refs, Wanted.ABSENT)
        return plan
    plan.wants = [Want(group=g, users=people.ids, wanted=Wanted.ABSENT) for g in groups]
    if wrong:
        known = [people.refs[user] for user in people.ids]
        part = data.model_copy(update={"users": known, "groups": [ref for ref, _ in wrong]})
        plan.refused.append(RefusedPart(data=part, faults=[fault for _, fault in wrong]))
    return plan


async def _ensure(
    context: Context, event: OnboardingEvent, data: EnsureGroup, target: Target
) -> EventPlan:
    by_hand = bool(data.members)
    group = await _group(context, event, data.group, target, by_hand=by_hand, may_make=True)
    _refuse_description(event, data, group, target)
    owners = await resolve_users(context, data.owners or (), "data.owners")
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
    return EventPlan(wants, people.refused(data, "members", group.key))


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
    plan = EventPlan(refused=people.refused(data, "users", ""))
    if data.group is None:
        affected = await assigned_groups(context, target, people.ids)
        affected.add_to(plan, data, people.refs, Wanted.IN_STEP)
        return plan
    group = await _group(context, event, data.group, target, by_hand=False)
    plan.wants = [Want(group=group, users=people.ids, wanted=Wanted.IN_STEP)]
    return plan


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
) -> tuple[Sequence[KnownGroup], Sequence[tuple[GroupRef, Fault]]]:
    """Returns the groups that the event names, and those that could not be resolved. An end that
    names no group stands for the direct assignment."""
    if data.groups is None:
        return ([await _group(context, event, None, target, by_hand=True)] if is_end else []), []
    found = [
        await resolve_group(
            context, ref, target, f"data.groups[{number}]", by_hand=True, may_make=False
        )
        for number, ref in enumerate(data.groups)
    ]
    wrong = [
        (ref, group)
        for ref, group in zip(data.groups, found, strict=True)
        if isinstance(group, Fault)
    ]
    known = {group.key: group for group in found if isinstance(group, KnownGroup)}
    if not known:
        raise InvalidEventError([fault for _, fault in wrong], event.identity)
    return list(known.values()), wrong


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
        else:
            people.refs.setdefault(user, UserRef(id=UUID(user)))
            people.asked.setdefault(user, []).append(ref)
    if not people.refs and not may_be_none:
        raise InvalidEventError([fault for _, fault in people.wrong], event.identity)
    return people


@dataclass(slots=True)
class _People:
    """The people of an event: those found, once each by object id, and those that could not be
    resolved."""

    refs: dict[str, UserRef] = field(default_factory=dict)
    wrong: list[tuple[UserRef, Fault]] = field(default_factory=list)
    asked: dict[str, list[UserRef]] = field(default_factory=dict)

    @property
    def ids(self) -> Sequence[str]:
        return list(self.refs)

    def refused(
        self, data: Onboard | Offboard | EnsureGroup | Provision, key: str, group: str
    ) -> list[RefusedPart]:
        if not self.wrong:
            return []
        part = data.model_copy(update={key: [ref for ref, _ in self.wrong]})
        return [RefusedPart(data=part, faults=[fault for _, fault in self.wrong], group=group)]
