"""Reads a message as a CloudEvent, structured or binary, and reports every fault in it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from hasten.events.binary import CONTEXT_ATTRIBUTES, attributes
from hasten.events.fault_codes import FaultCode
from hasten.events.fault_texts import MAX_EVENT_BODY_BYTES
from hasten.events.faults import MAX_FAULTS, Fault, Identity, InvalidEventError, fault
from hasten.events.lookalikes import foreign
from hasten.events.models import EVENT_TYPES, Data
from hasten.events.timeliness import untimely
from hasten.events.times import Time
from hasten.events.validation import keys_of, letters, plain, validated
from hasten.events.wire import UnreadableBodyError, from_base64, inner_json, parsed
from hasten.limits import MAX_EVENT_BYTES

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch"

ID_MAX_CHARS = 256
WHOLE_EVENT = frozenset({"specversion", "type", "data"})
"""Keys of a whole event. In data they show that a broker put one event into another."""

JSON_TYPE = re.compile(r"^application/([\w.+-]+\+)?json\s*(;.*)?$", re.IGNORECASE)

Attribute = Annotated[
    str, StringConstraints(min_length=1, max_length=ID_MAX_CHARS), AfterValidator(plain)
]


class Envelope(BaseModel):
    """The attributes of CloudEvents that Hasten reads. Extensions are allowed and ignored."""

    model_config = ConfigDict(extra="allow", strict=True)

    specversion: str
    id: Attribute
    source: Attribute
    type: Attribute
    time: Time
    """The time at which it happened at the source. The newest event about a person and a group
    wins."""

    data: dict[str, Any]
    datacontenttype: str | None = None
    subject: str | None = None
    dataschema: str | None = None
    """Hasten does not use it; a wrong type shows that the sender mixes up attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingEvent:
    """A valid event. Its users and groups may still not exist."""

    source: str
    id: str
    time: datetime
    data: Data

    @property
    def identity(self) -> Identity:
        return Identity(self.source, self.id, self.data.type, self.data.target)


def encode(event: OnboardingEvent) -> bytes:
    """Returns the event in structured mode. It is hardly longer than the posted event, because only
    characters that JSON requires are escaped."""
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.data.type,
        "time": event.time.isoformat(),
        "datacontenttype": "application/json",
        "data": event.data.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()


def parse(
    body: bytes,
    content_type: str,
    properties: Mapping[str, str],
    now: datetime,
    *,
    is_deferred: bool = False,
    is_cut: bool = False,
) -> OnboardingEvent:
    """Reads an event. Raises InvalidEventError with every fault that needs no lookup. `is_deferred`
    means that Hasten sent the event to itself, in parts or for the time at which it takes effect:
    its body now has the attributes too, and may be larger than that of a posted event. `is_cut`
    means that Hasten parked the body in a shortened form."""
    limit = MAX_EVENT_BYTES if is_deferred else MAX_EVENT_BODY_BYTES
    given, doubts = attributes(properties)
    identity = _identity({**given, "data": {}})
    if is_cut:
        raise InvalidEventError([fault(FaultCode.CUT, "body")], identity)
    if len(body) > limit:
        raise InvalidEventError([fault(FaultCode.TOO_LARGE, "body")], identity)
    kind = content_type.strip().lower()
    if kind.startswith(BATCH):
        raise InvalidEventError([fault(FaultCode.BATCH, "body")], identity)
    if kind.startswith(STRUCTURED) or given.keys().isdisjoint(CONTEXT_ATTRIBUTES):
        return _event(_structured(body, limit), now, is_deferred=is_deferred)
    if "specversion" in given and kind and not JSON_TYPE.match(kind):
        raise InvalidEventError([fault(FaultCode.NOT_JSON_DATA, "content type")], identity)
    data = _parsed(body, identity, root="data", limit=limit)
    if isinstance(data, dict) and "specversion" in data:
        if "specversion" not in given:
            return _event(data, now, is_deferred=is_deferred)
        doubts = [fault(FaultCode.MIXED_MODES, "body")]
    if doubts:
        raise InvalidEventError(doubts, identity)
    return _event({**given, "data": data}, now, is_deferred=is_deferred)


def _structured(body: bytes, limit: int) -> dict[str, Any]:
    found = _parsed(body, Identity(), limit=limit)
    faults, inner = foreign(found)
    if faults:
        raise InvalidEventError(faults, _identity(inner))
    return dict(found)


