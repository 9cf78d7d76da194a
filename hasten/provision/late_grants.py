"""Finds the grants of a user whose calls may still take effect after a removal has ended."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change
from hasten.domain.late_grants import once_more
from hasten.domain.rejoining import read_once_more
from hasten.provision.state import Drain
from hasten.side_by_side import side_by_side

ROWS_AT_ONCE = 16

MOST_ROWS_READ = 50
"""Maximum number of groups whose rows are read for one deleted person. In a target with more groups
only the row of the account counts: no change may cost more in a larger tenant."""


async def learn_ended_grants(drain: Drain, removals: Sequence[Change]) -> None:
    """Reads the grants of a user that have ended and whose rows no removal replaces: of the user's
    own account, or of groups if that was disabled or deleted. A later call than one without an
    answer may have ended them. `removals` are of one user. Raises TemporaryError of the store."""
    user, target, places = removals[0].user, drain.target.name, {OWN_ACCOUNT}
    if any(row.is_of_person for row in removals):
        everywhere = {DIRECT, *drain.found.groups}
        is_few = len(everywhere) <= MOST_ROWS_READ
        places |= {*drain.through.get(user, ())} or (everywhere if is_few else set())
    find = partial(drain.ledger.find, target)
    rows = await side_by_side(lambda place: find(place, user), sorted(places), ROWS_AT_ONCE)
    drain.ended_grants[user] = [
        replace(row, called_at=None) for row in rows if row is not None and not row.is_open
    ]


def after_grants(drain: Drain, change: Change) -> Change:
    """Returns the row after a try. One that would end waits while a call may give the access back:
    calls of rows of other groups, and of the user's own account, count as well, also of the rows
    that `learn_ended_grants` has read. It also waits while nobody knows whether the user has joined
    again."""
    opened = drain.ledger.last_seen(drain.target.name)
    others = [row for row in opened if row.user == change.user]
    others += drain.ended_grants.get(change.user, ())
    after = once_more(change, others, now=drain.now, answered=drain.answered[change.user])
    return read_once_more(after, now=drain.now)
