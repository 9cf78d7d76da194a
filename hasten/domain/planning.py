"""Turns the open changes of one target into on-demand calls, in the order in which to make them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain, zip_longest

from hasten.chunks import chunks
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change
from hasten.domain.verdicts import THROTTLED_REASON
from hasten.limits import CALLS_PER_WINDOW, MAX_MEMBERS_PER_CALL, MAX_RETRY_AFTER

JOINER_WAIT_BY_CALLS_USED = tuple(timedelta(seconds=s) for s in (0.05, 0.1, 0.2, 0.4, 0.6, 0.6))
"""Time for which an unfilled group call waits for more joiners, by the number of calls already used
in the window."""


NEVER_CALLED = datetime.min.replace(tzinfo=UTC)


class GrantsBy(StrEnum):
    """The call that gives a user access in the app. TOTAL: only the group call does."""

    GROUP = "group"
    USER = "user"
    USER_THEN_GROUP = "user_then_group"


class AssignmentStatus(StrEnum):
    """The state of a removed user in the directory, as far as the target is concerned."""

    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    DISABLED = "disabled"
    DELETED = "deleted"


OUT_OF_REACH = frozenset({AssignmentStatus.DISABLED, AssignmentStatus.DELETED})
"""Entra ignores on-demand calls for users disabled or deleted in the directory; its cycle handles
them."""


WITHOUT_ACCESS = frozenset({AssignmentStatus.UNASSIGNED, AssignmentStatus.DISABLED})
"""Users whose account in the app should be inactive."""


@dataclass(frozen=True, slots=True)
class Call:
    """One on-demand request: a group with the members named, or one user if `group` is None."""

    group: str | None
    changes: tuple[Change, ...]
    then_group: bool = False
    """True if this user call is the first of two (`grants_by: user_then_group`)."""

    disables: bool = False
    """True if this user call must disable the account, because no assignment is left."""

    only_asks: bool = False
    """True if this removal is of users who are disabled in Entra, so that the call takes nothing.
    Its answer shows whether the account is inactive."""

    @property
    def users(self) -> frozenset[str]:
        return frozenset(change.user for change in self.changes)

    @property
    def is_removal(self) -> bool:
        return self.changes[0].is_removal

    @property
    def is_repeated(self) -> bool:
        """Returns whether this names a group once more for leavers who all keep another assignment.
        That a call on the group removes anyone is unconfirmed, so first calls go before it."""
        is_of_group = self.group is not None and self.is_removal
        return is_of_group and all(change.keeps_assignment for change in self.changes)

    @property
    def is_on_request(self) -> bool:
        """Returns whether an operator waits for one of its changes."""
        return any(change.on_request for change in self.changes)

    @property
    def since(self) -> datetime:
        """The time at which the oldest of its changes was found."""
        return min(change.found_at for change in self.changes)

    @property
    def is_unread(self) -> bool:
        """Returns whether Graph could return none of its users when Hasten last read them."""
        return all(change.unread_since is not None for change in self.changes)

    @property
    def has_room(self) -> bool:
        """True if a later change could still share this call."""
        return (
            self.group is not None
            and not self.is_removal
            and not self.changes[0].alone
            and len(self.changes) < MAX_MEMBERS_PER_CALL
        )

    def ready_at(self, used: int) -> datetime:
        """Returns when to make the call, given how many calls of the window are `used`.

        A removal and a full call go at once. An unfilled grant waits for more joiners, longer if
        fewer calls are left: one joiner hardly waits, and a trickle of joiners does not use up the
        window with calls of one member each.
        """
        if not self.has_room:
            return self.since
        return self.since + JOINER_WAIT_BY_CALLS_USED[min(used, CALLS_PER_WINDOW)]


def group_into_calls(
    changes: Sequence[Change],
    *,
    standings: Mapping[str, AssignmentStatus],
    grants_by: GrantsBy,
) -> list[Call]:
    """Returns the calls that serve `changes`: removals first, then grants, then updates of a
    profile. Within each, those that an operator waits for come first and those of people whom Graph
    could not return come last, after the second calls of a group; of the others the oldest come
    first.

    `standings` gives the state of each removed user; a removal without one, or out of Entra's
    reach, is not planned. A user call serves all changes of that user with the same action. Within
    a group at most MAX_MEMBERS_PER_CALL changes share a call; a change marked `alone` shares with
    none.
    """
    ordered = sorted(
        changes,
        key=lambda c: (not c.on_request, c.keeps_assignment, c.found_at, c.group, c.user),
    )
    removals = [c for c in ordered if c.is_removal and _within_reach(c, standings)]
    grants = [c for c in ordered if not (c.is_removal or c.is_update)]
    updates = [c for c in ordered if c.is_update]

    def removed_by_user(change: Change) -> bool:
        return (
            change.group in {DIRECT, OWN_ACCOUNT}
            or grants_by is GrantsBy.USER
            or standings[change.user] in WITHOUT_ACCESS
        )

    def granted_by_user(change: Change) -> bool:
        if change.is_of_person:
            return change.called_group == DIRECT
        return (
            change.group == DIRECT
            or grants_by is GrantsBy.USER
            or (grants_by is GrantsBy.USER_THEN_GROUP and not change.user_called)
        )

    then_group = grants_by is GrantsBy.USER_THEN_GROUP
    revoking = _calls(removals, removed_by_user, then_group=False)
    return [
        *(_revoking(call, standings) for call in revoking),
        *_calls(grants, granted_by_user, then_group=then_group),
        *_calls(updates, granted_by_user, then_group=False),
    ]


def route_of(through: Collection[str], grants_by: GrantsBy) -> tuple[str, ...]:
    """Returns the calls that give a user all access again, in order. `through` holds the groups (or
    DIRECT) through which the user is assigned."""
    groups = tuple(sorted(group for group in through if group != DIRECT))
    match grants_by:
        case GrantsBy.GROUP:
            return groups or (DIRECT,)
        case GrantsBy.USER:
            return (DIRECT,)
        case GrantsBy.USER_THEN_GROUP:
            return (DIRECT, *groups)


def _within_reach(change: Change, standings: Mapping[str, AssignmentStatus]) -> bool:
    standing = standings.get(change.user)
    return standing is not None and (standing not in OUT_OF_REACH or is_asked(change, standing))


def is_asked(change: Change, standing: AssignmentStatus) -> bool:
    """Returns whether to call a removal that Entra's own cycle should have done. Entra does not act
    on demand on disabled users, but its answer shows whether the account is inactive."""
    return standing is AssignmentStatus.DISABLED and change.contradicted > 0


def _revoking(call: Call, standings: Mapping[str, AssignmentStatus]) -> Call:
    left = {standings[user] for user in call.users}
    return replace(
        call,
        disables=call.group is None and left <= WITHOUT_ACCESS,
        only_asks=not left.isdisjoint(OUT_OF_REACH),
    )


def _calls(
    changes: Sequence[Change], by_user: Callable[[Change], bool], *, then_group: bool
) -> list[Call]:
    of_user: dict[str, list[Change]] = defaultdict(list)
    of_group: dict[str, list[Change]] = defaultdict(list)
    calls: list[Call] = []
    for change in changes:
        if by_user(change):
            of_user[change.user].append(change)
        elif change.alone:
            calls.append(Call(change.called_group, (change,)))
        else:
            of_group[change.called_group].append(change)
    calls += [Call(None, tuple(together), then_group) for together in of_user.values()]
    for group, members in of_group.items():
        calls += [Call(group, tuple(some)) for some in chunks(members, MAX_MEMBERS_PER_CALL)]

    def place(call: Call) -> tuple[bool, bool, bool, datetime]:
        return not call.is_on_request, call.is_unread, call.is_repeated, call.since

    return sorted(calls, key=place)


def reachable(changes: Sequence[Change], busy: Collection[str]) -> list[Change]:
    """Returns the changes of users who are in no call under way: two calls for one user could
    overtake each other."""
    return [change for change in changes if change.user not in busy]


def is_refused_for_long(change: Change) -> bool:
    """Returns whether Graph still answered 429 to the call of a change after MAX_RETRY_AFTER: it
    may do so for this user alone, and each such answer stops the calls for everybody."""
    if change.called_at is None or not change.reason.startswith(THROTTLED_REASON):
        return False
    return change.called_at - change.found_at >= MAX_RETRY_AFTER


def in_turn(calls: Sequence[Call], *, answered_at: datetime = NEVER_CALLED) -> list[Call]:
    """Orders `calls` as probes of an open breaker, or of a target that Graph throttles: new
    removals come first; then removals and grants alternate one by one, and within each the user
    called longest ago comes first. A call that always fails does not delay the others, and many
    grants do not delay a removal. Removals begin, unless a removal was called last: `answered_at`
    is when the last call began that was answered, which may not be among `calls`."""
    last = max(calls, key=_called_at, default=None)
    if last is None or _called_at(last) is NEVER_CALLED:
        return list(calls)
    is_after_removal = last.is_removal and answered_at <= _called_at(last)
    ordered = sorted(calls, key=_called_at)
    new = [call for call in ordered if _is_new_removal(call)]
    others = [call for call in ordered if not _is_new_removal(call)]
    first = [call for call in others if call.is_removal is not is_after_removal]
    second = [call for call in others if call.is_removal is is_after_removal]
    in_pairs = chain.from_iterable(zip_longest(first, second))
    return [*new, *(call for call in in_pairs if call is not None)]


def _is_new_removal(call: Call) -> bool:
    return call.is_removal and _called_at(call) is NEVER_CALLED


def _called_at(call: Call) -> datetime:
    return max((c.called_at for c in call.changes if c.called_at is not None), default=NEVER_CALLED)
