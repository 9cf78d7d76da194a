"""Notes the assignments through which Hasten is about to give access and that no sweep has seen.
One that ends before the next sweep is then still found to be gone."""

import asyncio
from collections.abc import Collection

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT
from hasten.records import direct_assignments, unseen_groups
from hasten.records.discovered import DiscoveredTarget


async def note_assignments(
    context: Context, found: DiscoveredTarget, given: Collection[tuple[str, str]]
) -> None:
    """`given` has the group (or DIRECT) and the user of each grant. Call it before the grants are
    recorded. Raises TemporaryError of the store."""
    users = {user for group, user in given if group == DIRECT}
    groups = {group for group, _ in given} - {DIRECT, OWN_ACCOUNT, *found.groups}
    now = context.now()
    await asyncio.gather(
        direct_assignments.note_found(context.store, found.target, users, now),
        unseen_groups.note(context.store, found.target, groups, now),
    )
