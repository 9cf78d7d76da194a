"""Checks the app's permissions on Microsoft Graph, and says what does not work without a missing
one."""

from dataclasses import dataclass
from enum import StrEnum

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.ports.probes import Token

CHECK = "permission"


class For(StrEnum):
    """Says when Hasten needs a permission. The values are the names of the sets in
    infra/graph/permissions.json."""

    ALWAYS = "always"
    ONBOARDING = "onboarding"
    VERIFICATION = "verification"
    SESSIONS = "sessions"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A needed permission. `without` describes what does not work; each permission of `instead`
    suffices too."""

    name: str
    needed: For
    without: str
    instead: tuple[str, ...] = ()


NEEDED_PERMISSIONS = (
    Needed(
        name="Synchronization.ReadWrite.All",
        needed=For.ALWAYS,
        without="jobs cannot be read, nothing is provisioned on demand",
    ),
    Needed(
        name="Group.Read.All",
        needed=For.ALWAYS,
        without="Graph returns no memberships, Hasten finds no change",
        instead=("Group.ReadWrite.All",),
    ),
    Needed(
        name="Directory.Read.All",
        needed=For.ALWAYS,
        without="applications, assignments and users cannot be read: no target is found",
        instead=("Directory.ReadWrite.All",),
    ),
    Needed(
        name="User.Read.All",
        needed=For.ALWAYS,
        without="Graph sends no notification when somebody is disabled, deleted or changed",
        instead=("User.ReadWrite.All",),
    ),
    Needed(
        name="Group.Create",
        needed=For.ONBOARDING,
        without="onboarding events and the policy cannot create groups",
        instead=("Group.ReadWrite.All", "Directory.ReadWrite.All"),
    ),
    Needed(
        name="GroupMember.ReadWrite.All",
        needed=For.ONBOARDING,
        without="onboarding events and the policy cannot add or remove members",
        instead=("Group.ReadWrite.All", "Directory.ReadWrite.All"),
    ),
    Needed(
        name="AppRoleAssignment.ReadWrite.All",
        needed=For.ONBOARDING,
        without="onboarding events and the policy cannot assign anyone",
    ),
    Needed(
        name="AuditLog.Read.All",
        needed=For.VERIFICATION,
        without="Hasten relies on answers alone, as it cannot read the provisioning log",
    ),
    Needed(
        name="User.RevokeSessions.All",
        needed=For.SESSIONS,
        without="offboarding events cannot end the sign-in sessions of a user",
    ),
    Needed(
        name="Member.Read.Hidden",
        needed=For.HIDDEN,
        without="Graph may show nobody in groups with hidden membership: Hasten does not notice "
        "who joins or leaves them",
    ),
)

VITAL = frozenset({For.ALWAYS, For.HIDDEN})
"""Needed in any case, if they are needed at all."""


def check(token: Token, *, uses_onboarding: bool, ends_sessions: bool) -> list[Finding]:
    """Checks what does not depend on a group. `ends_sessions` says that a target has
    `revoke_sessions: allow`."""
    if not token.is_of_app:
        return [_of_person("the app's permissions")]
    unneeded = {For.HIDDEN} if ends_sessions else {For.HIDDEN, For.SESSIONS}
    return [
        _judged(needed, token, uses_onboarding=uses_onboarding)
        for needed in NEEDED_PERMISSIONS
        if needed.needed not in unneeded
    ]


def check_hidden(token: Token) -> Finding:
    """Checks what an assigned group with hidden membership needs."""
    [needed] = [one for one in NEEDED_PERMISSIONS if one.needed is For.HIDDEN]
    if not token.is_of_app:
        return _of_person(needed.name)
    return _judged(needed, token, uses_onboarding=False)


def _of_person(what: str) -> Finding:
    return warning(
        CHECK,
        "the token is a person's: it does not show what the app may do",
        f"run this with the app's identity, or compare {what} with infra/graph/permissions.json",
    )


def _judged(needed: Needed, token: Token, *, uses_onboarding: bool) -> Finding:
    if not token.permissions.isdisjoint({needed.name, *needed.instead}):
        return ok(CHECK, f"{needed.name} is granted")
    is_vital = needed.needed in VITAL or (needed.needed is For.ONBOARDING and uses_onboarding)
    judge = problem if is_vital else warning
    return judge(
        CHECK,
        f"{needed.name} is missing: {needed.without}",
        f"grant the app's identity {needed.name} on Microsoft Graph "
        "(scripts/grant-graph-permissions.sh)",
    )
