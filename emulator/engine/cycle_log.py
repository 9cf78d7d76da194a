"""Builds the entries that a cycle writes into the provisioning log about changed objects."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from emulator.engine.cycle import Export
from emulator.engine.on_demand import Code, Membership, Outcome
from emulator.engine.scope import Entitlement, Scope
from emulator.graph.objects import Entity


def cycle_outcomes(
    exports: Sequence[Export], scope: Scope, at: float, *, by_group: bool
) -> Iterator[Outcome]:
    """Yields one outcome for each user; with `by_group`, one for each account and one for each
    group."""
    members: defaultdict[str, list[Outcome]] = defaultdict(list)
    for export in exports:
        known = scope.directory.users.get(export.user)
        user = known or Entity(export.user, "user", {}, at, deleted_at=at)
        entitled = scope.entitlement(user.id)
        if export.account or not by_group:
            yield Outcome(Code.SUCCESS, user, export.action, entitled)
        changes = ((Membership.ADDED, export.added), (Membership.REMOVED, export.removed))
        for membership, groups in changes:
            for changed in groups:
                outcome = Outcome(Code.SUCCESS, user, "Update", entitled, membership=membership)
                members[changed].append(outcome)
    if not by_group:
        return
    for group_id, outcomes in members.items():
        group = scope.directory.groups.get(group_id) or Entity(group_id, "group", {}, at, at)
        entitled = Entitlement(is_active=True, assigned=True)
        yield Outcome(Code.SUCCESS, group, "Update", entitled, members=outcomes)
