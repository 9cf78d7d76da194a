"""Defines a case of a bad event, and the world in which the event is bad for exactly one reason."""

import dataclasses
from collections.abc import Callable
from typing import Any

from hasten.events.fault_codes import FaultCode
from tests.support.posting import Posting, event, ref
from tests.support.world import user

DYNAMIC = "0000bbbb-0000-4000-8000-00000000000d"
SYNCED = "0000bbbb-0000-4000-8000-00000000001e"
ROLES = "0000bbbb-0000-4000-8000-00000000000e"
MAIL = "0000bbbb-0000-4000-8000-00000000000f"
TWINS = ("0000bbbb-0000-4000-8000-000000000011", "0000bbbb-0000-4000-8000-000000000012")
STRANGER = "0000bbbb-0000-4000-8000-000000000013"
NOBODY = "0000cccc-0000-4000-8000-999999999999"
NOTHING = "0000bbbb-0000-4000-8000-999999999999"

GROUP = {"name": "TOTAL-Engineering"}


@dataclasses.dataclass(frozen=True)
class Bad:
    """`name` is the row of the table. Makers run on virtual time, so that times are right."""

    name: str
    code: FaultCode
    field: str
    make: Callable[[], dict[str, Any] | bytes]
    how: dict[str, Any] = dataclasses.field(default_factory=dict)


async def world() -> Posting:
    """Returns the world in which each case is bad for exactly one reason."""
    made = Posting()
    await made.is_discovered()
    made.directory.has_group(SYNCED, "Found-Synced", synced=True)
    made.directory.has_group(DYNAMIC, "Found-Dynamic", rule='user.department -eq "X"')
    made.directory.has_group(ROLES, "Found-Roles", role_assignable=True)
    made.directory.has_group(MAIL, "Found-Mail")
    made.directory.group_objects[MAIL] = {
        **made.directory.group_objects[MAIL],
        "mailEnabled": True,
        "groupTypes": ["Unified"],
    }
    made.directory.has_group(STRANGER, "Found-Stranger")
    made.strangers.add(STRANGER)
    for twin in TWINS:
        made.directory.has_group(twin, "Found-Twice")
    made.directory.has_user(user(98), employee_id="E-twice")
    made.directory.has_user(user(99), employee_id="E-twice")
    return made


def good(**data: Any) -> dict[str, Any]:
    return event(users=[ref(1)], **{"group": GROUP, **data})


def without(key: str, **data: Any) -> dict[str, Any]:
    return {name: value for name, value in good(**data).items() if name != key}


def of_user(**key: Any) -> dict[str, Any]:
    return event(users=[key], group=GROUP)


def of_group(**key: Any) -> dict[str, Any]:
    return good(group=key)


def untargeted() -> dict[str, Any]:
    made = good()
    del made["data"]["target"]
    return made
