"""Every kind of bad event, with the text it gets. The table in docs/onboarding-events.md is made of
these cases, and a test proves each of them."""

from hasten.events.fault_codes import FaultCode
from tests.support.bad_event import (
    DYNAMIC,
    GROUP,
    NOBODY,
    NOTHING,
    SYNCED,
    Bad,
    good,
    of_group,
    of_user,
    untargeted,
)
from tests.support.bad_events_wire import ENVELOPE, MESSAGE
from tests.support.lifecycle import CALLBACK
from tests.support.posting import ENSURE_GROUP, OFFBOARD, at, event, ref
from tests.support.world import ADMIN

DATA = (
    Bad("no target", FaultCode.MISSING, "data.target", untargeted),
    Bad("unknown target", FaultCode.UNKNOWN_TARGET, "data.target", lambda: good(target="SUBTOTAL")),
    Bad("unknown key", FaultCode.UNKNOWN_KEY, "data.usres", lambda: good(usres=[])),
    Bad("wrong type", FaultCode.WRONG_TYPE, "data.users", lambda: event(users="all", group=GROUP)),
    Bad(
        "spelt in other letters",
        FaultCode.SPELLING,
        "data.users[0].EmployeeID",
        lambda: of_user(EmployeeID="E1"),
    ),
    Bad(
        "number in place of text",
        FaultCode.WRONG_TYPE,
        "data.users[0].employeeId",
        lambda: of_user(employeeId=4711),
    ),
    Bad(
        "one user without the array",
        FaultCode.WRONG_TYPE,
        "data.users",
        lambda: event(users=ref(1), group=GROUP),
    ),
    Bad(
        "what ConvertTo-Json leaves below -Depth",
        FaultCode.WRONG_TYPE,
        "data.users[0]",
        lambda: event(users=["@{employeeId=E1}"], group=GROUP),
    ),
    Bad("null", FaultCode.WRONG_TYPE, "data.role", lambda: good(role=None)),
    Bad("empty users", FaultCode.EMPTY, "data.users", lambda: event(users=[], group=GROUP)),
    Bad(
        "two keys in a user",
        FaultCode.ONE_KEY,
        "data.users[0]",
        lambda: of_user(upn="a@contoso.example", mail="a@contoso.example"),
    ),
    Bad("user id that is none", FaultCode.NOT_AN_ID, "data.users[0].id", lambda: of_user(id="E1")),
    Bad("unknown user", FaultCode.UNKNOWN_USER, "data.users[0].id", lambda: of_user(id=NOBODY)),
    Bad(
        "unknown user in an offboarding",
        FaultCode.GONE_USER,
        "data.users[0].employeeId",
        lambda: event(OFFBOARD, users=[{"employeeId": "E-nobody"}]),
    ),
    Bad(
        "ambiguous user",
        FaultCode.AMBIGUOUS_USER,
        "data.users[0].employeeId",
        lambda: of_user(employeeId="E-twice"),
    ),
    Bad("unknown group", FaultCode.UNKNOWN_GROUP, "data.group.id", lambda: of_group(id=NOTHING)),
    Bad(
        "unknown group, and no policy makes it",
        FaultCode.UNKNOWN_GROUP,
        "data.group.name",
        lambda: of_group(name="Found-Nowhere"),
    ),
    Bad(
        "ambiguous group name",
        FaultCode.AMBIGUOUS_GROUP,
        "data.group.name",
        lambda: of_group(name="Found-Twice"),
    ),
    Bad(
        "group that somebody else made",
        FaultCode.STRANGER_GROUP,
        "data.group.name",
        lambda: of_group(name="Found-Stranger"),
    ),
    Bad(
        "owners where the policy has no create:",
        FaultCode.NEEDS_CREATE,
        "data.owners",
        lambda: event(ENSURE_GROUP, group={"name": "Found-New"}, owners=[ref(1)]),
    ),
    Bad(
        "group that no policy names",
        FaultCode.FORBIDDEN_GROUP,
        "data.group.name",
        lambda: of_group(name="Payroll"),
    ),
    Bad("admin group", FaultCode.FORBIDDEN_GROUP, "data.group.id", lambda: of_group(id=ADMIN)),
    Bad(
        "role-assignable group",
        FaultCode.ROLE_ASSIGNABLE,
        "data.group.name",
        lambda: of_group(name="Found-Roles"),
    ),
    Bad(
        "group with mail",
        FaultCode.NOT_SECURITY,
        "data.group.name",
        lambda: of_group(name="Found-Mail"),
    ),
    Bad(
        "group of an on-premises directory",
        FaultCode.SYNCED,
        "data.group.id",
        lambda: of_group(id=SYNCED),
    ),
    Bad("dynamic group", FaultCode.DYNAMIC, "data.group.id", lambda: of_group(id=DYNAMIC)),
    Bad(
        "no group where the target wants one",
        FaultCode.FORBIDDEN_DIRECT,
        "data.group",
        lambda: event(users=[ref(1)]),
    ),
    Bad(
        "members of a dynamic group",
        FaultCode.RULE_AND_MEMBERS,
        "data.members",
        lambda: event(
            ENSURE_GROUP, group={"name": "Team-X"}, rule="user.x -eq 1", members=[ref(1)]
        ),
    ),
    Bad(
        "endAt before startAt",
        FaultCode.END_BEFORE_START,
        "data.endAt",
        lambda: good(startAt=at(600), endAt=at(500)),
    ),
    Bad("endAt that has passed", FaultCode.END_PAST, "data.endAt", lambda: good(endAt=at(-1))),
    Bad(
        "zero date as placeholder",
        FaultCode.NO_DATE,
        "data.endAt",
        lambda: event(OFFBOARD, users=[ref(1)], endAt="0001-01-01T00:00:00Z"),
    ),
    Bad(
        "endAt as placeholder",
        FaultCode.NO_DATE,
        "data.endAt",
        lambda: good(endAt="9999-12-31T23:59:59Z"),
    ),
    Bad(
        "endAt many years ahead",
        FaultCode.END_TOO_FAR,
        "data.endAt",
        lambda: good(endAt="2099-12-31T23:59:59Z"),
    ),
    Bad(
        "resume that is no callback",
        FaultCode.NOT_A_CALLBACK,
        "data.resume",
        lambda: event(OFFBOARD, users=[ref(1)], resume="/users/x/revokeSignInSessions"),
    ),
    Bad(
        "resume with two users",
        FaultCode.RESUME_OF_ONE,
        "data.users",
        lambda: event(OFFBOARD, users=[ref(1), ref(2)], resume=CALLBACK),
    ),
    Bad(
        "startAt months ahead",
        FaultCode.START_TOO_FAR,
        "data.startAt",
        lambda: good(startAt=at(86 * 86400)),
    ),
)

CASES = (*MESSAGE, *ENVELOPE, *DATA)
"""One for each row of the table."""
