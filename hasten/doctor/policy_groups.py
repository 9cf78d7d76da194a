"""Checks the groups that the policy of a target names."""

from collections.abc import Collection, Sequence

from hasten.context import Context
from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.ensure.groups import AmbiguousNameError, StrangerError, find_group
from hasten.json import Json
from hasten.policy import GroupPolicy
from hasten.targets import Target

CHECK = "policy group"


async def check_policy(
    context: Context, target: Target, policy: GroupPolicy, assigned: Collection[str]
) -> list[Finding]:
    """Checks that a group of the policy is known, exists and is assigned. Raises TemporaryError and
    PermanentError of Graph."""
    if policy.is_pattern:
        return _check_pattern(policy)
    try:
        group = await _group(context, target, policy)
    except AmbiguousNameError as error:
        return [
            problem(CHECK, f"{policy.name}: {error.reason}", "name it by `id:` in targets.yaml")
        ]
    except StrangerError as error:
        apply = f"python -m hasten apply {target.name} --yes"
        return [
            problem(
                CHECK,
                f"{policy.name}: {error.reason}",
                f"check that group; {apply} adopts and assigns it, or name yours by `id:`",
            )
        ]
    shown = None if group is None else await context.directory.group(group)
    if shown is None:
        return [_missing(policy, target)]
    name = f"{shown['displayName']} ({shown['id']})"
    findings = [*await _check_name(context, policy, shown), *_check_mirror(policy, shown, name)]
    if str(shown["id"]).lower() in assigned:
        return [*findings, ok(CHECK, f"{name} is assigned")]
    return [
        *findings,
        problem(
            CHECK,
            f"{name} is not assigned to the app: its members are not provisioned",
            f"assign it, or run python -m hasten apply {target.name} --yes",
        ),
    ]


async def _group(context: Context, target: Target, policy: GroupPolicy) -> str | None:
    """Returns the object id of the group as the policy and events find it; None if there is
    none."""
    if policy.id is not None:
        return str(policy.id)
    return await find_group(context, target, str(policy.name))


def _missing(policy: GroupPolicy, target: Target) -> Finding:
    if policy.create is not None:
        apply = f"run python -m hasten apply {target.name} --yes"
        return warning(CHECK, f"{policy.name} does not exist yet", apply)
    return problem(
        CHECK,
        f"{policy.name or policy.id} does not exist",
        "create it, or give it `create:` in targets.yaml",
    )


async def _check_name(context: Context, policy: GroupPolicy, shown: Json) -> list[Finding]:
    """Warns about a group that was renamed, and about other groups of its name. The policy and
    events still use the known group."""
    if policy.name is None:
        return []
    group, name = str(shown["id"]), str(policy.name)
    findings = []
    if str(shown["displayName"]).casefold() != name.casefold():
        findings.append(
            warning(
                CHECK,
                f"{name} is called {shown['displayName']} now ({group})",
                "correct its name in targets.yaml, or name it by `id:`",
            )
        )
    twins = [one for one in await context.directory.groups_named(name) if one["id"] != group]
    if twins:
        findings.append(_twins(name, group, twins))
    return findings


def _twins(name: str, group: str, twins: Sequence[Json]) -> Finding:
    ids = ", ".join(sorted(str(twin["id"]) for twin in twins))
    return warning(
        CHECK,
        f"{len(twins)} other groups are called {name} ({ids}); the policy and events mean {group}",
        "rename the others, or name it by `id:` in targets.yaml",
    )


def _check_pattern(policy: GroupPolicy) -> list[Finding]:
    """Checks a pattern. A pattern that matches some groups is fine; one that matches all groups is
    no policy."""
    if not policy.allows_events or str(policy.name).strip("*?"):
        return []
    return [
        problem(
            CHECK,
            f"{policy.name} matches every group: events may create any group, and add members to "
            "any that Hasten created",
            'give it a prefix in targets.yaml, such as name: "[APP]-*"',
        )
    ]


def _check_mirror(policy: GroupPolicy, group: Json, name: str) -> list[Finding]:
    kind = "dynamic" if "DynamicMembership" in group["groupTypes"] else ""
    kind = kind or ("role-assignable" if group.get("isAssignableToRole") else "")
    kind = kind or ("synchronized from on premises" if group.get("onPremisesSyncEnabled") else "")
    if not policy.also_members_of or not kind:
        return []
    return [
        problem(
            CHECK,
            f"{name} is {kind}: nobody can be added to it, so that also_members_of does nothing",
            "take also_members_of away from it in targets.yaml, or give the group assigned members",
        )
    ]
