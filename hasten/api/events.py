"""Takes onboarding events over HTTP (CloudEvents, HTTP protocol binding 1.0.2) and puts them on the
queue, from where they go the way of every other event."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from hasten.api.door import door_of
from hasten.api.endpoint import ApiRequest, Reply, bad_request, bounded
from hasten.api.models import Accepted, Events
from hasten.api.problems import NOBODY_KEEPS_IT, ApiError
from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.history import EntryKind
from hasten.events.envelope import BATCH, STRUCTURED, OnboardingEvent, parse
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Fault, InvalidEventError, fault
from hasten.events.wire import UnreadableBodyError, parsed
from hasten.json import Json
from hasten.onboard.message import Posted
from hasten.operate.audited import Subject, noted
from hasten.ports.bus import ONBOARDING_EVENTS, Message, Received

MAX_BATCH_BYTES = 1024 * 1024
MAX_BATCH_EVENTS = 500
MAX_FAULTS = 50
"""Maximum number of faults in one answer; the rest show once these are fixed."""

MAX_ATTRIBUTE_CHARS = 3 * 1536
"""Characters of an attribute in a header, percent-encoded."""

CE_HEADER_PREFIX = "ce-"
FROM_JSON = "cloudEvents:"

ORIGIN = re.compile(r"[a-zA-Z0-9.-]{1,253}", re.ASCII)
"""A host name, as the webhook specification asks for."""


@dataclass(frozen=True, slots=True)
class Taken:
    event: OnboardingEvent
    message: Message


async def post_events(call: ApiRequest) -> Reply:
    """Takes all events of the request, or none: whoever gets an error may correct it and send the
    whole request again. Events that were taken before have no second effect."""
    content_type = call.request.headers.get("content-type", "")
    body = await bounded(call.request, MAX_BATCH_BYTES)
    if content_type.strip().lower().startswith(BATCH):
        taken = _batch(call.context, body)
    else:
        taken = [_single(call.context, body, content_type, call.request.headers)]
    if taken:
        await call.context.bus.send(ONBOARDING_EVENTS, [one.message for one in taken])
        await noted(call.context, EntryKind.POSTED, _subjects(taken), by=call.caller.signature)
    accepted = [
        Accepted(id=one.event.id, source=one.event.source, message=one.message.message_id)
        for one in taken
    ]
    return Reply(value=Events(accepted=accepted), status=HTTPStatus.ACCEPTED)


async def consent(request: Request) -> Response:
    """Answers the handshake of CloudEvents webhooks. It is no authentication: each delivery still
    needs a token, so any sender may be answered."""
    door_of(request)
    headers = {**NOBODY_KEEPS_IT, "Allow": "POST, OPTIONS"}
    origin = request.headers.get("webhook-request-origin")
    if origin is not None:
        if not ORIGIN.fullmatch(origin):
            raise ApiError(
                HTTPStatus.BAD_REQUEST,
                "the header WebHook-Request-Origin is no host name",
                "send the host name of the sender",
            )
        headers |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
    return Response(None, HTTPStatus.OK, headers)


def _single(context: Context, body: bytes, content_type: str, headers: Headers) -> Taken:
    structured = content_type.strip().lower().startswith(STRUCTURED)
    properties = {} if structured else _attributes(headers)
    received = Received(
        queue=ONBOARDING_EVENTS,
        body=body,
        content_type=content_type,
        message_id=context.new_id(),
        properties=properties,
    )
    try:
        return _taken(context, received)
    except InvalidEventError as error:
        raise bad_request([one.as_dict() for one in error.faults]) from None


def _batch(context: Context, body: bytes) -> list[Taken]:
    try:
        found = parsed(body, limit=MAX_BATCH_BYTES)
    except UnreadableBodyError as error:
        raise bad_request([one.as_dict() for one in error.faults]) from None
    if not isinstance(found, list):
        raise _wrong("body", "a batch is not an array", "send an array, also for one event")
    if len(found) > MAX_BATCH_EVENTS:
        raise _wrong(
            "body",
            f"the batch has {len(found)} events",
            f"send at most {MAX_BATCH_EVENTS} events in one batch",
        )
    taken: list[Taken] = []
    faults: list[Json] = []
    for number, event in enumerate(found):
        try:
            taken.append(_taken(context, _element(context, event)))
        except InvalidEventError as error:
            faults += [_of_element(one, number) for one in error.faults]
        if len(faults) >= MAX_FAULTS:
            break
    if faults:
        raise bad_request(faults[:MAX_FAULTS])
    return taken


def _element(context: Context, event: Any) -> Received:
    return Received(
        queue=ONBOARDING_EVENTS,
        body=json.dumps(event, ensure_ascii=False).encode(),
        content_type=STRUCTURED,
        message_id=context.new_id(),
    )


def _taken(context: Context, received: Received) -> Taken:
    """Validates the event as the queue's own intake does. Raises InvalidEventError."""
    posted = Posted.of(received)
    event = parse(posted.body, posted.content_type, posted.properties, context.now())
    if event.data.target not in context.targets:
        raise InvalidEventError([fault(FaultCode.UNKNOWN_TARGET, "data.target")], event.identity)
    message = Message(
        raw=received.body,
        message_id=received.message_id,
        content_type=received.content_type,
        subject=event.data.type,
        properties=dict(posted.properties),
    )
    return Taken(event, message)


def _attributes(headers: Headers) -> dict[str, str]:
    """Returns the attributes of binary mode: each value is decoded once, as the binding demands. No
    other header becomes a property. Raises ApiError 400."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not name.startswith(CE_HEADER_PREFIX):
            continue
        attribute = name.removeprefix(CE_HEADER_PREFIX)
        if name in found or f"{FROM_JSON}{attribute}" in found:
            raise _wrong(name, "the header is given twice", "send it once")
        if len(value) > MAX_ATTRIBUTE_CHARS:
            raise _wrong(name, "the header is too long", "shorten it")
        try:
            text = unquote_to_bytes(value.encode("latin-1")).decode()
        except UnicodeDecodeError:
            raise _wrong(name, "it is no UTF-8 once decoded", "percent-encode UTF-8") from None
        found[f"{FROM_JSON}{attribute}"] = text
    return found


def _of_element(one: Fault, number: int) -> Json:
    field = one.field if one.field != "body" else ""
    inside = f"[{number}].{field}" if field else f"[{number}]"
    return replace(one, field=inside).as_dict()


def _wrong(field: str, problem: str, fix: str) -> ApiError:
    return bad_request([{"field": field, "problem": problem, "fix": fix}])


def _subjects(taken: Sequence[Taken]) -> list[Subject]:
    return [
        Subject(
            target=one.event.data.target,
            action=one.event.data.type,
            causes=(Cause(one.event.source, one.event.id),),
            details={"message": one.message.message_id},
        )
        for one in taken
    ]
