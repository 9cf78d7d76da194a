"""Judges all removals of a run before Hasten writes the first of them to Entra ID."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Intent
from hasten.ensure.settle import postpone
from hasten.ensure.work import Work
from hasten.errors import PermanentError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.records.recent_removals import RecentRemovals
from hasten.watch.hold_removals import Judged, alert_brake, judge_removals
from hasten.watch.list_members import list_members


@dataclass(frozen=True, slots=True)
class Passed:
    """The keys of the intents that Hasten may carry out, and of those among them whose users the
    brake has not counted, because no list shows them as members."""

    keys: Collection[str]
    uncounted: Collection[str]


async def let_go(context: Context, works: Sequence[tuple[Work, Sequence[Intent]]]) -> Passed:
    """Returns the intents that Hasten may carry out; the others wait for an operator, or for a list
    that has settled. If a group cannot be read, none of its removals passes in this run.

    Non-members pass and do not count towards the brake; otherwise any producer could trip it by
    offboarding strangers. A lagging list may lack members, so that many non-members wait. Errors of
    Graph go to the error collector of the group's work.
    """
    free: set[str] = set()
    leaving: dict[str, list[Intent]] = {}
    unlisted: dict[str, list[Intent]] = {}
    for work, intents in works:
        with work.errors.collect():
            may_be_member = await _member_test(context, work)
            free |= {intent.key for intent in intents}
            new = [intent for intent in intents if not intent.passes_brake]
            leaving[work.group] = [intent for intent in new if may_be_member(intent.user)]
            unlisted[work.group] = [intent for intent in new if not may_be_member(intent.user)]
    for work, _ in works:
        intents = leaving.get(work.group, [])
        large = {i.key: i for i in intents if work.target.brake.exceeded_by_target(i.people)}
        if large:
            free -= large.keys()
            leaving[work.group] = [intent for intent in intents if intent.key not in large]
            await _hold_large(context, work, list(large.values()))
    held = await _judge(context, works, leaving)
    late = await _wait_for_list(context, works, unlisted)
    uncounted = {intent.key for intents in unlisted.values() for intent in intents}
    return Passed(free - held - late, uncounted)


async def _judge(
    context: Context,
    works: Sequence[tuple[Work, Sequence[Intent]]],
    leaving: Mapping[str, Sequence[Intent]],
) -> set[str]:
    """Returns the keys of the intents that the brake holds."""
    if not works:
        return set()
    users = {group: {intent.user for intent in intents} for group, intents in leaving.items()}
    target = works[0][0].target
    too_many = await judge_removals(context, target, users, still_members=True)
    held: set[str] = set()
    for group, judged in too_many.items():
        await _hold(context, leaving[group], judged)
        held |= {intent.key for intent in leaving[group]}
    return held


async def _wait_for_list(
    context: Context,
    works: Sequence[tuple[Work, Sequence[Intent]]],
    unlisted: Mapping[str, Sequence[Intent]],
) -> set[str]:
    """Lets intents wait until the lists of their groups have settled, if the brake might hold them
    were their users members. Returns their keys. Hasten cannot remove a direct assignment that no
    list shows, so that those need not wait."""
    now = context.now()
    settled = now - REPLICATION_SETTLED_AFTER
    late = {
        group: [intent for intent in intents if intent.recorded_at > settled]
        for group, intents in unlisted.items()
        if group != DIRECT
    }
    if not any(late.values()):
        return set()
    target = works[0][0].target
    tally = await RecentRemovals(context.store).count(target.name, {}, now)
    users = {intent.user for intents in late.values() for intent in intents}
    is_full = target.brake.exceeded_by_target(tally.people + len(users))
    waiting = [
        intent
        for group, intents in late.items()
        if is_full
        or tally.trip(group)
        or target.brake.may_be_exceeded(tally.groups.get(group, 0) + len(intents))
        for intent in intents
    ]
    if waiting:
        last = max(intent.recorded_at for intent in waiting)
        await postpone(context, target.name, waiting, last + REPLICATION_SETTLED_AFTER)
    return {intent.key for intent in waiting}


async def _hold_large(context: Context, work: Work, large: Sequence[Intent]) -> None:
    """Holds the whole of an event that removes more people than may leave the target, even if
    Hasten carries it out in several parts."""
    people = max(intent.people for intent in large)
    judged = Judged(
        f"one event removes {people} people, more than brake_target_removals allows",
        f"if it is intended: python -m hasten release {work.target.name}; else: discard",
    )
    cause = large[0].cause
    await alert_brake(context, work.target, work.group, judged, key=f"{cause.source}|{cause.id}")
    await _hold(context, large, judged)


async def _hold(context: Context, intents: Sequence[Intent], judged: Judged) -> None:
    await context.intents.update(intents, lambda intent: replace(intent, held=judged.reason))


async def _member_test(context: Context, work: Work) -> Callable[[str], bool]:
    """Returns whether a user may be assigned, or a member of the group. A group that Graph does not
    show has no members. A user who may be a member that cannot be read counts as a member:
    otherwise a garbled list would let more people go than the brake allows."""
    if work.group == DIRECT:
        users = (await work.assigned()).users
        return lambda user: user in users
    try:
        members = await list_members(context, work.group)
    except PermanentError:
        if await context.directory.group(work.group) is None:
            return lambda _: False
        raise
    return lambda user: user in members.ids or members.may_hide(user)
