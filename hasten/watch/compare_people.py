"""Compares all people of each target with what Hasten last saw of them. It runs every hour and
finds what a delta hides: whether Graph tracks `accountEnabled` is not documented."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.attributes import comparable
from hasten.domain.changes import FoundBy
from hasten.domain.sightings import Presence, Sighting, happened, milliseconds
from hasten.error_collector import ErrorCollector
from hasten.people_look import looks_at_people
from hasten.ports.directory_values import Profile, UnreadMember
from hasten.records.discovered import DiscoveredTarget
from hasten.records.roster import Move
from hasten.side_by_side import side_by_side
from hasten.telemetry.people import PeopleCompared
from hasten.watch.list_members import log_unread
from hasten.watch.people import digest_of, presence_of, watching

DELETED_KEPT_FOR = timedelta(days=31)
"""Graph keeps a deleted user for 30 days; nobody is restored later."""

READS_AT_ONCE = 8

PEOPLE_PER_SAVE = 400
"""People after whom the comparison of those who are not listed is saved. A function ends after ten
minutes (host.json), and a group with tens of thousands of people may have been unassigned."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """The people to look at, and what changes in the roster."""

    differing: set[str] = field(default_factory=set)
    moves: dict[str, Move] = field(default_factory=dict)


async def compare_people(context: Context) -> None:
    """Compares the targets one after another. A target that cannot be read does not delay the
    others. A target whose people are not watched any more loses its roster.

    Raises the worst TemporaryError or PermanentError after all targets were tried.
    """
    errors = ErrorCollector()
    for name in (name for name, target in context.targets.items() if not target.users):
        await context.roster.forget(name)
    for found in await watching(context):
        with errors.collect_any():
            await _compare(context, found)
    errors.raise_worst()


async def _compare(context: Context, found: DiscoveredTarget) -> None:
    """Looks at people who differ from the roster, and brings the roster in step with the
    assignments. Hasten adds people who are new to the roster as it sees them now, and does not look
    at them. What was compared before an error, or before the function's time is over, is saved."""
    began = context.now()
    known = await context.roster.load(found.target)
    listed = await _listed(context, found, known.keys())
    compared = _Compared()
    for user, profile in listed.items():
        before = known.get(user)
        presence = presence_of(profile, before.presence if before else Presence.PRESENT)
        digest = digest_of(context, profile, found)
        if before is None:
            compared.moves[user] = _added(presence, digest, began)
        elif happened(before, presence, digest, is_named=False):
            compared.differing.add(user)
        elif not comparable(before.digest, digest):
            compared.moves[user] = _digested(before, digest)
    await _save(context, found, compared)
    differing = len(compared.differing)
    for some in chunks(sorted(known.keys() - listed.keys()), PEOPLE_PER_SAVE):
        gone = await _compare_unlisted(context, found, {user: known[user] for user in some})
        await _save(context, found, gone)
        differing += len(gone.differing)
    context.emit(PeopleCompared(target=found.target, people=len(listed), differing=differing))


async def _compare_unlisted(
    context: Context, found: DiscoveredTarget, known: Mapping[str, Sighting]
) -> _Compared:
    """Compares people of the roster who are not listed: users who do not exist any more differ, and
    those who are not assigned any more leave the roster."""
    compared, now = _Compared(), context.now()

    async def read(user: str) -> None:
        through = await context.directory.assigned_through(user, found.service_principal)
        if through is None:
            compared.differing.add(user)
        elif not through:
            compared.moves[user] = _forgotten(known[user])

    deleted = {user for user, seen in known.items() if seen.presence is Presence.DELETED}
    for user in deleted:
        if _is_old(known[user], now):
            compared.moves[user] = _forgotten(known[user])
    await side_by_side(read, known.keys() - deleted, READS_AT_ONCE)
    return compared


async def _save(context: Context, found: DiscoveredTarget, compared: _Compared) -> None:
    await context.roster.change(found.target, compared.moves)
    looks = looks_at_people(compared.differing, found_by=FoundBy.COMPARISON, now=context.now())
    for look in looks:
        await context.send(look)


async def _listed(
    context: Context, found: DiscoveredTarget, known: Collection[str]
) -> Mapping[str, Profile]:
    """Returns the people who are assigned now: members of the groups, in one request for each 999,
    and direct users, read one by one. If a member or an assignment cannot be read, it also reads
    one by one the `known` people whom that entry may be about."""
    listed: dict[str, Profile] = {}
    hidden: list[UnreadMember] = []

    async def read_group(group: str) -> None:
        members = await context.directory.member_profiles(group, found.properties)
        if members is not None:
            log_unread(context, group, members.unread)
            listed.update(members.by_user)
            hidden.extend(members.unread)

    async def read_user(user: str) -> None:
        profile = await context.directory.profile(user, found.properties)
        if profile is not None:
            listed[user] = profile

    await side_by_side(read_group, found.groups, READS_AT_ONCE)
    assignments = await context.directory.assignments(found.service_principal)
    direct = assignments.principals("User")
    ids = {one.id for one in (*hidden, *assignments.unread)}
    unread = {*known} if "" in ids else ids.intersection(known)
    await side_by_side(read_user, sorted((direct | unread) - listed.keys()), READS_AT_ONCE)
    return listed


def _added(presence: Presence, digest: str, now: datetime) -> Move:
    new = Sighting(presence=presence, digest=digest, origin=milliseconds(now))
    return lambda stored: stored or new


def _digested(before: Sighting, digest: str) -> Move:
    after = Sighting(presence=before.presence, digest=digest, origin=before.origin)
    return lambda stored: after if stored == before else stored


def _forgotten(before: Sighting) -> Move:
    return lambda stored: None if stored == before else stored


def _is_old(seen: Sighting, now: datetime) -> bool:
    return milliseconds(now - DELETED_KEPT_FOR) > seen.origin
