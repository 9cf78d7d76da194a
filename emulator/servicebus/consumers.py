"""Implements receiving links: messages out, settlements in, and the wait for a session."""

import asyncio
import uuid
from typing import Any

from emulator.amqp import performatives as p
from emulator.amqp.errors import NOT_ALLOWED, AmqpError
from emulator.amqp.outgoing_link import OutgoingLink
from emulator.amqp.types import Described, Symbol, UByte
from emulator.servicebus.annotations import to_payload
from emulator.servicebus.conditions import SESSION_LOCK_LOST, TIMEOUT, to_amqp
from emulator.servicebus.entries import Entry, QueueError, SessionLock
from emulator.servicebus.outlets import Outlet

_SESSION_FILTER = Symbol("com.microsoft:session-filter")
_LOCKED_UNTIL = "com.microsoft:locked-until-utc"
_TIMEOUT = Symbol("com.microsoft:timeout")
_DEFAULT_TIMEOUT_MS = 60000
# .NET counts ticks of 100 ns from the year 1.
_EPOCH_TICKS, _TICKS = 621355968000000000, 10_000_000
_SETTLED = UByte(1)


class Receiver:
    """Consumes an outlet through one link; with a session, only that session's messages."""

    def __init__(
        self, link: OutgoingLink, outlet: Outlet, session: SessionLock | None = None
    ) -> None:
        self.session = session
        self.deletes = link.attach.snd_settle_mode == _SETTLED
        self._link = link
        self._outlet = outlet
        outlet.join(self)

    @property
    def ready(self) -> bool:
        return self._link.sendable

    def deliver(self, entry: Entry) -> None:
        tag = entry.lock.token.bytes_le if entry.lock else uuid.uuid4().bytes_le
        self._link.contain(
            lambda: self._link.send(to_payload(entry), tag=tag, settled=self.deletes)
        )

    def session_lost(self) -> None:
        error = AmqpError(SESSION_LOCK_LOST, "The lock on the session has expired.")
        self._link.contain(lambda: self._link.close(error))

    def writable(self) -> None:
        self._outlet.turns.now()

    def settled(self, tag: bytes, outcome: p.Outcome) -> p.Outcome:
        try:
            answer = self._apply(uuid.UUID(bytes_le=tag), outcome)
        except QueueError as error:
            return p.Rejected(to_amqp(error).wire)
        self._outlet.turns.soon()
        return answer

    def _apply(self, token: uuid.UUID, outcome: p.Outcome) -> p.Outcome:
        queue, now = self._outlet.queue, self._outlet.clock()
        match outcome:
            case p.Accepted():
                queue.complete(token, now=now)
            case p.Released():
                queue.release(token, now=now)
            case p.Modified(undeliverable_here=True):
                queue.defer(token, now=now, properties=_properties(outcome.message_annotations))
            case p.Modified():
                queue.abandon(token, now=now, properties=_properties(outcome.message_annotations))
            case p.Rejected():
                properties = _properties(outcome.error.info if outcome.error else None)
                queue.dead_letter(
                    token,
                    reason=_text(properties.pop("DeadLetterReason", None)),
                    description=_text(properties.pop("DeadLetterErrorDescription", None)),
                    now=now,
                    properties=properties,
                )
                # An error in the answer would mean that the dead-lettering failed.
                return p.Rejected()
        return outcome

    def detached(self, *, orderly: bool) -> None:
        self._outlet.leave(self)
        # A client that vanished keeps its session until the lock expires, as in Azure.
        if orderly and self.session is not None:
            self._outlet.queue.release_session(self.session, now=self._outlet.clock())
            self._outlet.turns.soon()


class WaitingReceiver:
    """A link whose attach is answered when a session is free, or refused after the timeout."""

    def __init__(self, link: OutgoingLink, outlet: Outlet, *, holder: object) -> None:
        self.holder = holder
        self._link = link
        self._outlet = outlet
        wanted = (link.attach.properties or {}).get(_TIMEOUT)
        milliseconds = wanted if isinstance(wanted, int) else _DEFAULT_TIMEOUT_MS
        self._timer = asyncio.get_running_loop().call_later(milliseconds / 1000, self._too_late)
        outlet.wait(self)

    def accepted(self, lock: SessionLock) -> None:
        self._timer.cancel()
        self._link.contain(lambda: accept_session(self._link, self._outlet, lock))

    def _too_late(self) -> None:
        self._outlet.give_up(self)
        self._link.close(AmqpError(TIMEOUT, "No session had a message in time."))

    def writable(self) -> None:
        """There is nothing to write yet."""

    def settled(self, tag: bytes, outcome: p.Outcome) -> p.Outcome:
        raise AssertionError(f"nothing was sent, yet {tag!r} is settled as {outcome}")

    def detached(self, *, orderly: bool) -> None:  # noqa: ARG002 - either way it waits no more
        self._timer.cancel()
        self._outlet.give_up(self)


def attach_receiver(link: OutgoingLink, outlet: Outlet, *, holder: object) -> None:
    """Attaches a receiver. Raises AmqpError if the queue and the link disagree about sessions."""
    filters = (link.attach.source and link.attach.source.filter) or {}
    if _SESSION_FILTER not in filters and not outlet.queue.settings.requires_session:
        link.sender = Receiver(link, outlet)
        link.accept()
    elif _SESSION_FILTER not in filters:
        raise AmqpError(NOT_ALLOWED, "The queue requires a session receiver.")
    else:
        _attach_session_receiver(link, outlet, filters[_SESSION_FILTER], holder=holder)


def _attach_session_receiver(
    link: OutgoingLink, outlet: Outlet, wanted: object, *, holder: object
) -> None:
    if not outlet.queue.settings.requires_session:
        raise AmqpError(NOT_ALLOWED, "The queue has no sessions.")
    name = wanted.value if isinstance(wanted, Described) else wanted
    if name is None:
        link.sender = WaitingReceiver(link, outlet, holder=holder)
        return
    if not isinstance(name, str):
        raise AmqpError(NOT_ALLOWED, "A session id is a string.")
    try:
        lock = outlet.queue.accept_session(name, holder=holder, now=outlet.clock())
    except QueueError as error:
        raise to_amqp(error) from error
    accept_session(link, outlet, lock)


def accept_session(link: OutgoingLink, outlet: Outlet, lock: SessionLock) -> None:
    link.sender = Receiver(link, outlet, lock)
    source = link.attach.source or p.Source()
    link.accept(
        source=source._replace(filter={_SESSION_FILTER: lock.session}),
        properties={_LOCKED_UNTIL: _EPOCH_TICKS + round(lock.until * _TICKS)},
    )
    outlet.turns.soon()


def _properties(fields: p.Fields | None) -> dict[str, Any]:
    """Converts property names: those of application properties are strings, those of AMQP's fields
    are symbols."""
    return {str(key): value for key, value in (fields or {}).items()}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
