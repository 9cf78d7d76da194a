"""Reads a message as a CloudEvent, structured or binary, and says all that is wrong with it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import ErrorDetails

from hasten.events.faults import MAX_BODY, Fault, Identity, InvalidEventError, Trouble, fault
from hasten.events.models import (
    MOST_AHEAD,
    MOST_TO_END,
    MOST_TO_START,
    TYPES,
    Data,
    Offboard,
    Onboard,
)

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch"
PREFIXES = ("cloudEvents:", "cloudEvents_")
"""Of application properties in binary mode (CloudEvents, AMQP binding)."""

MAX_ID = 256
JSON_TYPE = re.compile(r"^application/([\w.+-]+\+)?json\s*(;.*)?$", re.IGNORECASE)
BOM = b"\xef\xbb\xbf"

Attribute = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class Envelope(BaseModel):
    """The attributes of CloudEvents that Hasten reads; extensions are let through."""

    model_config = ConfigDict(extra="allow", strict=True)

    specversion: str
    id: Attribute
    source: Attribute
    type: Attribute
    time: AwareDatetime
    """When it happened at the source. The newest event about a person and a group wins."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingEvent:
    """A valid event. Whether its people and groups exist is another matter."""

    source: str
    id: str
    time: datetime
    data: Data

    @property
    def identity(self) -> Identity:
        return Identity(self.source, self.id, self.data.type, self.data.target)


def encode(event: OnboardingEvent) -> bytes:
    """The event in structured mode."""
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.data.type,
        "time": event.time.isoformat(),
        "datacontenttype": "application/json",
        "data": event.data.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }
    return json.dumps(envelope, separators=(",", ":")).encode()


def read(
    body: bytes, content_type: str, properties: Mapping[str, str], now: datetime
) -> OnboardingEvent:
    """Raises InvalidEventError with every fault that can be seen without asking anyone."""
    if len(body) > MAX_BODY:
        raise InvalidEventError([fault(Trouble.TOO_LARGE, "body")], Identity())
    content_type = content_type.lower()
    if content_type.startswith(BATCH):
        raise InvalidEventError([fault(Trouble.BATCH, "body")], Identity())
    attributes = _attributes(properties)
    if "specversion" not in attributes or content_type.startswith(STRUCTURED):
        return _event(_parsed(body, Identity()), now)
    identity = _identity({**attributes, "data": {}})
    if content_type and not JSON_TYPE.match(content_type):
        raise InvalidEventError([fault(Trouble.NOT_JSON_DATA, "content type")], identity)
    return _event({**attributes, "data": _parsed(body, identity)}, now)


def _attributes(properties: Mapping[str, str]) -> dict[str, str]:
    return {
        name[len(prefix) :]: value
        for name, value in properties.items()
        for prefix in PREFIXES
        if name.startswith(prefix)
    }


def _parsed(body: bytes, identity: Identity) -> Any:
    try:
        return json.loads(body.removeprefix(BOM))
    except (ValueError, RecursionError):
        raise InvalidEventError([fault(Trouble.MALFORMED, "body")], identity) from None


def _event(parsed: Any, now: datetime) -> OnboardingEvent:
    if not isinstance(parsed, dict):
        raise InvalidEventError([fault(Trouble.MALFORMED, "body")], Identity())
    identity = _identity(parsed)
    envelope, faults = _validated(Envelope, parsed, ())
    if parsed.get("specversion", "1.0") != "1.0":
        faults.append(fault(Trouble.WRONG_VERSION, "specversion"))
    kind = parsed.get("type")
    model = TYPES.get(kind) if isinstance(kind, str) else None
    if model is None and isinstance(kind, str):
        faults.append(fault(Trouble.UNKNOWN_TYPE, "type", ", ".join(TYPES)))
    data = None
    if model is not None and isinstance(parsed.get("data"), dict):
        data, wrong = _validated(model, parsed["data"], ("data",))
        faults += wrong
    if envelope is not None and data is not None:
        faults += _untimely(envelope.time, data, now)
    if faults or envelope is None or data is None:
        raise InvalidEventError(faults, identity)
    return OnboardingEvent(source=envelope.source, id=envelope.id, time=envelope.time, data=data)


def _untimely(time: datetime, data: Data, now: datetime) -> list[Fault]:
    faults = []
    if time > now + MOST_AHEAD:
        faults.append(fault(Trouble.FUTURE, "time"))
    if isinstance(data, Onboard) and data.start_at and data.start_at - time > MOST_TO_START:
        faults.append(fault(Trouble.START_TOO_FAR, "data.startAt"))
    if isinstance(data, (Onboard, Offboard)) and data.end_at:
        if data.end_at > now + MOST_TO_END:
            faults.append(fault(Trouble.END_TOO_FAR, "data.endAt"))
        if isinstance(data, Onboard) and data.end_at <= now:
            faults.append(fault(Trouble.END_PAST, "data.endAt"))
    return faults


def _identity(parsed: Mapping[str, Any]) -> Identity:
    """Bounded, as it goes into outcomes."""
    data = parsed.get("data")
    target = data.get("target") if isinstance(data, dict) else None
    given = [parsed.get(name) for name in ("source", "id", "type")] + [target]
    texts = [value if isinstance(value, str) and _is_plain(value) else "" for value in given]
    return Identity(*texts)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= MAX_ID and text.isprintable()


def _validated(model: Any, parsed: Any, at: tuple[str, ...]) -> tuple[Any, list[Fault]]:
    """As JSON, where a strict model takes times and ids as text."""
    try:
        return TypeAdapter(model).validate_json(json.dumps(parsed)), []
    except ValidationError as error:
        return None, [_fault(e, at) for e in error.errors(include_url=False, include_input=False)]
    except RecursionError:
        return None, [fault(Trouble.MALFORMED, "body")]


def _fault(error: ErrorDetails, at: tuple[str, ...]) -> Fault:
    context = error.get("ctx", {})
    key = str(context.get("key") or "")
    field = _path([*at, *error["loc"], *([key] if key else [])])
    kind = error["type"]
    if "detail" in context:  # raised by our own validators
        return fault(Trouble(kind), field, str(context["detail"]))
    match kind:
        case "missing":
            return fault(Trouble.MISSING, field)
        case "extra_forbidden":
            return fault(Trouble.UNKNOWN_KEY, field)
        case "too_short" | "string_too_short":
            return fault(Trouble.EMPTY, field)
        case "too_long" | "string_too_long":
            return fault(Trouble.TOO_LONG, field, f"at most {context['max_length']}")
        case "uuid_parsing" | "uuid_type":
            return fault(Trouble.NOT_AN_ID, field)
        case "timezone_aware":
            return fault(Trouble.NO_OFFSET, field)
        case "datetime_parsing" | "datetime_from_date_parsing" | "datetime_type":
            return fault(Trouble.NOT_A_TIME, field)
        case "json_invalid":
            return fault(Trouble.MALFORMED, "body")
    return fault(Trouble.WRONG_TYPE, field, error["msg"].removeprefix("Input ").lower())


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "body"
