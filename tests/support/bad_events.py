"""Every kind of bad event, with the text it gets. The table in docs/onboarding-events.md is made of
these cases, and a test proves each of them."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from hasten.events.faults import Trouble
from tests.support.posting import ENSURE_GROUP, Posting, at, event, ref
from tests.support.world import ADMIN, user

DYNAMIC = "0000bbbb-0000-4000-8000-00000000000d"
ROLES = "0000bbbb-0000-4000-8000-00000000000e"
MAIL = "0000bbbb-0000-4000-8000-00000000000f"
TWINS = ("0000bbbb-0000-4000-8000-000000000011", "0000bbbb-0000-4000-8000-000000000012")
NOBODY = "0000cccc-0000-4000-8000-999999999999"
NOTHING = "0000bbbb-0000-4000-8000-999999999999"

GROUP = {"name": "TOTAL-Engineering"}


@dataclasses.dataclass(frozen=True)
class Bad:
    """`name` is the row of the table. Makers run on virtual time, so that times are right."""

    name: str
    trouble: Trouble
    field: str
    make: Callable[[], dict[str, Any] | bytes]
    how: dict[str, Any] = dataclasses.field(default_factory=dict)


def world() -> Posting:
    """In which each of the cases is bad for one reason only."""
    made = Posting()
    made.directory.has_group(DYNAMIC, "Found-Dynamic", rule='user.department -eq "X"')
    made.directory.has_group(ROLES, "Found-Roles", role_assignable=True)
    made.directory.has_group(MAIL, "Found-Mail")
    made.directory.group_objects[MAIL] = {
        **made.directory.group_objects[MAIL],
        "mailEnabled": True,
        "groupTypes": ["Unified"],
    }
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


CASES = (
    # --- the message ---
    Bad("malformed JSON", Trouble.MALFORMED, "body", lambda: b'{"specversion": "1.0",'),
    Bad("JSON that is no object", Trouble.MALFORMED, "body", lambda: b"[1, 2]"),
    Bad(
        "300 KB body",
        Trouble.TOO_LARGE,
        "body",
        lambda: json.dumps({**good(), "padding": "x" * 300_000}).encode(),
    ),
    Bad(
        "several events in one message",
        Trouble.BATCH,
        "body",
        lambda: json.dumps([good()]).encode(),
        {"content_type": "application/cloudevents-batch+json"},
    ),
    Bad(
        "binary mode with data that is not JSON",
        Trouble.NOT_JSON_DATA,
        "content type",
        lambda: b"<user/>",
        {"content_type": "application/xml", "properties": {"cloudEvents:specversion": "1.0"}},
    ),
    # --- the envelope ---
    Bad("no specversion", Trouble.MISSING, "specversion", lambda: without("specversion")),
    Bad(
        "another specversion",
        Trouble.WRONG_VERSION,
        "specversion",
        lambda: {**good(), "specversion": "0.3"},
    ),
    Bad("no id", Trouble.MISSING, "id", lambda: without("id")),
    Bad("id of 300 characters", Trouble.TOO_LONG, "id", lambda: {**good(), "id": "x" * 300}),
    Bad("no source", Trouble.MISSING, "source", lambda: without("source")),
    Bad("no type", Trouble.MISSING, "type", lambda: without("type")),
    Bad(
        "unknown type of event",
        Trouble.UNKNOWN_TYPE,
        "type",
        lambda: {**good(), "type": "hasten.user.promote.v1"},
    ),
    Bad("no time", Trouble.MISSING, "time", lambda: without("time")),
    Bad(
        "time that is none",
        Trouble.NOT_A_TIME,
        "time",
        lambda: {**good(), "time": "yesterday"},
    ),
    Bad(
        "time without offset",
        Trouble.NO_OFFSET,
        "time",
        lambda: {**good(), "time": "2026-11-24T09:00:00"},
    ),
    Bad("time in the future", Trouble.FUTURE, "time", lambda: {**good(), "time": at(601)}),
    Bad("no data", Trouble.MISSING, "data", lambda: without("data")),
    # --- the data ---
    Bad("no target", Trouble.MISSING, "data.target", untargeted),
    Bad("unknown target", Trouble.UNKNOWN_TARGET, "data.target", lambda: good(target="SUBTOTAL")),
    Bad("unknown key", Trouble.UNKNOWN_KEY, "data.usres", lambda: good(usres=[])),
    Bad("wrong type", Trouble.WRONG_TYPE, "data.users", lambda: event(users="all", group=GROUP)),
    Bad("null", Trouble.WRONG_TYPE, "data.role", lambda: good(role=None)),
    Bad("empty users", Trouble.EMPTY, "data.users", lambda: event(users=[], group=GROUP)),
    Bad(
        "two keys in a user",
        Trouble.ONE_KEY,
        "data.users[0]",
        lambda: of_user(upn="a@contoso.example", mail="a@contoso.example"),
    ),
    Bad("user id that is none", Trouble.NOT_AN_ID, "data.users[0].id", lambda: of_user(id="E1")),
    Bad("unknown user", Trouble.UNKNOWN_USER, "data.users[0].id", lambda: of_user(id=NOBODY)),
    Bad(
        "ambiguous user",
        Trouble.AMBIGUOUS_USER,
        "data.users[0].employeeId",
        lambda: of_user(employeeId="E-twice"),
    ),
    Bad("unknown group", Trouble.UNKNOWN_GROUP, "data.group.id", lambda: of_group(id=NOTHING)),
    Bad(
        "unknown group, and no policy makes it",
        Trouble.UNKNOWN_GROUP,
        "data.group.name",
        lambda: of_group(name="Found-Nowhere"),
    ),
    Bad(
        "ambiguous group name",
        Trouble.AMBIGUOUS_GROUP,
        "data.group.name",
        lambda: of_group(name="Found-Twice"),
    ),
    Bad(
        "group that no policy names",
        Trouble.FORBIDDEN_GROUP,
        "data.group.name",
        lambda: of_group(name="Payroll"),
    ),
    Bad("admin group", Trouble.FORBIDDEN_GROUP, "data.group.id", lambda: of_group(id=ADMIN)),
    Bad(
        "role-assignable group",
        Trouble.ROLE_ASSIGNABLE,
        "data.group.name",
        lambda: of_group(name="Found-Roles"),
    ),
    Bad(
        "group with mail",
        Trouble.NOT_SECURITY,
        "data.group.name",
        lambda: of_group(name="Found-Mail"),
    ),
    Bad("dynamic group", Trouble.DYNAMIC, "data.group.id", lambda: of_group(id=DYNAMIC)),
    Bad(
        "no group where the target wants one",
        Trouble.FORBIDDEN_DIRECT,
        "data.group",
        lambda: event(users=[ref(1)]),
    ),
    Bad(
        "members of a dynamic group",
        Trouble.RULE_AND_MEMBERS,
        "data.members",
        lambda: event(
            ENSURE_GROUP, group={"name": "Team-X"}, rule="user.x -eq 1", members=[ref(1)]
        ),
    ),
    Bad(
        "endAt before startAt",
        Trouble.END_BEFORE_START,
        "data.endAt",
        lambda: good(startAt=at(600), endAt=at(500)),
    ),
    Bad("endAt that has passed", Trouble.END_PAST, "data.endAt", lambda: good(endAt=at(-1))),
    Bad(
        "endAt as placeholder",
        Trouble.END_TOO_FAR,
        "data.endAt",
        lambda: good(endAt="9999-12-31T23:59:59Z"),
    ),
    Bad(
        "startAt months ahead",
        Trouble.START_TOO_FAR,
        "data.startAt",
        lambda: good(startAt=at(86 * 86400)),
    ),
)
"""One for each row of the table."""
