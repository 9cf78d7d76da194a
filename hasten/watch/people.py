"""Looks at people: reads their accounts, compares them with what Hasten last saw, writes rows and
wakes the targets.

The order is ledger, wake, roster. A crash between any two of them repeats the look, which finds the
same difference under the same number and writes nothing twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.attributes import digest
from hasten.domain.changes import OWN_ACCOUNT, Action, Change, FoundBy
from hasten.domain.sightings import (
    JOINED_LATELY,
    PERMANENTLY_DELETED,
    SOFTLY_DELETED,
    Presence,
    Sighting,
    happened,
)
from hasten.error_collector import ErrorCollector
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.people_look import PeopleLook
from hasten.ports.directory_values import Profile
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.records.roster import Move
from hasten.side_by_side import side_by_side
from hasten.telemetry.people import PeopleRead
from hasten.twins import twins
from hasten.watch.admit import admit
from hasten.watch.look import LOOK_AGAIN_DELAYS
from hasten.watch.look_messages import bucket_end

LOOK_MARGIN = timedelta(seconds=1)
"""Added to the delay of a look that must come after the directory has settled."""

READS_AT_ONCE = 8
"""Users read at the same time."""


@dataclass(frozen=True, slots=True)
class SeenPerson:
    """A user of one target, as a read that began at `at` shows them. `stored` is what the roster
    says. `before` is the same, or what the user's row says if the roster is in doubt."""

    target: str
    user: str
    stored: Sighting
    before: Sighting
    presence: Presence
    digest: str
    at: datetime
    deletion: str = ""
    """One of DELETIONS for a user who is deleted."""

    @property
    def is_doubtful(self) -> bool:
        return self.before.may_lag(self.presence, self.at)

    def change(self, look: PeopleLook) -> Change | None:
        """Returns the row to write, or None if nothing relevant happened, or if it is uncertain
        whether it did."""
        is_named = look.found_by is not FoundBy.COMPARISON
        is_new = self.before.age(self.at) < JOINED_LATELY
        action = happened(self.before, self.presence, self.digest, is_named=is_named and not is_new)
        if action is None or self.is_doubtful:
            return None
        return Change(
            target=self.target,
            group=OWN_ACCOUNT,
            user=self.user,
            action=action,
            origin=self.before.origin,
            noticed_at=look.noticed_at,
            found_at=self.at,
            seen_at=self.at,
            due_at=self.at,
            found_by=look.found_by,
            reason=self.deletion,
        )

    @property
    def after(self) -> Sighting:
        if self.presence is self.before.presence and self.digest in {"", self.before.digest}:
            return self.stored
        return self.before.moved(self.presence, self.digest, self.at)


async def look_at_people(context: Context, look: PeopleLook) -> None:
    """Reads the accounts of people who are assigned to a target, and records what happened to them.
    Hasten reads only users who are in a roster.

    If some users cannot be read, they get a look of their own. Raises TemporaryError and
    PermanentError of Graph if none can. Nothing is lost then: the roster stays as it was.
    """
    targets = {found.target: found for found in await watching(context)}
    errors, failed = ErrorCollector(), set[str]()

    async def read(user: str) -> Sequence[SeenPerson]:
        with errors.collect_any():
            return await _read(context, look, user, targets)
        failed.add(user)
        return ()

    reads = await side_by_side(read, sorted(look.users), READS_AT_ONCE)
    seen = [one for some in reads for one in some]
    if failed == look.users:
        errors.raise_worst()
    if failed:
        await context.send(replace(look, users=frozenset(failed)))
    recorded = await _record(context, look, [one for one in seen if not one.is_doubtful])
    await _look_again(context, look, seen, changed=frozenset(one.user for one in recorded))
    context.emit(
        PeopleRead(
            result="changed" if recorded else "unchanged",
            found_by=look.found_by,
            people=len({one.user for one in seen}),
            changes=len(recorded),
        )
    )


async def watching(context: Context) -> Sequence[DiscoveredTarget]:
    """Returns the targets whose people are watched, one for each job."""
    everything = await discovered.load_all(context.store)
    on = {name for name, target in context.targets.items() if target.users}
    watched = [found for found in everything if found.target in on]
    served = twins(context, watched)
    return [found for found in watched if found.target not in served]


