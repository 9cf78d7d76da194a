"""Writes the intents of an event, unless a newer event overrides them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.intents import Intent, Recorded, Wanted, group_key
from hasten.events.envelope import OnboardingEvent
from hasten.events.models import UserRef
from hasten.events.references import reference
from hasten.onboard.defer import deferred_names
from hasten.onboard.message import Posted
from hasten.onboard.plan import EventPlan, Want
from hasten.onboard.resolve import LOOKUPS_AT_ONCE, KnownGroup
from hasten.records.people import LatestJoin, Person, digest_of
from hasten.side_by_side import side_by_side


@dataclass(slots=True)
class Written:
    """The number of intents by result, the (group, user) pairs that were stale, and the intents
    that replaced others."""

    counts: Counter[Recorded] = field(default_factory=Counter)
    stale: list[tuple[str, str]] = field(default_factory=list)
    replacing: list[Intent] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    """Users about whom the store has a row that cannot be read. Nothing was written for them."""

    waiting: set[str] = field(default_factory=set)
    """Users whom Hasten brings in step after an earlier event about them. Nothing was written for
    that group."""

    @property
    def is_all_stale(self) -> bool:
        written = self.counts.keys() - {Recorded.STALE, Recorded.UNREADABLE}
        return not any(self.counts[what] for what in written)


async def write_intents(
    context: Context, posted: Posted, event: OnboardingEvent, plan: EventPlan
) -> Written:
    """Writes the intents of the plan. Raises TemporaryError."""
    written = Written()
    for want in plan.wants:
        judged_by_people = await _judge(context, event, want, plan.asked, posted.end_of)
        _count(written, want.group, dict.fromkeys(judged_by_people.overtaken, Recorded.STALE))
        written.unreadable |= judged_by_people.unreadable
        written.waiting |= judged_by_people.waiting
        passed_over = judged_by_people.overtaken | judged_by_people.unreadable
        passed_over |= judged_by_people.waiting
        users = [user for user in want.users if user not in passed_over]
        judged = await context.intents.record(_intents(context, posted, event, want, users))
        _count(written, want.group, {intent.user: what for intent, what in judged})
        written.replacing += [intent for intent, _ in judged if intent.replaced]
        written.unreadable |= {i.user for i, what in judged if what is Recorded.UNREADABLE}
    return written


@dataclass(frozen=True, slots=True)
class _Judged:
    """`overtaken` are users whose newer event is no longer visible in any intent, because it is too
    old or concerned too many groups. `unreadable` are users whose record cannot be read: a newer
    event may exist, so Hasten grants them nothing. `waiting` are users about whom an earlier event
    is being carried out."""

    overtaken: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()


async def _judge(
    context: Context,
    event: OnboardingEvent,
    want: Want,
    asked: Mapping[str, Sequence[UserRef]],
    end_of: str,
) -> _Judged:
    match want.wanted:
        case Wanted.MEMBER:
            return await _judge_join(context, event, want, asked)
        case Wanted.ABSENT:
            return await _judge_leave(context, event, want, asked, end_of)
        case Wanted.IN_STEP:
            return _Judged(waiting=await _waiting(context, event.data.target, want))
    return _Judged()


async def _judge_join(
    context: Context, event: OnboardingEvent, want: Want, asked: Mapping[str, Sequence[UserRef]]
) -> _Judged:
    """Notes the event as the newest that wants the users in the group, but not for those whom a
    newer event brings there at another time: what this event says of its end must not count."""
    names = deferred_names(want.group, want.wanted)
    referred = await _referred(context, event, want, asked)
    later = {
        user
        for user, persons in referred.items()
        if any(person.is_deferred(want.wanted, names, event.time) for person in persons)
    }
    joined = LatestJoin(
        time=event.time,
        cause=digest_of(Cause(event.source, event.id)),
        name=want.group.name if want.group.is_new else "",
    )
    users = [user for user in want.users if user not in later]
    known = await context.people.join(event.data.target, want.group.key, users, joined, names=names)
    for user, person in known.items():
        has_left = person.left_at is not None and person.left_at >= event.time
        if has_left or person.is_deferred(want.wanted, names, event.time):
            later.add(user)
    unread = frozenset(user for user, person in known.items() if person.is_unreadable)
    return _Judged(frozenset(later) - unread, unread)


async def _judge_leave(
    context: Context,
    event: OnboardingEvent,
    want: Want,
    asked: Mapping[str, Sequence[UserRef]],
    end_of: str,
) -> _Judged:
    """A user stays whom a newer event wants in the group, or takes from it at another time. The end
    of an onboarding counts as old as the onboarding."""
    names = deferred_names(want.group, want.wanted)
    found = await _find(context, event.data.target, want.users)
    referred = await _referred(context, event, want, asked)

    def is_overtaken(user: str) -> bool:
        person = found.get(user)
        if person is not None and _has_rejoined(person, want.group, event, end_of):
            return True
        newest = _newest(person, want.group) if end_of else None
        since = newest.time if newest else event.time
        of = [*referred[user], *([person] if person else [])]
        return any(one.is_deferred(want.wanted, names, since) for one in of)

    return _Judged(frozenset(filter(is_overtaken, want.users)))


async def _referred(
    context: Context, event: OnboardingEvent, want: Want, asked: Mapping[str, Sequence[UserRef]]
) -> Mapping[str, Sequence[Person]]:
    """Returns, for each user, what is stored under the names by which the event names them: an
    event may have named them so before Entra ID knew them."""
    references = {
        user: [reference(ref) for ref in asked.get(user, ()) if not ref.id] for user in want.users
    }
    known = await _find(context, event.data.target, [r for rs in references.values() for r in rs])
    return {user: [known[r] for r in rs if r in known] for user, rs in references.items()}


async def _find(context: Context, target: str, users: Sequence[str]) -> Mapping[str, Person]:
    found = await side_by_side(partial(context.people.find, target), users, LOOKUPS_AT_ONCE)
    return {user: p for user, p in zip(users, found, strict=True) if p is not None}


async def _waiting(context: Context, target: str, want: Want) -> frozenset[str]:
    """Returns the users with an open intent, unless Hasten has told that it cannot carry it out. A
    user is brought in step after the membership has been added or removed."""
    find = partial(context.intents.find, target, want.group.key)
    known = await side_by_side(find, want.users, LOOKUPS_AT_ONCE)
    return frozenset(i.user for i in known if i and not (i.is_done or i.failure_told))


def _intents(
    context: Context,
    posted: Posted,
    event: OnboardingEvent,
    want: Want,
    users: Sequence[str],
) -> list[Intent]:
    return [
        Intent(
            target=event.data.target,
            group=want.group.key,
            user=user,
            wanted=want.wanted,
            time=event.time,
            cause=Cause(event.source, event.id),
            recorded_at=context.now(),
            group_name=want.group.name if want.group.is_new else "",
            spec=want.spec,
            people=posted.of_people,
            to_be_observed=not posted.was_acting,
        )
        for user in users
    ]


def _has_rejoined(person: Person, group: KnownGroup, event: OnboardingEvent, end_of: str) -> bool:
    """Returns True if a newer event wants the user in the group. Any event but the end of an
    onboarding ends everything older."""
    newest = _newest(person, group)
    if newest is None:
        return False
    if end_of:
        return newest.outlasts(Cause(event.source, end_of), event.time)
    return newest.time > event.time


def _newest(person: Person | None, group: KnownGroup) -> LatestJoin | None:
    """Returns the newest event that wanted the person in the group."""
    keys = {group.key, group_key(group.name)} if group.name else {group.key}
    said = [joined for key, joined in person.joined.items() if key in keys] if person else []
    return max(said, key=lambda joined: joined.time, default=None)


def _count(written: Written, group: KnownGroup, judged: Mapping[str, Recorded]) -> None:
    written.counts.update(judged.values())
    written.stale += [(group.key, user) for user, what in judged.items() if what is Recorded.STALE]