def _parsed(
    body: bytes, identity: Identity, field: str = "body", root: str = "", *, limit: int
) -> Any:
    try:
        return parsed(body, field, root, limit=limit)
    except UnreadableBodyError as error:
        known = identity if identity != Identity() else _identity(error.found)
        raise InvalidEventError(error.faults, known) from None


def _event(found: dict[str, Any], now: datetime, *, is_deferred: bool) -> OnboardingEvent:
    found = _with_data(found)
    identity = _identity(found)
    inner = found.get("data")
    if isinstance(inner, Mapping) and inner.keys() >= WHOLE_EVENT:
        raise InvalidEventError([fault(FaultCode.WRAPPED, "data", "data")], _identity(inner))
    envelope, faults = validated(Envelope, found)
    kind = found.get("type")
    model = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
    faults += _strays(found, model)
    version = found.get("specversion")
    if isinstance(version, str) and version != "1.0":
        faults.append(fault(FaultCode.WRONG_VERSION, "specversion"))
    if model is None and isinstance(kind, str) and kind:
        faults.append(fault(FaultCode.UNKNOWN_TYPE, "type", ", ".join(EVENT_TYPES)))
    data = None
    if model is not None and isinstance(found.get("data"), dict):
        data, wrong = validated(model, found["data"], ("data",))
        faults += wrong
    if envelope is not None and data is not None:
        faults += untimely(envelope.time, data, now, is_deferred=is_deferred)
    if faults or envelope is None or data is None:
        raise InvalidEventError(list(dict.fromkeys(faults)), identity)
    return OnboardingEvent(source=envelope.source, id=envelope.id, time=envelope.time, data=data)


def _with_data(found: dict[str, Any]) -> dict[str, Any]:
    """Returns the event with its data as an object, from either place that the contract allows."""
    data, identity = found.get("data"), _identity(found)
    if "data_base64" in found:
        if "data" in found:
            raise InvalidEventError([fault(FaultCode.TWO_DATA, "data_base64")], identity)
        encoded = found["data_base64"]
        decoded = from_base64(encoded) if isinstance(encoded, str) else None
        if decoded is None:
            bad = fault(FaultCode.WRONG_TYPE, "data_base64", "it is not Base64", NO_BASE64)
            raise InvalidEventError([bad], identity)
        inner = _parsed(decoded, identity, "data_base64", "data", limit=MAX_EVENT_BODY_BYTES)
        found = {key: value for key, value in found.items() if key != "data_base64"}
        return _with_data({**found, "data": inner})
    if not isinstance(data, str):
        return found
    declared = found.get("datacontenttype")
    if isinstance(declared, str) and not JSON_TYPE.match(declared):
        raise InvalidEventError([fault(FaultCode.NOT_JSON_DATA, "datacontenttype")], identity)
    if inner_json(data) is not None:
        raise InvalidEventError([fault(FaultCode.DOUBLE_ENCODED, "data")], identity)
    return found


NO_BASE64 = "send the object as data, or its JSON in standard Base64 with padding"


def _strays(found: Mapping[str, Any], model: type[Data] | None) -> list[Fault]:
    """Returns a fault for each key outside data that would pass as an extension although it has a
    meaning: a misplaced startAt must not be overlooked."""
    models = [model] if model is not None else EVENT_TYPES.values()
    attributes = {letters(known): known for known in Envelope.model_fields}
    inner = {letters(key): f"data.{key}" for each in models for key in keys_of(each)}
    faults: list[Fault] = []
    for key in found:
        if key in Envelope.model_fields:
            continue
        word = letters(key)
        if word in attributes:
            faults.append(fault(FaultCode.SPELLING, key, attributes[word]))
        if word in inner:
            faults.append(fault(FaultCode.MISPLACED, key, inner[word]))
        if len(faults) >= MAX_FAULTS:
            break
    return faults


def _identity(found: Any) -> Identity:
    """Returns what identifies the event, with limited length, because it goes into outcomes. A
    different spelling of a name is accepted here, so that the report is complete."""
    data = _found(found, "data")
    given = [*(_found(found, name) for name in ("source", "id", "type")), _found(data, "target")]
    texts = [value if isinstance(value, str) and _is_plain(value) else "" for value in given]
    return Identity(*texts)


def _found(given: Any, name: str) -> Any:
    if not isinstance(given, dict):
        return None
    if name in given:
        return given[name]
    return next((value for key, value in given.items() if letters(key) == name), None)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= ID_MAX_CHARS and text.isprintable()
