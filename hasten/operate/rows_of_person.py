"""Finds the rows of one person in one target without reading the whole ledger."""

import asyncio
from collections.abc import Sequence

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change
from hasten.domain.history import Entry, Filter
from hasten.records import discovered

MAX_GROUPS_TRIED = 200
"""A target may have thousands of groups. With more than this, the history of the person names those
in which the person has a row."""

ENTRIES_READ = 200


async def rows_of_person(
    context: Context, target: str, user: str, history: Sequence[Entry] | None = None
) -> list[Change]:
    """Returns the rows of the person: those that are open or wait for proof, and those that ended
    in any group which the target has now, or which the history of the person names. `history` is
    the latter, if the caller has read it. Raises TemporaryError."""
    ledger = context.ledger
    listed = [*await ledger.open_changes(target), *await ledger.unproven_changes(target)]
    live = {row.group: row for row in listed if row.user == user}
    found = await discovered.load(context.store, target)
    known = {*found.watched, *found.deleted} if found else set()
    if history is None:
        page = await context.history.newest(ENTRIES_READ, matches=Filter(user=user, target=target))
        history = page.entries
    groups = {DIRECT, OWN_ACCOUNT}
    groups |= {entry.group for entry in history if entry.target == target and entry.group}
    if len(known) <= MAX_GROUPS_TRIED:
        groups |= known
    groups -= live.keys()
    ended = await asyncio.gather(*(ledger.find(target, group, user) for group in sorted(groups)))
    return [*live.values(), *(row for row in ended if row is not None)]
