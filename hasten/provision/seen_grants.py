"""Finds what Hasten itself has just seen that a lagging replica of Graph may not show yet: that a
person joined a group, got a direct assignment, was enabled or was restored."""

import asyncio
from datetime import datetime

from hasten.domain.changes import OWN_ACCOUNT, Change
from hasten.domain.history import EntryKind, Filter
from hasten.domain.planning import AssignmentStatus
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.provision.state import Drain


async def may_not_show(
    drain: Drain, user: str, standing: AssignmentStatus, *, began: datetime
) -> bool:
    """Returns whether the ledger contradicts `standing`, which Graph returned in a read that began
    at `began`. Only a newer row about the same thing counts: a new membership says nothing about a
    disabled account, and an enabled account says nothing about assignments. Whether Hasten has
    called for a membership already makes no difference. Raises TemporaryError of the store.
    """
    if standing is AssignmentStatus.ASSIGNED:
        return False
    if standing is not AssignmentStatus.UNASSIGNED:
        of_person = await drain.context.ledger.find(drain.target.name, OWN_ACCOUNT, user)
        return of_person is not None and _is_new(of_person, began)
    opened = [row for row in await drain.open_rows() if row.user == user and not row.is_of_person]
    ended = await _ended_lately(drain, user, began - REPLICATION_SETTLED_AFTER)
    return any(_is_new(row, began) for row in [*opened, *ended])


async def _ended_lately(drain: Drain, user: str, since: datetime) -> list[Change]:
    """Returns the rows of the user that ended after `since`. Their outcomes name them, however many
    groups the target has."""
    target = drain.target.name
    lately = Filter(target=target, user=user, since=since, kinds=frozenset({EntryKind.OUTCOME}))
    outcomes = await drain.context.outbox.newest(target, lately)
    groups = sorted({one.group for one in outcomes if one.group} - {OWN_ACCOUNT})
    rows = await asyncio.gather(*(drain.ledger.find(target, group, user) for group in groups))
    return [row for row in rows if row is not None and not row.is_open]


def _is_new(row: Change, began: datetime) -> bool:
    is_grant = not row.is_removal and not row.is_update
    return is_grant and began - row.seen_at < REPLICATION_SETTLED_AFTER
