"""Plans the calls of one round of a drain: reads the assignments and accounts of the people, ends
or postpones the rows that need no call, and returns the calls for the others."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from hasten.domain.changes import Change, State
from hasten.domain.planning import (
    NEVER_CALLED,
    AssignmentStatus,
    Call,
    group_into_calls,
    in_turn,
    is_refused_for_long,
)
from hasten.limits import CALLS_PER_WINDOW, MAX_MEMBERS_PER_CALL
from hasten.provision.accounts import still_asking, without_contradicted
from hasten.provision.state import Drain
from hasten.provision.triage import without_members_again, without_overflow, without_unreachable
from hasten.provision.unread_people import called_unread, check_outage, reads_anew

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
    sooner. Postpones the rows of people whom Graph could not return, and leaves out those whose
    read takes long; a leaver whom Graph has not returned for minutes is called by the user. If
    Graph has returned nobody in this drain, it plans no grant: it leaves the grants out while
    removals are left to read for the first time or to call, and raises TemporaryError after that,
    unless Graph returns a joiner. Raises TemporaryError of the store.
    """
    removals = _first([c for c in free if c.is_removal], REMOVALS_AT_ONCE)
    asking = _first([c for c in free if c.is_of_person and not c.is_removal], ASKING_AT_ONCE)
    asked = frozenset(asking)
    of_groups = [removal for removal in removals if not removal.is_of_person]
    if any(not drain.found.watches(removal.group) for removal in of_groups):
        await drain.learn_groups()
    read = [*removals, *asking]
    known, read_errors = await drain.reads.status(drain.found.service_principal, read)
    unread = [row for row in read if row.user in read_errors]
    blind = await called_unread(drain, unread, read_errors) if unread else []
    grants = [c for c in free if not (c.is_removal or c.is_of_person)]
    if grants and not drain.reads.has_answer:
        if blind or reads_anew(drain, [row for row in free if row.user not in read_errors]):
            grants = []
        else:
            await check_outage(drain, grants)
    removals = [removal for removal in removals if removal.user in known]
    removals = await without_members_again(drain, removals, known)
    if any(removal.is_of_person for removal in removals):
        removals = await without_contradicted(drain, removals, known)
    removals = await without_unreachable(drain, removals, known)
    if asking := [row for row in asking if row.user in known]:
        asking = await still_asking(drain, asking, known)
    where = {user: status.standing for user, status in known.items()}
    where |= {row.user: AssignmentStatus.UNASSIGNED for row in blind}
    rows = [*removals, *blind, *grants, *asking]
    calls = group_into_calls(rows, standings=where, grants_by=drain.target.grants_by)
    calls = in_order(drain, calls)
    later = [Call(None, (row,)) for row in free if row.is_update and row not in asked]
    in_time = await without_overflow(drain, [*calls, *later], drain.times(len(calls) + len(later)))
    put_off = frozenset(later)
    return [call for call in in_time if call not in put_off]


def in_order(drain: Drain, calls: Sequence[Call]) -> list[Call]:
    """Returns the calls in the order in which to make them: removals first, or in turn with grants
    while a call that always fails could delay the others."""
    rows = [change for call in calls for change in call.changes]
    if drain.is_breaker_closed and not any(map(is_refused_for_long, rows)):
        return sorted(calls, key=lambda call: not call.is_removal)
    answered_at = max(chain(*drain.answered.values()), default=NEVER_CALLED)
    return in_turn(calls, answered_at=answered_at)


def _first(rows: Sequence[Change], users: int) -> list[Change]:
    """Returns the rows of at most so many users. Those that an operator waits for come first, those
    of people whom Graph could not return, or whose calls it refuses for long, come last. Within
    each, those that wait for their first call, or for the next one after an answer, come first, the
    oldest before the others, then those called longest ago: people whose calls always fail keep
    nobody out of the plans."""

    def place(c: Change) -> tuple[bool, bool, datetime, datetime]:
        is_last = c.unread_since is not None or is_refused_for_long(c)
        is_next = c.state is State.PENDING and not c.keeps_assignment
        failed_at = None if is_next else c.called_at
        return not c.on_request, is_last, failed_at or NEVER_CALLED, c.found_at

    ordered = sorted(rows, key=place)
    chosen = set(list(dict.fromkeys(row.user for row in ordered))[:users])
    return [row for row in ordered if row.user in chosen]
