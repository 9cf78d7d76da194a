"""Implements the operations of $management, by their names after `com.microsoft:`."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.amqp.types import Array, Timestamp
from emulator.servicebus.annotations import timestamp, to_payload, to_post
from emulator.servicebus.entries import Entry, SessionLock
from emulator.servicebus.outlets import Inlet, Outlet

Body = Mapping[str, Any]

MAX_PEEKED_BYTES = 1 << 20
# DateTime.MaxValue in milliseconds: matches any time of update.
_ANY_TIME = 253402300800000
_PAGE = 100


class BadRequestError(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The entity of a request, and the connection that sent it. A topic has no outlet, a
    subscription no inlet."""

    inlet: Inlet | None
    outlet: Outlet | None
    holder: object

    @property
    def queue(self) -> Outlet:
        if self.outlet is None:
            raise BadRequestError("messages are not received from this entity")
        return self.outlet

    def held_session(self, body: Body) -> SessionLock:
        name = _get(body, "session-id", str)
        outlet = self.queue
        return outlet.queue.session_of(name, holder=self.holder, now=outlet.clock())


def _get(body: Body, key: str, kind: type[Any] | tuple[type[Any], ...]) -> Any:
    value = body.get(key)
    if not isinstance(value, kind):
        raise BadRequestError(f"{key} is missing or has a wrong type")
    return value


def _all(body: Body, key: str, kind: type[Any]) -> list[Any]:
    items = _get(body, key, list)
    if not all(isinstance(item, kind) for item in items):
        raise BadRequestError(f"{key} has elements of a wrong type")
    return list(items)


def _schedule(target: Target, body: Body) -> Any:
    if target.inlet is None:
        raise BadRequestError("messages are not sent to this entity")
    messages = [_get(item, "message", bytes) for item in _all(body, "messages", dict)]
    numbers = target.inlet.send([to_post(message) for message in messages])
    return {"sequence-numbers": Array(numbers)}


def _cancel(target: Target, body: Body) -> Any:
    if target.inlet is None:
        raise BadRequestError("messages are not sent to this entity")
    target.inlet.cancel(_all(body, "sequence-numbers", int))
    return {}


def _peek(target: Target, body: Body) -> Any:
    outlet = target.queue
    entries = outlet.queue.peek(
        start=_get(body, "from-sequence-number", int),
        limit=_get(body, "message-count", int),
        session=body.get("session-id"),
        now=outlet.clock(),
    )
    payloads: list[bytes] = []
    size = 0
    for entry in entries:
        payloads.append(to_payload(entry, browsed=True))
        size += len(payloads[-1])
        if size > MAX_PEEKED_BYTES:
            break
    return {"messages": [{"message": payload} for payload in payloads]} if payloads else None


def _receive_by_number(target: Target, body: Body) -> Any:
    outlet = target.queue
    session = target.held_session(body) if body.get("session-id") is not None else None
    entries = outlet.queue.take_deferred(
        _all(body, "sequence-numbers", int),
        session=session,
        delete=_get(body, "receiver-settle-mode", int) == 0,
        now=outlet.clock(),
    )
    return {"messages": [_received(entry) for entry in entries]}


def _received(entry: Entry) -> dict[str, Any]:
    message: dict[str, Any] = {"message": to_payload(entry, browsed=True)}
    if entry.lock is not None:
        message["lock-token"] = entry.lock.token
    return message


def _renew_locks(target: Target, body: Body) -> Any:
    outlet = target.queue
    now = outlet.clock()
    tokens = _all(body, "lock-tokens", uuid.UUID)
    until = [timestamp(outlet.queue.renew(token, now=now)) for token in tokens]
    outlet.turns.soon()
    return {"expirations": Array(until)}


def _update_disposition(target: Target, body: Body) -> Any:
    outlet = target.queue
    queue, now = outlet.queue, outlet.clock()
    status = _get(body, "disposition-status", str)
    given = body.get("properties-to-modify")
    properties = {str(k): v for k, v in given.items()} if isinstance(given, dict) else {}
    for token in _all(body, "lock-tokens", uuid.UUID):
        match status:
            case "completed":
                queue.complete(token, now=now)
            case "abandoned":
                queue.abandon(token, now=now, properties=properties)
            case "defered":
                queue.defer(token, now=now, properties=properties)
            case "suspended":
                queue.dead_letter(
                    token,
                    reason=body.get("deadletter-reason"),
                    description=body.get("deadletter-description"),
                    now=now,
                    properties=properties,
                )
            case _:
                raise BadRequestError(f"no disposition {status!r}")
    outlet.turns.soon()
    return {}


def _renew_session(target: Target, body: Body) -> Any:
    outlet = target.queue
    lock = target.held_session(body)
    return {"expiration": timestamp(outlet.queue.renew_session(lock, now=outlet.clock()))}


def _get_state(target: Target, body: Body) -> Any:
    return {"session-state": target.queue.queue.session_state(target.held_session(body))}


def _set_state(target: Target, body: Body) -> Any:
    outlet = target.queue
    state = body.get("session-state")
    if not isinstance(state, bytes | None):
        raise BadRequestError("session-state is no binary")
    outlet.queue.set_session_state(target.held_session(body), state, now=outlet.clock())
    return {}


def _list_sessions(target: Target, body: Body) -> Any:
    outlet = target.queue
    updated = _get(body, "last-updated-time", Timestamp)
    after = None if updated >= _ANY_TIME else updated / 1000
    skip, top = _get(body, "skip", int), _get(body, "top", int)
    names = outlet.queue.session_names(now=outlet.clock(), state_set_after=after)
    page = names[skip : skip + min(top, _PAGE)]
    return {"skip": skip + len(page), "sessions-ids": Array(page)} if page else None


OPERATIONS: Mapping[str, Callable[[Target, Body], Any]] = {
    "schedule-message": _schedule,
    "cancel-scheduled-message": _cancel,
    "peek-message": _peek,
    "receive-by-sequence-number": _receive_by_number,
    "renew-lock": _renew_locks,
    "update-disposition": _update_disposition,
    "renew-session-lock": _renew_session,
    "get-session-state": _get_state,
    "set-session-state": _set_state,
    "get-message-sessions": _list_sessions,
}