def properties_of(targets: Collection[DiscoveredTarget]) -> tuple[str, ...]:
    return tuple(sorted({name for found in targets for name in found.properties}))


def presence_of(profile: Profile | None, before: Presence) -> Presence:
    """Returns `before` if Graph does not say whether the user is enabled."""
    if profile is None:
        return Presence.DELETED
    if profile.enabled is None:
        return before
    return Presence.PRESENT if profile.enabled else Presence.DISABLED


def digest_of(context: Context, profile: Profile | None, found: DiscoveredTarget) -> str:
    if profile is None:
        return ""
    return digest(profile.values, found.properties, context.settings.client_state)


async def _read(
    context: Context, look: PeopleLook, user: str, targets: Mapping[str, DiscoveredTarget]
) -> Sequence[SeenPerson]:
    known = await asyncio.gather(*(context.roster.find(target, user) for target in targets))
    of = {target: stored for target, stored in zip(targets, known, strict=True) if stored}
    if not of:
        return ()
    at = context.now()
    wanted = properties_of([targets[target] for target in of])
    profile = await context.directory.profile(user, wanted)
    deletion = await _deletion(context, user) if profile is None else ""
    before = {
        target: await _by_row(context, target, user, stored) if look.doubts else stored
        for target, stored in of.items()
    }
    return [
        SeenPerson(
            target=target,
            user=user,
            stored=stored,
            before=before[target],
            presence=presence_of(profile, before[target].presence),
            digest=digest_of(context, profile, targets[target]),
            at=at,
            deletion=deletion,
        )
        for target, stored in of.items()
    ]


async def _by_row(context: Context, target: str, user: str, stored: Sighting) -> Sighting:
    """Returns what the user's row says. It differs from the roster if a look crashed between the
    two, and the account changed back before the next look."""
    row = await context.ledger.find(target, OWN_ACCOUNT, user)
    if row is None:
        return stored
    presence = Presence.PRESENT
    if row.is_removal:
        presence = Presence.DELETED if row.action is Action.DELETED else Presence.DISABLED
    return replace(stored, presence=presence, origin=max(stored.origin, row.origin + 1))


async def _deletion(context: Context, user: str) -> str:
    is_soft = await context.directory.is_restorable(user)
    return SOFTLY_DELETED if is_soft else PERMANENTLY_DELETED


async def _record(
    context: Context, look: PeopleLook, seen: Sequence[SeenPerson]
) -> Sequence[Change]:
    changes = [change for one in seen if (change := one.change(look)) is not None]
    recorded = await admit(context, changes)
    for target in sorted({change.target for change in changes}):
        await context.send(Wake(target=target))
    moves: dict[str, dict[str, Move]] = defaultdict(dict)
    for one in seen:
        if one.after != one.stored:
            moves[one.target][one.user] = _moving(one)
    for target, of_target in moves.items():
        await context.roster.change(target, of_target)
    return recorded


def _moving(seen: SeenPerson) -> Move:
    """If another look was faster, its result stays: it compared with the same sighting."""
    return lambda stored: seen.after if stored == seen.stored else stored


async def _look_again(
    context: Context, look: PeopleLook, seen: Sequence[SeenPerson], *, changed: frozenset[str]
) -> None:
    """Looks again at users of whom this look saw no change, and later at users whom a lagging
    replica may show in their old state. Until the end of the bucket Service Bus drops looks that
    are equal to this one. So users who changed are looked at once more at that time."""
    doubtful = frozenset(one.user for one in seen if one.is_doubtful)
    unchanged = frozenset(one.user for one in seen) - doubtful - changed
    if unchanged and look.looks < len(LOOK_AGAIN_DELAYS):
        await _send(context, look, unchanged, LOOK_AGAIN_DELAYS[look.looks])
    until_end = bucket_end(look.noticed_at) - context.now()
    if changed and look.found_by is FoundBy.NOTIFICATION and until_end > timedelta(0):
        last = replace(look, looks=len(LOOK_AGAIN_DELAYS))
        await _send(context, last, changed, until_end)
    if doubtful:
        await _send(context, look, doubtful, REPLICATION_SETTLED_AFTER + LOOK_MARGIN)


async def _send(
    context: Context, look: PeopleLook, users: frozenset[str], after: timedelta
) -> None:
    again = replace(look, users=users, looks=look.looks + 1)
    await context.send(again, context.now() + after)
