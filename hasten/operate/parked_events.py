"""Finds the people of parked events, and the parked events about a given person."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hasten.context import Context
from hasten.domain.history import EntryKind, short
from hasten.events.references import KEYS, reference_by
from hasten.object_ids import is_object_id
from hasten.operate.audited import audited
from hasten.operate.replay import attribute_of, event_id, parked_subject, why
from hasten.ports.dead_letters import Parked
from hasten.records import drops
from hasten.records.drops import Dropped


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
        source=attribute_of(parked, "source"),
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
            target=short(shown.target),
            users=[_named(key, value) for key, value in references(parked)],
            by=named or by,
            reason=reason,
            at=context.now(),
        )
        await drops.save(context.store, dropped)
        audit.done.append(parked_subject(parked, queue))

    numbers = [one.number for one in chosen]
    subjects = [parked_subject(one, queue) for one in chosen]
    async with audited(
        context, EntryKind.DROPPED, subjects, by=by, why=reason, named=named
    ) as audit:
        return await context.parked_messages.drain(queue, numbers, drop, dead_letters=dead_letters)


def of_person(lying: Sequence[Parked], names: Collection[str]) -> list[ParkedEvent]:
    """Returns the events that name the person by one of the names: object ids and references."""
    return [
        read_parked(one)
        for one in lying
        if any(_named(key, value) in names for key, value in references(one))
    ]


def _event(parked: Parked) -> Mapping[str, object]:
    try:
        event = json.loads(parked.body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(event, dict):
        return {}
    return event if "data" in event else {"data": event}  # binary mode: the body is the data


def _named(key: str, value: str) -> str:
    """Returns the object id, or what replaces anything else in the store."""
    given = value.strip().casefold()
    return given if key == "id" and is_object_id(given) else reference_by(key, value.strip())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
