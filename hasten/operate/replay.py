"""Sends parked events and dead letters again. It sends each message before it removes the original:
a crash in between sends the message twice, which is harmless, and never loses it."""

import json
from collections.abc import Collection, Sequence

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.history import EntryKind
from hasten.events.binary import attributes
from hasten.events.envelope import ID_MAX_CHARS
from hasten.messages import CRASHES
from hasten.operate.audited import Subject, audited
from hasten.ports.bus import (
    DROPS_DUPLICATES,
    ONBOARDING_EVENTS,
    ONBOARDING_REJECTED,
    Message,
)
from hasten.ports.clock import NewId
from hasten.ports.dead_letters import Parked

REJECTION_PROPERTIES = frozenset(
    {"reason", "fields", "rejectedAt", "originalMessageId", "contentType"}
)
"""Properties that Hasten adds when it parks an event. A replayed event does not keep them."""


async def parked(
    context: Context, queue: str, *, dead_letters: bool, ids: Collection[str]
) -> list[Parked]:
    """Returns the messages to send again: all, or those whose event id or message id is in `ids`.
    Raises PermanentError for an id that is not there, and TemporaryError."""
    listed = await context.parked_messages.parked(queue, dead_letters=dead_letters)
    return [one for one in listed if not ids or not names(one).isdisjoint(ids)]


async def replay_parked(
    context: Context,
    queue: str,
    chosen: Sequence[Parked],
    *,
    dead_letters: bool,
    by: str,
    reason: str,
    named: str = "",
) -> int:
    """Sends the messages again and removes them. Returns how many it sent; another operator handled
    the others first. `by` is the person whom Hasten identified, and `named` the name that the
    operator gave in addition."""
    is_rejected = queue == ONBOARDING_REJECTED and not dead_letters
    to = ONBOARDING_EVENTS if is_rejected else queue

    async def send(one: Parked) -> None:
        message = _as_posted(one) if is_rejected else _as_it_was(one, queue, context.new_id)
        await context.bus.send(to, [message])
        audit.done.append(parked_subject(one, queue))

    numbers = [one.number for one in chosen]
    subjects = [parked_subject(one, queue) for one in chosen]
    async with audited(
        context, EntryKind.REPLAYED, subjects, by=by, why=reason, named=named
    ) as audit:
        return await context.parked_messages.drain(queue, numbers, send, dead_letters=dead_letters)


def parked_subject(one: Parked, queue: str) -> Subject:
    """Returns the message as what an action is about. Its people may be named by address, which the
    history does not keep: the event id names them."""
    source, event = attribute_of(one, "source"), event_id(one)
    causes = (Cause(source, event),) if event else ()
    return Subject(causes=causes, details={"queue": queue, "message": one.message_id})


def _as_it_was(one: Parked, queue: str, new_id: NewId) -> Message:
    """Returns the message to send, whose tries begin anew. It gets another id where Service Bus
    would drop it as a duplicate: one that does not grow, however often the message comes back."""
    return Message(
        raw=one.body,
        message_id=new_id() if queue in DROPS_DUPLICATES else one.message_id,
        content_type=one.content_type,
        subject=one.subject,
        properties={name: one.properties[name] for name in one.properties.keys() - {CRASHES}},
    )


def event_id(parked: Parked) -> str:
    """Returns the id of the CloudEvent in the message; "" if it cannot be read."""
    return attribute_of(parked, "id")


def attribute_of(parked: Parked, name: str) -> str:
    """Returns an attribute of the CloudEvent in the message; "" if it cannot be read, or is longer
    than one may be."""
    given, _ = attributes(parked.properties)
    if name not in given:
        try:
            event = json.loads(parked.body)
        except (ValueError, RecursionError):
            return ""
        given = event if isinstance(event, dict) else {}
    posted = given.get(name)
    return posted if isinstance(posted, str) and len(posted) <= ID_MAX_CHARS else ""


def why(parked: Parked) -> tuple[str, str, str, str]:
    """Returns the reason. For a rejected event it also returns the field, the problem and the fix
    of its first fault."""
    reason = parked.reason or parked.properties.get("reason", "")
    try:
        first = json.loads(parked.properties.get("fields", ""))[0]
        return reason, str(first["field"]), str(first["problem"]), str(first["fix"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return reason, "", "", ""  # Hasten did not park this message


def _as_posted(parked: Parked) -> Message:
    """Returns the event as the upstream system posted it."""
    given = parked.properties
    return Message(
        raw=parked.body,
        message_id=given.get("originalMessageId") or parked.message_id,
        content_type=parked.content_type,
        subject=parked.subject,
        properties={name: given[name] for name in given.keys() - REJECTION_PROPERTIES},
    )


def names(parked: Parked) -> set[str]:
    """Returns the ids by which an operator may name the message."""
    original = parked.properties.get("originalMessageId", "")
    return {parked.message_id, event_id(parked), original} - {""}
