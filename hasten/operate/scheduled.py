"""Lists the starts and ends of events that lie ahead, and drops one or brings it forward."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.event_parts import Part
from hasten.domain.history import EntryKind
from hasten.domain.intents import Wanted
from hasten.errors import NotFoundError, PermanentError, TemporaryError
from hasten.events.parts import name_in, part_in
from hasten.object_ids import is_object_id
from hasten.operate.audited import Subject, audited
from hasten.operate.problems import Problem, of_error
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from hasten.records import brought_forward, cancelled, drops
from hasten.records.agenda import AgendaEntry
from hasten.records.drops import Dropped
from hasten.records.people import Person
from hasten.side_by_side import side_by_side

SCHEDULED = "scheduled"
READS_AT_ONCE = 16
ALL_GROUPS = "*"

DUE_WITHIN = timedelta(seconds=15)
"""An entry that is due by then may have been posted: an alarm may come 5 seconds early
(hasten/wiring.py), and the clocks of instances and of an operator's machine differ."""


class DropResult(StrEnum):
    """In any two decisions about an entry, one comes first and the other finds it GONE."""

    DROPPED = "dropped"
    """The event will not be carried out."""

    DUE = "due"
    """The entry is removed, but Hasten may have begun to carry out its event, or has carried out
    a copy of it."""

    GONE = "gone"
    """Nothing was changed: the entry was posted, dropped or brought forward before. What was
    posted or brought forward is carried out."""


@dataclass(frozen=True, slots=True)
class BroughtForward:
    """`is_done` says whether the event is due now. `problem` says why Hasten could not post it at
    once: then a timer posts it within a minute."""

    is_done: bool
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """An event that takes effect at `at`. `users` are object ids, or references to people whom
    Entra ID did not know yet. `overtaken` are those of them about whom a newer event has decided,
    or for whom an operator has cancelled the event: for them nothing will happen.
    `is_overtaken` is True if nothing will happen for anybody who was asked about."""

    id: str
    target: str
    event: str
    source: str
    what: str
    at: datetime
    users: Sequence[str]
    groups: Sequence[str]
    overtaken: Sequence[str] = ()
    is_overtaken: bool = False

    def __str__(self) -> str:
        groups = ", ".join("every group" if g == ALL_GROUPS else g for g in self.groups)
        return f"event {self.event} {self.what} at {self.at:%Y-%m-%d %H:%M:%S}Z ({groups})"


async def scheduled(
    context: Context, *, targets: Collection[str], users: Collection[str] = ()
) -> list[Scheduled]:
    """Returns the entries of these targets, and of these people if any are given, the earliest
    first. Raises TemporaryError."""
    entries = [entry for entry in await _entries(context) if entry.about["target"] in targets]
    if users:
        entries = [entry for entry in entries if not set(users).isdisjoint(entry.about["users"])]
    return await side_by_side(partial(_shown, context, users), entries, READS_AT_ONCE)


async def find(context: Context, given: str) -> list[AgendaEntry]:
    """Returns the entries with this id, or of the event with this id. Raises NotFoundError if
    there is none, and PermanentError if events of several sources have the id: an id is unique
    only within its source (CloudEvents 1.0, `id`)."""
    found = [
        entry
        for entry in await _entries(context)
        if given in {entry.message.message_id, entry.about["event"]}
    ]
    if not found:
        raise NotFoundError(
            f"nothing is scheduled with the id {given}", "see what is: python -m hasten scheduled"
        )
    sources = {str(entry.about["source"]) for entry in found}
    if len(sources) > 1:
        raise PermanentError(
            f"events of {len(sources)} sources have the id {given}",
            "give the id of one entry: python -m hasten scheduled lists them",
        )
    return found


async def drop(
    context: Context,
    entry: AgendaEntry,
    *,
    by: str,
    reason: str,
    named: str = "",
    given: str = "",
) -> DropResult:
    """Drops the entry. A copy of its event that is on its way has no effect either. If `given`, the
    id that the operator gave, is that of the event, no part of it for the target that comes later
    has one. `by` is the person whom Hasten identified, and `named` the name that the operator gave.
    Raises TemporaryError."""
    about = entry.about
    dropped = Dropped(
        what=SCHEDULED,
        message=entry.message.message_id,
        event=str(about["event"]),
        source=str(about["source"]),
        target=str(about["target"]),
        users=list(about["users"]),
        by=named or by,
        reason=reason,
        at=context.now(),
    )
    subjects = _subjects(entry)
    records = [drops.put_of(dropped), cancelled.put_of(_part(entry), entry.due, about)]
    if given == dropped.event:
        records.append(cancelled.put_of_all(_cause(entry), dropped.target, entry.due, dropped.at))
    async with audited(
        context, EntryKind.CANCELLED, subjects, by=by, why=reason, named=named
    ) as audit:
        if not await context.agenda.remove(ONBOARDING_EVENTS, entry, records):
            return DropResult.GONE
        audit.done += subjects
    begun = await context.intents.users_of(dropped.target, _cause(entry))
    forward = await brought_forward.people_of(context.store, _part(entry))
    is_due = entry.due <= context.now() + DUE_WITHIN
    may_have_begun = is_due or begun.intersection(dropped.users) or forward
    return DropResult.DUE if may_have_begun else DropResult.DROPPED


