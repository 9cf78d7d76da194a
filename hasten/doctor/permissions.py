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
)


def check(token: Token, *, uses_onboarding: bool, ends_sessions: bool) -> list[Finding]:
    """`ends_sessions` says that a target has `revoke_sessions: allow`."""
    if not token.is_of_app:
        return [
            warning(
                CHECK,
                "the token is a person's: it does not show what the app may do",
                "run this with the app's identity, or compare the app's permissions with "
                "infra/graph/permissions.json",
            )
        ]
    return [
        _judged(needed, token, uses_onboarding=uses_onboarding)
        for needed in NEEDED_PERMISSIONS
        if needed.needed is not For.SESSIONS or ends_sessions
    ]


def _judged(needed: Needed, token: Token, *, uses_onboarding: bool) -> Finding:
    if not token.permissions.isdisjoint({needed.name, *needed.instead}):
        return ok(CHECK, f"{needed.name} is granted")
    is_vital = needed.needed is For.ALWAYS or (needed.needed is For.ONBOARDING and uses_onboarding)
    judge = problem if is_vital else warning
    return judge(
        CHECK,
        f"{needed.name} is missing: {needed.without}",
        f"grant the app's identity {needed.name} on Microsoft Graph "
        "(scripts/grant-graph-permissions.sh)",
    )
