"""Every kind of bad event, with the text it gets. The table in docs/onboarding-events.md is made of
these cases, and a test proves each of them."""

from hasten.events.trouble import Trouble
from tests.support.bad_event import (
    DYNAMIC,
    GROUP,
    NOBODY,
    NOTHING,
    Bad,
    good,
    of_group,
    of_user,
    untargeted,
)
from tests.support.bad_events_wire import ENVELOPE, MESSAGE
from tests.support.posting import ENSURE_GROUP, OFFBOARD, at, event, ref
from tests.support.world import ADMIN

DATA = (
    Bad("no target", Trouble.MISSING, "data.target", untargeted),
    Bad("unknown target", Trouble.UNKNOWN_TARGET, "data.target", lambda: good(target="SUBTOTAL")),
    Bad("unknown key", Trouble.UNKNOWN_KEY, "data.usres", lambda: good(usres=[])),
    Bad("wrong type", Trouble.WRONG_TYPE, "data.users", lambda: event(users="all", group=GROUP)),
    Bad(
        "spelt in other letters",
        Trouble.SPELLING,
        "data.users[0].EmployeeID",
        lambda: of_user(EmployeeID="E1"),
    ),
    Bad(
        "number in place of text",
        Trouble.WRONG_TYPE,
        "data.users[0].employeeId",
        lambda: of_user(employeeId=4711),
    ),
    Bad(
        "one user without the array",
        Trouble.WRONG_TYPE,
        "data.users",
        lambda: event(users=ref(1), group=GROUP),
    ),
    Bad(
        "what ConvertTo-Json leaves below -Depth",
        Trouble.WRONG_TYPE,
        "data.users[0]",
        lambda: event(users=["@{employeeId=E1}"], group=GROUP),
    ),
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
        "unknown user in an offboarding",
        Trouble.GONE_USER,
        "data.users[0].employeeId",
        lambda: event(OFFBOARD, users=[{"employeeId": "E-nobody"}]),
    ),
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
        "zero date as placeholder",
        Trouble.NO_DATE,
        "data.endAt",
        lambda: event(OFFBOARD, users=[ref(1)], endAt="0001-01-01T00:00:00Z"),
    ),
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

CASES = (*MESSAGE, *ENVELOPE, *DATA)
"""One for each row of the table."""