async def bring_forward(
    context: Context, entry: AgendaEntry, *, by: str, reason: str, named: str = ""
) -> BroughtForward:
    """Makes the event due now, and posts it, without the people for whom an operator has cancelled
    it. Does nothing if nobody is left, or if the entry was posted or removed meanwhile. Nobody can
    drop a copy of it afterwards: copies leave the list with it.

    Once the event is due it is carried out. So the history says that this is done, and an error
    while Hasten posts it is no failure but the `problem` of the result. Raises TemporaryError and
    PermanentError of the store before that.
    """
    part = _part(entry)
    await brought_forward.save(context.store, part, entry.due)  # first: `drop` looks there
    people = await _cancelled_people(context, entry)
    subjects = _subjects(entry, without=part.among(entry.about["users"], people))
    if not subjects:
        return BroughtForward(is_done=False)
    now = context.now()
    message = replace(for_now(entry.message, now, without=people), at=now)
    async with audited(
        context, EntryKind.BROUGHT_FORWARD, subjects, by=by, why=reason, named=named
    ) as audit:
        entries = [entry, *await _copies(context, entry)]
        if not await context.agenda.replace(ONBOARDING_EVENTS, entries, message):
            return BroughtForward(is_done=False)
        audit.done += subjects
    try:
        await context.agenda.post_due(ONBOARDING_EVENTS, now)
    except (PermanentError, TemporaryError) as error:
        return BroughtForward(is_done=True, problem=of_error(error))
    return BroughtForward(is_done=True)


async def _copies(context: Context, entry: AgendaEntry) -> list[AgendaEntry]:
    """Returns the other entries of the same event. Service Bus delivered it more than once."""
    return [
        one
        for one in await _entries(context)
        if one.key != entry.key and one.message.raw == entry.message.raw
    ]


async def _cancelled_people(context: Context, entry: AgendaEntry) -> frozenset[str]:
    part, target = _part(entry), str(entry.about["target"])
    return await cancelled.people_of(context.store, part, _cause(entry), target, entry.due)


def _part(entry: AgendaEntry) -> Part:
    return part_in(entry.message.raw or b"", is_end=bool(entry.about["end_of"]))


def _cause(entry: AgendaEntry) -> Cause:
    return Cause(str(entry.about["source"]), str(entry.about["event"]))


def _subjects(entry: AgendaEntry, *, without: Collection[str] = ()) -> list[Subject]:
    """Returns one subject for each person of the event but these."""
    about = entry.about
    details = {"message": entry.message.message_id, "due": entry.due.isoformat()}
    ids = [group for group in about["groups"] if is_object_id(group)]
    group = ids[0] if len(ids) == 1 else ""
    return [
        Subject(
            target=str(about["target"]),
            user=user,
            group=group,
            causes=(_cause(entry),),
            details=details,
        )
        for user in about["users"]
        if user not in without
    ]


def for_now(message: Message, now: datetime, *, without: Collection[str] = ()) -> Message:
    """Returns the event with its date moved to `now`, and without these people: `name_in` says how
    they are named. An onboarding loses its start. An end that an older version deferred has a time
    that lies ahead and would override newer events until then: it gets the present time."""
    event: dict[str, Any] = json.loads(message.raw or b"")
    event["data"].pop("startAt", None)
    if without:
        event["data"]["users"] = [r for r in event["data"]["users"] if name_in(r) not in without]
    if event["type"].startswith("hasten.user.offboard"):
        event["data"]["endAt"] = now.isoformat()
    event["time"] = min(datetime.fromisoformat(event["time"]), now).isoformat()
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False)  # no longer than it was
    return replace(message, raw=body.encode(), about={})


async def _entries(context: Context) -> list[AgendaEntry]:
    """Omits messages that are only tried again."""
    return [entry for entry in await context.agenda.ahead(ONBOARDING_EVENTS) if entry.about]


async def _shown(context: Context, names: Collection[str], entry: AgendaEntry) -> Scheduled:
    about = entry.about
    people = await _cancelled_people(context, entry)
    cancelled_users = _part(entry).among(about["users"], people)
    known = [await context.people.find(about["target"], user) for user in about["users"]]
    overtaken = [
        user
        for user, person in zip(about["users"], known, strict=True)
        if user in cancelled_users or (person is not None and _is_overtaken(person, about))
    ]
    return Scheduled(
        id=entry.message.message_id,
        target=str(about["target"]),
        event=str(about["event"]),
        source=str(about["source"]),
        what=_what(about),
        at=entry.due,
        users=list(about["users"]),
        groups=list(about["groups"]),
        overtaken=overtaken,
        is_overtaken=all(
            user in overtaken for user in about["users"] if not names or user in names
        ),
    )


def _what(about: Mapping[str, Any]) -> str:
    if about["end_of"]:
        return "ends"
    return "starts" if about["wanted"] == Wanted.MEMBER else "takes effect"


def _is_overtaken(person: Person, about: Mapping[str, Any]) -> bool:
    """Decides about the event as Hasten will when it takes effect (hasten/onboard/write.py)."""
    groups, time = about["groups"], datetime.fromisoformat(about["time"])
    joined = [person.joined[group] for group in groups if group in person.joined]
    newest, left = max(joined, key=lambda one: one.time, default=None), person.left_at
    if about["end_of"]:
        onboarding, since = Cause(about["source"], about["end_of"]), newest.time if newest else time
        is_newer = newest is not None and newest.outlasts(onboarding, time)
        return is_newer or person.is_deferred(Wanted.ABSENT, [*groups, ALL_GROUPS], since)
    if about["wanted"] == Wanted.MEMBER:
        is_newer = newest is not None and newest.time > time
        has_left = left is not None and left >= time
        return is_newer or has_left or person.is_deferred(Wanted.MEMBER, groups, time)
    is_back = sum(one.time > time for one in joined) >= max(1, about["named"])
    return is_back or person.is_deferred(Wanted.ABSENT, [*groups, ALL_GROUPS], time)
