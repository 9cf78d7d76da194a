"""Finds the rows whose user a call on the group left out, by the provisioning log. Hasten concludes
that only where the log is seen to name members by their object ids."""

from collections.abc import Mapping, Sequence

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.domain.cycle import ENTRA_CLOCK_SKEW
from hasten.domain.named_members import leaves_out, members_named
from hasten.domain.planning import GrantsBy
from hasten.json import Json
from hasten.ports.directory_values import UnreadEntry

MOST_LOOKUPS = 20
"""Maximum number of ids that Hasten looks for in the ledger, in one pass over one target."""


async def left_out(
    context: Context,
    rows: Sequence[Change],
    log: Mapping[str, Sequence[Json]],
    unread: Sequence[UnreadEntry],
) -> list[Change]:
    """Returns those of `rows`, which are of one target, whose user the log leaves out. `log` has
    the entries by the id of the object that they are about. An `unread` entry about the group may
    name the user. Nothing was exported for a row that is in sync, so no entry names its user."""
    now = context.now()
    called = [
        row
        for row in rows
        if row.state is not State.IN_SYNC
        and (row.is_removal or not _is_granted_by_user(context, row))
        and not any(_may_name(row, entry) for entry in unread)
    ]
    doubtful = [row for row in called if leaves_out(row, log.get(row.group, ()), now)]
    if not doubtful or not await _names_people(context, doubtful[0].target, log):
        return []
    return doubtful


def _may_name(row: Change, entry: UnreadEntry) -> bool:
    is_since = entry.at is None or entry.at >= row.logged_from - ENTRA_CLOCK_SKEW
    return is_since and entry.about in {"", row.group}


def _is_granted_by_user(context: Context, row: Change) -> bool:
    """Returns whether no call on the group was made for a grant."""
    target = context.targets.get(row.target)
    return target is not None and target.grants_by is GrantsBy.USER


async def _names_people(context: Context, target: str, log: Mapping[str, Sequence[Json]]) -> bool:
    """Returns whether an id that the log names is that of a user whom the ledger knows in the same
    group. Without that the ids may be the app's own."""
    named = sorted(members_named(entry for entries in log.values() for entry in entries))
    for group, user in named[:MOST_LOOKUPS]:
        if await context.ledger.find(target, group, user) is not None:
            return True
    return False
