"""Describes what Hasten would have done for an intent, for targets in observe mode."""

from collections.abc import Sequence

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.ensuring import GROUP_GONE, Ending
from hasten.domain.intents import NAMED, Intent, Wanted
from hasten.domain.outcomes import OBSERVED, REJECTED
from hasten.ensure.groups import expect_gone, find_group
from hasten.ensure.guard_rails import forbidden
from hasten.ensure.known_groups import KnownGroups
from hasten.ensure.work import HiddenMemberError, Work
from hasten.watch.list_members import list_members

OF_MEMBERS = frozenset({Wanted.MEMBER, Wanted.ABSENT})

OBSERVES_NOW = "the target went into observe mode before Hasten had carried out the event"
ACT = "set `mode: act` in targets.yaml"
POST_AGAIN = (
    "set `mode: act` in targets.yaml when you trust it, then post the event again with a "
    "new id and time"
)


async def observe_intents(context: Context, work: Work, wanted: Sequence[Intent]) -> None:
    """Ends the intents of one group with what Hasten would have done. The group may not exist yet.
    Raises TemporaryError and PermanentError of Graph."""
    assigned = await work.assigned()
    if work.group == DIRECT:
        for intent in wanted:
            is_assigned = bool(assigned.of(intent.user))
            if assigned.may_hide(intent.user) and not is_assigned and intent.wanted in OF_MEMBERS:
                work.errors.add(HiddenMemberError(DIRECT))
                continue
            work.end([intent], _direct_assignment(intent, is_assigned=is_assigned))
        return
    group = work.group
    if group.startswith(NAMED):
        found = await find_group(context, work.target, wanted[0].group_name)
        if found is None:
            _without_group(work, wanted, _observed("the group would be created and assigned"))
            return
        group = found
    shown = await context.directory.group(group)
    if shown is None:
        await expect_gone(context, work.target.name, group, wanted)
        _without_group(work, wanted, GROUP_GONE)
        return
    known = await KnownGroups.load(context, work.target)
    members = await list_members(context, group)
    first = "" if assigned.of(group) else "the group would be assigned, and "
    for intent in wanted:
        if members.may_hide(intent.user) and intent.wanted in OF_MEMBERS:
            work.errors.add(HiddenMemberError(work.group))
            continue
        sentence = _member(intent, first, is_member=intent.user in members.ids)
        work.end([intent], forbidden(known, intent, shown) or sentence)


def _without_group(work: Work, wanted: Sequence[Intent], ending: Ending) -> None:
    """Ends the intents of a group that does not exist: nobody is a member of it."""
    leavers = [intent for intent in wanted if intent.wanted is Wanted.ABSENT]
    work.end(leavers, NO_MEMBER)
    work.end([intent for intent in wanted if intent not in leavers], ending)


def _member(intent: Intent, first: str, *, is_member: bool) -> Ending:
    match intent.wanted:
        case Wanted.MEMBER:
            become = "the person is a member already" if is_member else "the person would be added"
            return _observed(first + become)
        case Wanted.ABSENT:
            if is_member:
                return _not_taken(intent, "the person would be removed")
            return NO_MEMBER
        case Wanted.IN_STEP:
            return _observed("the person would be provisioned")
        case Wanted.GROUP:
            return _observed("the group would be assigned" if first else "nothing would change")


def _direct_assignment(intent: Intent, *, is_assigned: bool) -> Ending:
    match intent.wanted:
        case Wanted.ABSENT:
            if is_assigned:
                return _not_taken(intent, "the person would be unassigned")
            return _observed("the person is not assigned")
        case Wanted.IN_STEP:
            return _observed("the person would be provisioned")
        case _:
            become = "is assigned already" if is_assigned else "would be assigned"
            return _observed(f"the person {become}")


def _not_taken(intent: Intent, sentence: str) -> Ending:
    """Returns the end of a removal. Whoever posted it while Hasten acted counts on it: for them it
    is rejected, which raises an alert."""
    if intent.to_be_observed:
        return _observed(sentence)
    return Ending(REJECTED, f"{OBSERVES_NOW}: {sentence}", ACT)


def _observed(sentence: str) -> Ending:
    return Ending(OBSERVED, sentence, POST_AGAIN)


NO_MEMBER = _observed("the person is no member")
