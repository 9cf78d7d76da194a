"""Checks that groups are assigned to a target, and finds members whom Entra does not provision."""

from collections.abc import Collection

from hasten.doctor import permissions
from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.domain.roles import choose_role
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.ports.directory import Directory
from hasten.ports.directory_values import HIDDEN_MEMBERSHIP, Assignments
from hasten.ports.probes import Probes
from hasten.targets import Target

ASSIGNED, MEMBERS, ROLE = "assigned groups", "group members", "app role"


def assigned(assignments: Assignments) -> list[str]:
    return sorted(assignments.principals("Group"))


def check_assigned(assignments: Assignments) -> list[Finding]:
    groups = assigned(assignments)
    if assignments.unread:
        return [
            warning(
                ASSIGNED,
                f"{len(groups)} groups are assigned, and {len(assignments.unread)} assignments "
                f"cannot be read: {assignments.unread[0].problem}",
                "compare the users and groups of the enterprise application with the app",
            )
        ]
    if groups:
        return [ok(ASSIGNED, f"{len(groups)} groups are assigned")]
    return [
        problem(
            ASSIGNED,
            "no group is assigned to the app: there is nothing to watch",
            "assign a group to the enterprise application, or list it under `groups:` in "
            "targets.yaml and run python -m hasten apply --yes",
        )
    ]


async def check_group(directory: Directory, probes: Probes, group: str) -> list[Finding]:
    """Checks one assigned group: empty, dynamic, nested, hidden. Raises TemporaryError and
    PermanentError of Graph."""
    shown = await directory.group(group)
    if shown is None:
        return [
            warning(
                MEMBERS,
                f"the assigned group {group} does not exist any more",
                "remove its assignment from the enterprise application",
            )
        ]
    name = f"{shown['displayName']} ({group})"
    found = await directory.members(group)
    members, unread = found.listed, len(found.unread)
    people = sum(1 for member in members if member.kind == "user")
    findings = [ok(MEMBERS, f"{name} has {people} members{_kind(shown)}")]
    if unread:
        findings = [
            warning(
                MEMBERS,
                f"{name} has {people} members that Hasten can read, and {unread} that it cannot: "
                f"{found.unread[0].problem}",
                "compare the members of the group with the app, and with the group in Entra ID",
            )
        ]
    elif not members:
        findings = [warning(MEMBERS, f"{name} is empty", "add its members, or leave it so")]
    if shown.get("visibility") == HIDDEN_MEMBERSHIP:
        findings.append(permissions.check_hidden(await probes.token()))
    nested = [member.id for member in members if member.kind == "group"]
    missed = await directory.transitive_user_count(group) - people - unread if nested else 0
    if missed > 0:
        findings.append(
            warning(
                MEMBERS,
                f"{name} has {_count(nested)}: {missed} people in them are not provisioned, not "
                "even by Entra's own cycle",
                "add these people to the group itself, or assign the nested groups",
            )
        )
    return findings


def check_roles(principal: Json, target: Target) -> list[Finding]:
    """Checks every role that the policy names, and the role for users without a group."""
    findings = []
    for role in sorted({policy.role for policy in target.groups} | {""}):
        wanted = role or "the usual role"
        try:
            choose_role(principal.get("appRoles") or (), role)
        except PermanentError as error:
            is_used = role or any(not policy.role for policy in target.groups)
            judge = problem if is_used else warning
            findings.append(judge(ROLE, error.reason, error.next_action))
        else:
            findings.append(ok(ROLE, f"{wanted} can be assigned"))
    return findings


def _kind(group: Json) -> str:
    return ", by its rule (dynamic)" if "DynamicMembership" in group["groupTypes"] else ""


def _count(nested: Collection[str]) -> str:
    return "1 nested group" if len(nested) == 1 else f"{len(nested)} nested groups"
