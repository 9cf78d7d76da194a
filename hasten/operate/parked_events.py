"""Finds the people of parked events, and the parked events about a given person."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap

from hasten.context import Context
from hasten.domain.history import EntryKind
from hasten.errors import PermanentError, TemporaryError
from hasten.events.references import KEYS, reference_by
from hasten.operate.audited import audited
from hasten.operate.replay import event_id, parked_subject, why
from hasten.ports.dead_letters import Parked
from hasten.records import drops
from hasten.records.drops import Dropped
from hasten.side_by_side import side_by_side

MOST_LOOKUPS = 200
LOOKUPS_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """`users` are the references of the event, as it names them."""

    id: str
    target: str
    event: str
    source: str
    users: Sequence[str]
    reason: str
    field: str
    problem: str
    fix: str

    def __str__(self) -> str:
        because = f"{self.field}: {self.problem}" if self.field else self.reason
        return f"event {self.event or self.id} is parked ({because}). What to do: {self.fix}"


def read_parked(parked: Parked) -> ParkedEvent:
    """Reads what can be read; everything else is empty."""
    event = _event(parked)
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    return ParkedEvent(
        id=parked.message_id,
        target=_text(data.get("target")),
        event=event_id(parked),
        source=_text(event.get("source")),
        users=[value for _, value in references(parked)],
        **dict(zip(("reason", "field", "problem", "fix"), why(parked), strict=True)),
    )


def references(parked: Parked) -> list[tuple[str, str]]:
    """Returns key and value of each reference to a person."""
    data = _event(parked).get("data")
    data = data if isinstance(data, dict) else {}
    named = data.get("users") or data.get("members")
    refs = [ref for ref in named if isinstance(ref, dict)] if isinstance(named, list) else []
    return [(key, _text(ref[key])) for ref in refs for key in ("id", *KEYS) if ref.get(key)]


async def drop_parked(
    context: Context,
    queue: str,
    chosen: Sequence[Parked],
    *,
    dead_letters: bool,
    by: str,
    reason: str,
    named: str = "",
) -> int:
    """Removes the messages without sending them, and records who decided it and why. The record
    names nobody by an address. `by` is the person whom Hasten identified, and `named` the name that
    the operator gave. Returns how many it removed; another operator handled the others first."""

    async def drop(parked: Parked) -> None:
        shown = read_parked(parked)
        dropped = Dropped(
            what="dead-lettered" if dead_letters else "rejected",
            message=parked.message_id,
            event=shown.event,
            source=shown.source,
            target=shown.target,
            users=[_named(key, value) for key, value in references(parked)],
            by=named or by,
            reason=reason,
            at=context.now(),
        )
        await drops.save(context.store, [dropped])
        audit.done.append(parked_subject(parked, queue))

    numbers = [one.number for one in chosen]
    subjects = [parked_subject(one, queue) for one in chosen]
    async with audited(
        context, EntryKind.DROPPED, subjects, by=by, why=reason, named=named
    ) as audit:
        return await context.parked_messages.drain(queue, numbers, drop, dead_letters=dead_letters)


async def of_person(
    context: Context, lying: Sequence[Parked], user: str, given: str
) -> list[ParkedEvent]:
    """Returns the events that name the person by object id, as the operator does, or by another key
    that belongs to this person in Entra ID."""
    named = {one.number: references(one) for one in lying}
    others = {pair for refs in named.values() for pair in refs if pair[0] in KEYS}
    theirs = await _theirs(context, sorted(others)[:MOST_LOOKUPS], user)
    wanted = {user.casefold(), given.casefold()}

    def is_named(key: str, value: str) -> bool:
        return value.casefold() in wanted or (key, value) in theirs

    return [read_parked(one) for one in lying if any(starmap(is_named, named[one.number]))]


async def _theirs(
    context: Context, pairs: Sequence[tuple[str, str]], user: str
) -> Collection[tuple[str, str]]:
    async def is_theirs(pair: tuple[str, str]) -> bool:
        key, value = pair
        try:
            found = await context.directory.users(**{KEYS[key]: value})
        except (PermanentError, TemporaryError):
            return False  # the value may be what Graph refuses, which is why it is parked
        return any(str(one["id"]).lower() == user for one in found)

    answers = await side_by_side(is_theirs, pairs, LOOKUPS_AT_ONCE)
    return {pair for pair, is_their in zip(pairs, answers, strict=True) if is_their}


def _event(parked: Parked) -> Mapping[str, object]:
    try:
        event = json.loads(parked.body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(event, dict):
        return {}
    return event if "data" in event else {"data": event}  # binary mode: the body is the data


def _named(key: str, value: str) -> str:
    """Returns the object id, or what replaces another key in the store."""
    return reference_by(key, value) if key in KEYS else value.casefold()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
