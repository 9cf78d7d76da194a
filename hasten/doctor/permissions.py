"""Checks the app's permissions on Microsoft Graph, and says what does not work without a missing
one."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.policy import Allowance
from hasten.ports.probes import Token
from hasten.targets import Target

CHECK = "permission"


class For(StrEnum):
    """Says when Hasten needs a permission. The values are the names of the sets in
    infra/graph/permissions.json."""

    ALWAYS = "always"
    ONBOARDING = "onboarding"
    VERIFICATION = "verification"
    SESSIONS = "sessions"
    HIDDEN = "hidden"


def _by_none(_: Target) -> bool:
    return False


def _creates_groups(target: Target) -> bool:
    """A name with wildcards exists for events, which may create a group of such a name."""
    return any(
        policy.create is not None or (policy.is_pattern and policy.allows_events)
        for policy in target.groups
    )


def _writes_members(target: Target) -> bool:
    return any(policy.allows_events or policy.also_members_of for policy in target.groups)


def _assigns(target: Target) -> bool:
    return bool(target.groups) or target.direct is Allowance.ALLOW


def _ends_sessions(target: Target) -> bool:
    return target.revoke_sessions is Allowance.ALLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A needed permission. `without` describes what does not work; each permission of `instead`
    suffices too. `used_by` says whether the settings of a target make Hasten use it."""

    name: str
    needed: For
    without: str
    instead: tuple[str, ...] = ()
    used_by: Callable[[Target], bool] = _by_none


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
        used_by=_creates_groups,
    ),
    Needed(
        name="GroupMember.ReadWrite.All",
        needed=For.ONBOARDING,
        without="onboarding events and the policy cannot add or remove members",
        instead=("Group.ReadWrite.All", "Directory.ReadWrite.All"),
        used_by=_writes_members,
    ),
    Needed(
        name="AppRoleAssignment.ReadWrite.All",
        needed=For.ONBOARDING,
        without="onboarding events and the policy cannot assign anyone",
        used_by=_assigns,
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
        used_by=_ends_sessions,
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


def check(token: Token, targets: Collection[Target]) -> list[Finding]:
    """Checks what does not depend on a group. A permission that a target uses is a problem if it is
    missing. The right to end sessions is not asked for unless a target uses it."""
    if not token.is_of_app:
        return [_of_person("the app's permissions")]
    used = {one.name for one in NEEDED_PERMISSIONS if any(map(one.used_by, targets))}
    return [
        _judged(needed, token, is_used=needed.name in used)
        for needed in NEEDED_PERMISSIONS
        if needed.needed is not For.HIDDEN
        and (needed.needed is not For.SESSIONS or needed.name in used)
    ]


def check_hidden(token: Token) -> Finding:
    """Checks what an assigned group with hidden membership needs."""
    [needed] = [one for one in NEEDED_PERMISSIONS if one.needed is For.HIDDEN]
    if not token.is_of_app:
        return _of_person(needed.name)
    return _judged(needed, token, is_used=False)


def _of_person(what: str) -> Finding:
    return warning(
        CHECK,
        "the token is a person's: it does not show what the app may do",
        f"run this with the app's identity, or compare {what} with infra/graph/permissions.json",
    )


def _judged(needed: Needed, token: Token, *, is_used: bool) -> Finding:
    if not token.permissions.isdisjoint({needed.name, *needed.instead}):
        return ok(CHECK, f"{needed.name} is granted")
    judge = problem if is_used or needed.needed in VITAL else warning
    return judge(
        CHECK,
        f"{needed.name} is missing: {needed.without}",
        f"grant the app's identity {needed.name} on Microsoft Graph "
        "(scripts/grant-graph-permissions.sh)",
    )
