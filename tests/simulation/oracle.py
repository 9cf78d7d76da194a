"""Who should have what in the app, from the truth of the directory alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.graph.tenant import Tenant

Access = Mapping[str, frozenset[str]]
"""Groups by active user; a user assigned directly may have none."""

LACKS, HAS_STILL = "lacks group", "still has group"
SHOULD_BE_ACTIVE = "should be active"
SHOULD_BE_DISABLED = "should be disabled"


@dataclass(frozen=True, order=True)
class Difference:
    user: str
    what: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.user} {self.what} {self.group}".strip()


def assigned(tenant: Tenant, service_principal: str) -> frozenset[str]:
    """Ids of the users and groups that are assigned."""
    return frozenset(
        assignment.principal.id
        for assignment in tenant.assignments
        if assignment.resource.id == service_principal and assignment.removed_at is None
    )


def entitled(tenant: Tenant, service_principal: str) -> Access:
    """Enabled users, assigned directly or as direct members of an assigned group."""
    directory = tenant.directory
    through: dict[str, set[str]] = {}
    for principal in assigned(tenant, service_principal):
        group = directory.groups.get(principal)
        if group is None:
            through.setdefault(principal, set())
        elif group.deleted_at is None:
            for member in group.members:
                through.setdefault(member, set()).add(principal)
    return {
        user: frozenset(groups)
        for user, groups in through.items()
        if user in directory.users and directory.users[user].is_enabled
    }


def is_entitled(tenant: Tenant, service_principal: str, user_id: str) -> bool:
    """Whether `entitled` would name the user, without a look at everyone."""
    user = tenant.directory.users.get(user_id)
    if user is None or not user.is_enabled:
        return False
    return any(
        assignment.principal.id == user_id
        or (assignment.principal.deleted_at is None and user_id in assignment.principal.members)
        for assignment in tenant.assignments
        if assignment.resource.id == service_principal and assignment.removed_at is None
    )


def active(tenant: Tenant, service_principal: str) -> Access:
    """What the app has."""
    accounts = tenant.targets[service_principal].app.accounts
    return {user: frozenset(a.groups) for user, a in accounts.items() if a.active}


def differences(tenant: Tenant, service_principal: str) -> list[Difference]:
    """One for each thing a user has or lacks against the directory; empty when all is right."""
    wanted, found = entitled(tenant, service_principal), active(tenant, service_principal)
    if not tenant.targets[service_principal].job.has_groups:
        wanted = {user: frozenset() for user in wanted}
    lines = [Difference(user, SHOULD_BE_ACTIVE) for user in wanted if user not in found]
    lines += [Difference(user, SHOULD_BE_DISABLED) for user in found if user not in wanted]
    for user in wanted.keys() & found.keys():
        lines += [Difference(user, LACKS, group) for group in wanted[user] - found[user]]
        lines += [Difference(user, HAS_STILL, group) for group in found[user] - wanted[user]]
    return sorted(lines)
