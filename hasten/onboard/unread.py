"""Sets the parts of an event apart about which Graph or the store gives no usable answer, or that
come after an earlier event, so that they hold up no other part. Hasten tries them again, as an
event of their own."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hasten.context import Context
from hasten.errors import PermanentError, ReadError, TemporaryError
from hasten.events.envelope import OnboardingEvent
from hasten.events.models import Data, UserRef
from hasten.onboard.message import Posted
from hasten.onboard.plan import UnreadPart
from hasten.ports.bus import Message
from hasten.records.unreadable import HOW_TO_MEND

MIN_OPERATOR_WAIT = timedelta(minutes=1)
"""Minimum delay before another try of an event that waits for an operator. A role that was just
assigned takes minutes to take effect (Azure docs, "Troubleshoot Azure RBAC")."""

OTHER_EVENT_DELAY = timedelta(seconds=5)
"""Minimum delay before another try of the people whom another event still concerns."""

MAX_QUIET_TRIES = 9
"""Tries after the first before Hasten says that an event waits. The pauses before them take ten
minutes at least (hasten/backoff.py)."""


def delay_of(error: ReadError) -> timedelta:
    return error.delay if isinstance(error, TemporaryError) else MIN_OPERATOR_WAIT


def worst(errors: Collection[ReadError]) -> ReadError:
    """Returns the error after which Hasten waits longest."""
    return max(errors, key=delay_of)


def unread_people(
    data: Data, key: str, failed: Sequence[tuple[UserRef, ReadError]], users: Collection[str] = ()
) -> UnreadPart:
    """Returns the part about the people whose reads failed. `key` is where the event names them,
    and `users` are the object ids of those who have been found."""
    part = data.model_copy(update={key: [ref for ref, _ in failed]})
    return UnreadPart(data=part, error=worst([e for _, e in failed]), users=frozenset(users))


def waiting_people(data: Data, users: Collection[str]) -> UnreadPart:
    """Returns the part about users whom another event concerns that is still open."""
    return _part(
        data, users, TemporaryError("another event is being carried out", OTHER_EVENT_DELAY)
    )


def unreadable_people(data: Data, users: Collection[str]) -> UnreadPart:
    """Returns the part about users of whom the store has a row that cannot be read."""
    return _part(data, users, unreadable_rows(users))


def unreadable_rows(users: Collection[str]) -> PermanentError:
    return PermanentError(
        f"rows of {len(users)} people of the event cannot be read, the first of {min(users)}; the "
        "others of the event go on",
        HOW_TO_MEND,
    )


def _part(data: Data, users: Collection[str], error: ReadError) -> UnreadPart:
    refs = [UserRef(id=UUID(user)) for user in sorted(users)]
    return UnreadPart(data=data.model_copy(update={"users": refs}), error=error, users=users)


def later(
    context: Context, posted: Posted, event: OnboardingEvent, unread: Sequence[UnreadPart]
) -> Sequence[Message]:
    """Returns the parts as messages for another try. An event that comes again gives its parts the
    same ids."""
    messages = []
    for one in unread:
        part = posted.with_event(replace(event, data=one.data))
        part = replace(part, tries=posted.tries + 1)
        said = f"{part.tries} {part.end_of} {part.second_look} ".encode() + part.body
        at = context.now() + max(delay_of(one.error), context.backoff(part.tries))
        messages.append(part.message(hashlib.sha256(said).hexdigest(), at))
    return messages
