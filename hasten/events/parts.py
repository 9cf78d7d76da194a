"""Says what a part of an event is about, so that two deliveries of it can be compared although
Hasten has read more of Entra ID before the second one."""

import json

from hasten.domain.event_parts import Part
from hasten.events.envelope import OnboardingEvent, encode
from hasten.events.models import UserRef
from hasten.events.references import reference, reference_by
from hasten.json import Json


def part_of(event: OnboardingEvent, *, is_end: bool) -> Part:
    return part_in(encode(event), is_end=is_end)


def part_in(body: bytes, *, is_end: bool) -> Part:
    """Reads the part in a body that Hasten has encoded. Other deliveries may name other people,
    whom Graph did not show before. `is_end` is True for the end of an onboarding, which has one
    group: by name until the group exists, and then by object id."""
    event = json.loads(body)
    data = event["data"]
    named = [*data.pop("users", ()), *data.pop("members", ())]
    if is_end:
        data.pop("groups", None)
    shape = json.dumps(event, sort_keys=True).encode()
    return Part(body, shape, [name_in(ref) for ref in named])


def name_of(ref: UserRef) -> str:
    return str(ref.id) if ref.id else reference(ref)


def name_in(ref: Json) -> str:
    [(key, value)] = ref.items()
    return str(value) if key == "id" else reference_by(key, str(value))
