"""Finds the people and groups that an event names. It writes nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hasten.context import Context
from hasten.domain.intents import NAMED, THE_GROUP, group_key
from hasten.ensure.guard_rails import forbids_name, refusal
from hasten.ensure.known_groups import KnownGroups
from hasten.errors import PermanentError, ReadError, TemporaryError, WrongInputError
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Fault, fault
from hasten.events.models import GroupRef, UserRef
from hasten.json import Json
from hasten.policy import policy_for
from hasten.records import made_groups
from hasten.records.made_groups import MadeGroup
from hasten.targets import Target

LOOKUPS_AT_ONCE = 16
"""Concurrent lookups per event. A lookup takes about 0.1 s and an event may name 500 users."""


"""Graph gave no usable answer. Another answer about another person may be usable."""


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A group that events may change. `key` is its object id, DIRECT, or the `group_key` of a name
    that no group has yet."""

    key: str
    name: str = ""

    @property
    def is_new(self) -> bool:
        return self.key.startswith(NAMED)


async def resolve_users(
    context: Context, refs: Sequence[UserRef], field: str, *, may_be_gone: bool = False
) -> Sequence[str | Fault | ReadError]:
    """Returns for each reference the object id, the fault, or the error of its lookup. With
    `may_be_gone` an object id is accepted without a lookup, because a deleted user can still be
    offboarded."""
    slots = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def find(number: int, ref: UserRef) -> str | Fault | ReadError:
        async with slots:
            at = f"{field}[{number}].{ref.key}"
            if may_be_gone and ref.id is not None:
                return str(ref.id)
            try:
                found = await _user(context, ref, at)
            except WrongInputError as error:
                return fault(FaultCode.REFUSED, at, error.reason, error.next_action)
            except (TemporaryError, PermanentError) as error:
                return error
            if may_be_gone and isinstance(found, Fault) and found.code is FaultCode.UNKNOWN_USER:
                return fault(FaultCode.GONE_USER, at)
            return found

    return await asyncio.gather(*(find(number, ref) for number, ref in enumerate(refs)))


async def _user(context: Context, ref: UserRef, field: str) -> str | Fault:
    found = await context.directory.users(
        object_id=str(ref.id or ""),
        upn=ref.upn or "",
        mail=ref.mail or "",
        employee_id=ref.employee_id or "",
    )
    if not found:
        return fault(FaultCode.UNKNOWN_USER, field)
    if len(found) > 1:
        return fault(FaultCode.AMBIGUOUS_USER, field, _ids(found))
    return str(found[0]["id"])


async def resolve_group(
    context: Context, ref: GroupRef, target: Target, field: str, *, by_hand: bool, may_make: bool
) -> KnownGroup | Fault:
    """Returns a group that events may change, or the fault. `may_make` is True if the event itself
    describes how to create the group.

    Raises TemporaryError and PermanentError of Graph.
    """
    field = f"{field}.{ref.key}"
    if ref.id is not None:
        shown = await context.directory.group(str(ref.id))
        if shown is None:
            return fault(FaultCode.UNKNOWN_GROUP, field)
        known = await KnownGroups.load(context, target)
        return guarded(known, shown, field, by_hand=by_hand)
    name = str(ref.name)
    made = await made_groups.find(context.store, target.name, name)
    remembered = await _made(context, target, made, field, by_hand=by_hand) if made else None
    if remembered is not None:
        return remembered
    known = await KnownGroups.load(context, target)
    everyone = await context.directory.groups_named(name)
    is_being_made = made is not None and any(map(made.recognizes, everyone))
    named = known.of(everyone) or ([] if is_being_made else everyone)
    if len(named) > 1:
        return fault(FaultCode.AMBIGUOUS_GROUP, field, _ids(named))
    if named:
        return guarded(known, named[0], field, by_hand=by_hand)
    if forbids_name(target, name):
        return fault(FaultCode.FORBIDDEN_GROUP, field)
    if may_make or made or await _will_be_made(context, target, name):
        return KnownGroup(group_key(name), name)
    return fault(FaultCode.UNKNOWN_GROUP, field)


async def _made(
    context: Context, target: Target, made: MadeGroup, field: str, *, by_hand: bool
) -> KnownGroup | Fault | None:
    """Returns the group if Hasten created it a moment ago: Graph does not list it by name yet, and
    not every replica shows it."""
    if made.id is None:
        return None
    shown = await context.directory.group(made.id)
    if shown is not None:
        known = await KnownGroups.load(context, target)
        return guarded(known, shown, field, by_hand=by_hand)
    if not made.may_not_show(context.now()):
        return None
    if forbids_name(target, made.name):
        return fault(FaultCode.FORBIDDEN_GROUP, field)
    return KnownGroup(made.id, made.name)


async def _will_be_made(context: Context, target: Target, name: str) -> bool:
    policy = policy_for(target.groups, group="", name=name)
    if policy is not None and policy.create is not None:
        return True
    asked = await context.intents.find(target.name, group_key(name), THE_GROUP)
    return asked is not None and not asked.is_done


def guarded(known: KnownGroups, shown: Json, field: str, *, by_hand: bool) -> KnownGroup | Fault:
    trouble = refusal(known, shown, by_hand=by_hand)
    if trouble is not None:
        return fault(trouble, field, f" ({shown['id']})")
    return KnownGroup(str(shown["id"]), str(shown["displayName"]))


def _ids(found: Sequence[Json]) -> str:
    return ", ".join(sorted(str(one["id"]) for one in found))
