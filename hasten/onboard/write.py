"""Writes the intents of an event, unless a newer event overrides them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.intents import Intent, Recorded, Wanted, group_key
from hasten.errors import TemporaryError
from hasten.events.envelope import OnboardingEvent
from hasten.events.models import UserRef, people
from hasten.events.references import reference
from hasten.onboard.deferred_times import names_of
from hasten.onboard.plan import EventPlan, Want
from hasten.onboard.resolve import LOOKUPS_AT_ONCE, KnownGroup
from hasten.records.people import LatestJoin, Person, digest_of
from hasten.side_by_side import side_by_side

EARLIER_EVENT_DELAY = timedelta(seconds=5)


@dataclass(slots=True)
class Written:
    """The number of intents by result, the (group, user) pairs that were stale, and the intents
    that replaced others."""

    counts: Counter[Recorded] = field(default_factory=Counter)
    stale: list[tuple[str, str]] = field(default_factory=list)
    replacing: list[Intent] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    """Users about whom the store has a row that cannot be read. Nothing was written for them."""

    @property
    def is_all_stale(self) -> bool:
        written = self.counts.keys() - {Recorded.STALE, Recorded.UNREADABLE}
        return not any(self.counts[what] for what in written)


async def write_intents(
    context: Context, event: OnboardingEvent, plan: EventPlan, *, end_of: str, of_people: int
) -> Written:
    """Writes the intents of the plan. `of_people` is the number of people in the event before it
    was split.

    Raises TemporaryError while an earlier event about the same person is open.
    """
    written = Written()
    for want in plan.wants:
        judged_by_people = await _judge(context, event, want, plan.asked, end_of)
        _count(written, want.group, dict.fromkeys(judged_by_people.overtaken, Recorded.STALE))
        written.unreadable |= judged_by_people.unreadable
        passed_over = judged_by_people.overtaken | judged_by_people.unreadable
        users = [user for user in want.users if user not in passed_over]
        judged = await context.intents.record(_intents(context, event, want, users, of_people))
        _count(written, want.group, {intent.user: what for intent, what in judged})
        written.replacing += [intent for intent, _ in judged if intent.replaced]
        written.unreadable |= {i.user for i, what in judged if what is Recorded.UNREADABLE}
    return written


@dataclass(frozen=True, slots=True)
class _Judged:
    """`overtaken` are users whose newer event is no longer visible in any intent, because it is too
    old or concerned too many groups. `unreadable` are users whose record cannot be read: a newer
    event may exist, so Hasten grants them nothing."""

    overtaken: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()


async def _judge(
    context: Context,
    event: OnboardingEvent,
    want: Want,
    asked: Mapping[str, Sequence[UserRef]],
    end_of: str,
) -> _Judged:
    target = event.data.target
    match want.wanted:
        case Wanted.MEMBER:
            joined = LatestJoin(
                time=event.time,
                cause=digest_of(Cause(event.source, event.id)),
                name=want.group.name if want.group.is_new else "",
            )
            known = await context.people.join(target, want.group.key, want.users, joined)
            unread = frozenset(user for user, p in known.items() if p.is_unreadable)
            left = {user for user, p in known.items() if p.left_at and p.left_at >= event.time}
            deferred = await _deferred(context, event, want, known, asked=asked, end_of=end_of)
            return _Judged((frozenset(left) | deferred) - unread, unread)
        case Wanted.ABSENT:
            found = await _find(context, target, want.users)
            rejoined = {
                user for user, p in found.items() if _has_rejoined(p, want.group, event, end_of)
            }
            deferred = await _deferred(context, event, want, found, asked=asked, end_of=end_of)
            return _Judged(frozenset(rejoined) | deferred)
        case Wanted.IN_STEP:
            await _refuse_while_open(context, target, want)
    return _Judged()


async def _deferred(
    context: Context,
    event: OnboardingEvent,
    want: Want,
    known: Mapping[str, Person],
    *,
    asked: Mapping[str, Sequence[UserRef]],
    end_of: str,
) -> frozenset[str]:
    """Returns the users for whom a newer event wants the same at another time. The end of an
    onboarding counts as old as the onboarding."""
    references = {
        user: [reference(ref) for ref in asked.get(user, ()) if not ref.id] for user in want.users
    }
    named = await _find(context, event.data.target, [r for rs in references.values() for r in rs])
    names = names_of(want.group, want.wanted)

    def is_deferred(user: str) -> bool:
        of = [known.get(user), *(named.get(ref) for ref in references[user])]
        newest = _newest(known.get(user), want.group) if end_of else None
        since = newest.time if newest else event.time
        return any(person.is_deferred(want.wanted, names, since) for person in of if person)

    return frozenset(filter(is_deferred, want.users))


async def _find(context: Context, target: str, users: Sequence[str]) -> Mapping[str, Person]:
    found = await side_by_side(partial(context.people.find, target), users, LOOKUPS_AT_ONCE)
    return {user: p for user, p in zip(users, found, strict=True) if p is not None}


async def _refuse_while_open(context: Context, target: str, want: Want) -> None:
    """Raises TemporaryError while an earlier intent of the user is open. A user is brought in step
    after the membership has been added or removed."""
    for user in want.users:
        known = await context.intents.find(target, want.group.key, user)
        if known and not known.is_done:
            raise TemporaryError("an earlier event is being carried out", EARLIER_EVENT_DELAY)


def _intents(
    context: Context,
    event: OnboardingEvent,
    want: Want,
    users: Sequence[str],
    of_people: int,
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
            people=max(of_people, len(people(event.data))),
        )
        for user in users
    ]


def _has_rejoined(person: Person, group: KnownGroup, event: OnboardingEvent, end_of: str) -> bool:
    """Returns True if a newer event wants the user in the group. The end of an onboarding ends only
    that onboarding; any other event ends everything older."""
    newest = _newest(person, group)
    if newest is None:
        return False
    if end_of:
        return newest.cause != digest_of(Cause(event.source, end_of))
    return newest.time > event.time


def _newest(person: Person | None, group: KnownGroup) -> LatestJoin | None:
    """Returns the newest event that wanted the person in the group."""
    keys = {group.key, group_key(group.name)} if group.name else {group.key}
    said = [joined for key, joined in person.joined.items() if key in keys] if person else []
    return max(said, key=lambda joined: joined.time, default=None)


def _count(written: Written, group: KnownGroup, judged: Mapping[str, Recorded]) -> None:
    written.counts.update(judged.values())
    written.stale += [(group.key, user) for user, what in judged.items() if what is Recorded.STALE]
