"""Plans the calls of one round of a drain: reads the assignments and accounts of the people, ends
or postpones the rows that need no call, and returns the calls for the others."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hasten.domain.changes import Change
from hasten.domain.planning import Call, group_into_calls, in_turn
from hasten.errors import TemporaryError
from hasten.limits import CALLS_PER_WINDOW, MAX_MEMBERS_PER_CALL
from hasten.provision.accounts import with_routes, without_contradicted, without_unassigned
from hasten.provision.removal_status import ReadError, removal_status
from hasten.provision.state import Drain
from hasten.provision.triage import (
    postpone,
    without_members_again,
    without_overflow,
    without_unreachable,
)

MAX_READ_OUTAGE = timedelta(hours=1)
"""Maximum time for which failing reads keep joiners waiting. After that only the users concerned
wait."""

REMOVALS_AT_ONCE = CALLS_PER_WINDOW * MAX_MEMBERS_PER_CALL
"""Maximum number of users of removals whose assignments Hasten reads for one plan: it cannot call
for more of them in one window."""

ASKING_AT_ONCE = CALLS_PER_WINDOW
"""Maximum number of users with a changed account whose assignments Hasten reads for one plan. Most
of them need a call each."""


async def plan_calls(drain: Drain, free: Sequence[Change]) -> list[Call]:
    """Returns the calls for the rows in `free`. These rows are due, and no call under way names
    their users.

    Ends the rows that Entra ID cannot provision on demand, and the grants that the cycle provisions
    sooner. Raises TemporaryError of the store, and of Graph if it can read nobody.
    """
    removals = _first([c for c in free if c.is_removal], REMOVALS_AT_ONCE)
    asking = _first([c for c in free if c.is_of_person and not c.is_removal], ASKING_AT_ONCE)
    asked = frozenset(asking)
    of_groups = [removal for removal in removals if not removal.is_of_person]
    if any(not drain.found.watches(removal.group) for removal in of_groups):
        await drain.learn_groups()
    began = drain.now
    known, read_errors = await removal_status(
        drain.context, drain.found.service_principal, [*removals, *asking]
    )
    unread = [row for row in (*removals, *asking) if row.user in read_errors]
    if not any(removal.user in known for removal in removals):
        _wait_for_the_end_of_an_outage(drain, unread, read_errors)
    drain.retries |= await postpone(drain, unread, read_errors)
    drain.unread |= read_errors.keys()
    removals = [removal for removal in removals if removal.user in known]
    removals = await without_members_again(drain, removals, known, began=began)
    removals = await without_contradicted(drain, removals, known, began=began)
    removals = await without_unreachable(drain, removals, known, began=began)
    asking = [row for row in asking if row.user in known]
    asking = await without_contradicted(drain, asking, known, began=began)
    asking = await without_unassigned(drain, asking, known, began=began)
    asking = await with_routes(drain, asking, known)
    where = {user: status.standing for user, status in known.items()}
    grants = [c for c in free if not (c.is_removal or c.is_of_person)]
    calls = group_into_calls(
        [*removals, *grants, *asking], standings=where, grants_by=drain.target.grants_by
    )
    if not drain.is_breaker_closed:
        calls = in_turn(calls)
    later = [Call(None, (row,)) for row in free if row.is_update and row not in asked]
    in_time = await without_overflow(drain, [*calls, *later], drain.times(len(calls) + len(later)))
    return [call for call in in_time if call not in later]


def _first(rows: Sequence[Change], users: int) -> list[Change]:
    """Returns the rows of the users whose rows are the oldest, at most so many users."""
    oldest_first = sorted(rows, key=lambda row: row.found_at)
    chosen = set(list(dict.fromkeys(row.user for row in oldest_first))[:users])
    return [row for row in oldest_first if row.user in chosen]


def _wait_for_the_end_of_an_outage(
    drain: Drain, unread: Sequence[Change], read_errors: Mapping[str, ReadError]
) -> None:
    """Raises TemporaryError if Graph could read nobody, so that no joiner is called before the
    revocations. After MAX_READ_OUTAGE Hasten assumes a problem of these people."""
    for removal in (row for row in unread if row.is_removal):
        error = read_errors[removal.user]
        is_new = drain.now - removal.found_at < MAX_READ_OUTAGE
        if isinstance(error, TemporaryError) and is_new:
            raise error
