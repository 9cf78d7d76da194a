"""Defines which application permissions a request needs (Graph, the permissions table of each
API)."""

import json
import re
from collections.abc import Collection

from emulator.graph.errors import GraphError, forbidden

INSUFFICIENT_PRIVILEGES = "Insufficient privileges to complete the operation."

DIRECTORY_READ = ("Directory.Read.All", "Directory.ReadWrite.All")
GROUP_WRITE = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
GROUP_READ = (
    "Group.Read.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
    *DIRECTORY_READ,
)
MEMBER_WRITE = ("GroupMember.ReadWrite.All", *GROUP_WRITE)
USER_READ = ("User.Read.All", "User.ReadWrite.All", *DIRECTORY_READ)
USER_WRITE = ("User.ReadWrite.All", "Directory.ReadWrite.All")
SESSIONS = ("User.RevokeSessions.All",)
APP_READ = ("Application.Read.All", "Application.ReadWrite.All", *DIRECTORY_READ)
APP_WRITE = ("Application.ReadWrite.All", "Directory.ReadWrite.All")
ASSIGNMENT_WRITE = ("AppRoleAssignment.ReadWrite.All",)
ASSIGNMENT_READ = (*ASSIGNMENT_WRITE, *APP_READ)
SYNC_WRITE = ("Synchronization.ReadWrite.All",)
SYNC_READ = ("Synchronization.Read.All", *SYNC_WRITE)
GROUP_EVENTS = ("Group.Read.All", "Group.ReadWrite.All")
USER_EVENTS = ("User.Read.All", "User.ReadWrite.All")

Needs = tuple[tuple[str, ...], ...]
"""The caller needs one permission from each group."""

TABLE: tuple[tuple[str, str, Needs], ...] = (
    ("GET", r"/servicePrincipals/[^/]+/synchronization/.*", (SYNC_READ,)),
    (".*", r"/servicePrincipals/[^/]+/synchronization/.*", (SYNC_WRITE,)),
    ("GET", r"/auditLogs/provisioning", (("AuditLog.Read.All",), DIRECTORY_READ)),
    ("GET", r"/users/[^/]+/appRoleAssignments", ((*ASSIGNMENT_WRITE, *DIRECTORY_READ),)),
    ("GET", r".*/appRole(Assignments|AssignedTo)", (ASSIGNMENT_READ,)),
    (".*", r".*/appRole(Assignments|AssignedTo)(/[^/]+)?", (ASSIGNMENT_WRITE, APP_READ)),
    ("GET", r"/servicePrincipals(/.*)?", (APP_READ,)),
    (".*", r"/servicePrincipals(/.*)?", (APP_WRITE,)),
    ("GET", r"/groups(/.*)?", (GROUP_READ,)),
    ("POST", r"/groups", (("Group.Create", *GROUP_WRITE),)),
    (".*", r"/groups/[^/]+/members/.*", (MEMBER_WRITE,)),
    ("PATCH", r"/groups/[^/]+\?members", (MEMBER_WRITE,)),
    (".*", r"/groups/.*", (GROUP_WRITE,)),
    ("GET", r"/users(/.*)?", (USER_READ,)),
    ("POST", r"/users/[^/]+/revokeSignInSessions", (SESSIONS,)),
    (".*", r"/users(/.*)?", (USER_WRITE,)),
    ("GET", r"/directory/deletedItems/.*", (USER_READ,)),
    (".*", r"/directory/deletedItems/.*", (USER_WRITE,)),
    ("POST", r"/subscriptions\?groups", (GROUP_EVENTS,)),
    ("POST", r"/subscriptions\?users", (USER_EVENTS,)),
)
"""The first matching row applies; a request without a row needs no permission. The part after `?`
is what the body requests, if that decides."""

_ROWS = [
    (re.compile(method), re.compile(path, re.IGNORECASE), needs) for method, path, needs in TABLE
]


def check(method: str, path: str, body: bytes, roles: Collection[str]) -> None:
    """Checks the permissions. Raises GraphError: 403, or the 401 without text by which the
    synchronization API reports a missing permission."""
    line = path + _asked(method, path, body)
    for row_method, row_path, needs in _ROWS:
        if row_method.fullmatch(method) and row_path.fullmatch(line):
            if all(any(role in roles for role in choice) for choice in needs):
                return
            if "/synchronization/" in path:
                raise GraphError(401, "UnknownError", "")
            raise forbidden(INSUFFICIENT_PRIVILEGES)


def _asked(method: str, path: str, body: bytes) -> str:
    if method == "PATCH" and re.fullmatch(r"/groups/[^/]+", path, re.IGNORECASE):
        return "?members" if set(_json(body)) <= {"members@odata.bind", "@odata.type"} else ""
    if method == "POST" and path.lower() == "/subscriptions":
        kind = str(_json(body).get("resource", "")).strip("/").split("/")[0]
        return f"?{kind.lower()}"
    return ""


def _json(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
