"""Finds the grants of a user whose calls may still take effect after a removal has ended."""

from hasten.domain.changes import Change
from hasten.domain.late_grants import once_more
from hasten.domain.rejoining import read_once_more
from hasten.provision.state import Drain


def after_grants(drain: Drain, change: Change) -> Change:
    """Returns the row after a try. One that would end waits while a call may give the access back:
    calls of rows of other groups, and of the user's own account, count as well. It also waits while
    nobody knows whether the user has joined again."""
    opened = drain.ledger.last_seen(drain.target.name)
    others = [row for row in opened if row.user == change.user]
    after = once_more(change, others, now=drain.now, answered=drain.answered[change.user])
    return read_once_more(after, now=drain.now)
