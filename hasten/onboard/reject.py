"""Parks events that Hasten cannot carry out, with the reasons, and publishes their rejection."""

import hashlib
import json
from collections.abc import Sequence

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.outcomes import REJECTED, of_event
from hasten.errors import WrongInputError
from hasten.events.envelope import OnboardingEvent
from hasten.events.faults import MAX_FAULTS, Fault, Identity
from hasten.limits import MAX_EVENT_BYTES, MAX_PROPERTIES_BYTES
from hasten.onboard.message import END_OF, OF_PEOPLE, ORIGINAL_BYTES, TRIES, Posted
from hasten.onboard.plan import RefusedPart
from hasten.ports.bus import ONBOARDING_REJECTED, Message
from hasten.telemetry.onboard import EventRejected

UNREAD = "/hasten/unread"
"""Replaces the source of an event that could not be read."""

TYPE_MAX_CHARS = 256

MAX_FIELDS_BYTES = MAX_PROPERTIES_BYTES - 44 * 1024
"""Bytes. The attributes of binary mode take at most 35 KiB, and all other properties 9 KiB."""

FRAMING_BYTES = 8 * 1024
"""Bytes reserved for what Service Bus counts besides the body and the application properties."""


class NotParkedError(Exception):
    """The event was neither carried out nor parked. The message stays in its queue and is
    dead-lettered in the end."""


async def reject_event(
    context: Context, posted: Posted, faults: Sequence[Fault], identity: Identity
) -> None:
    """Parks the message as it came and publishes the rejection. It parks first, so that whoever
    receives the outcome can replay the event. Another part of the event, and a replay that
    is rejected for other reasons, have other outcomes, which no consumer takes for this one.

    Raises NotParkedError if the message is larger than Service Bus takes, TemporaryError, and
    PermanentError if Service Bus refuses Hasten.
    """
    await _reject(context, posted, faults, identity)


async def reject_part(
    context: Context, posted: Posted, event: OnboardingEvent, refused: RefusedPart
) -> None:
    """Parks a part of an event as an event of its own and publishes its rejection; Hasten carries
    out the other parts.

    Raises the same errors as `reject_event`.
    """
    only = OnboardingEvent(source=event.source, id=event.id, time=event.time, data=refused.data)
    await _reject(
        context,
        posted.with_event(only),
        refused.faults[:MAX_FAULTS],
        event.identity,
        group=refused.group,
        user=refused.user,
    )


async def _reject(
    context: Context,
    posted: Posted,
    faults: Sequence[Fault],
    identity: Identity,
    *,
    group: str = "",
    user: str = "",
) -> None:
    digest = hashlib.sha256(posted.body).hexdigest()[:32]
    details = [fault.as_dict() for fault in faults]
    try:
        parked = _parked(context, posted, faults, identity)
        await context.bus.send(ONBOARDING_REJECTED, [parked])
        outcome = of_event(
            Cause(identity.source or UNREAD, identity.id or digest),
            target=identity.target,
            group=group,
            user=user,
            result=REJECTED,
            reason="; ".join(f"{f.field}: {f.problem}" for f in faults[:3]),
            next_action="; ".join(dict.fromkeys(f.fix for f in faults[:3])),
            now=context.now(),
            details=details,
            key=f"{digest}|{json.dumps(details)}",
        )
        await context.outbox.publish([outcome])
    except WrongInputError as error:
        raise NotParkedError(error.reason) from error
    context.emit(
        EventRejected(
            target=identity.target,
            group=group,
            user=user,
            message=posted.message_id,
            reason=", ".join(sorted({fault.code for fault in faults})),
            faults=len(faults),
        )
    )


def _parked(
    context: Context, posted: Posted, faults: Sequence[Fault], identity: Identity
) -> Message:
    """Returns the message to park. A body too large to park with its reasons is cut: its producer
    must post the event again anyway."""
    properties = {
        **posted.properties,
        "reason": str(faults[0].code),
        "fields": _fields(faults),
        "rejectedAt": context.now().isoformat(),
        "originalMessageId": posted.message_id,
        "contentType": posted.content_type[:TYPE_MAX_CHARS],
    }
    if posted.end_of:
        properties[END_OF] = posted.end_of
    if posted.of_people:
        properties[OF_PEOPLE] = str(posted.of_people)
    if posted.is_from_hasten:
        properties[TRIES] = "0"  # the event was on time when Hasten took it
    taken = sum(len(f"{name}{text}".encode()) for name, text in properties.items())
    room = MAX_EVENT_BYTES - FRAMING_BYTES - taken
    if posted.original_bytes or len(posted.body) > room:
        properties[ORIGINAL_BYTES] = posted.original_bytes or str(len(posted.body))
    return Message(
        raw=posted.body[:room],
        message_id=context.new_id(),
        content_type=posted.content_type[:TYPE_MAX_CHARS],
        subject=identity.type or None,
        properties=properties,
    )


def _fields(faults: Sequence[Fault]) -> str:
    """Returns the faults as JSON, as many as fit into one property. One fault always fits."""
    shown = list(faults)
    while True:
        text = json.dumps([fault.as_dict() for fault in shown], separators=(",", ":"))
        if len(text) <= MAX_FIELDS_BYTES or len(shown) == 1:
            return text
        shown.pop()
