"""Compares all people of each target with what Hasten last saw of them. It runs every hour and
finds what a delta hides: whether Graph tracks `accountEnabled` is not documented."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.attributes import comparable
from hasten.domain.changes import FoundBy
from hasten.domain.sightings import Presence, Sighting, happened, milliseconds
from hasten.error_collector import ErrorCollector
from hasten.limits import REPLICATION_SETTLED_AFTER
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

FAILURES_IN_A_ROW = 2 * READS_AT_ONCE
"""Reads of people that fail one after another, after which Hasten takes Graph for unavailable."""

PEOPLE_PER_SAVE = 400
"""People after whom the comparison of those who are not listed is saved. A function ends after ten
minutes (host.json), and a group with tens of thousands of people may have been unassigned."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """The people to look at, and what changes in the roster. `is_cut` if Graph cannot answer, so
    that the others were not compared."""

    differing: set[str] = field(default_factory=set)
    moves: dict[str, Move] = field(default_factory=dict)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Listed:
    """The people who are assigned now. Unless `is_whole`, there may be others."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    is_whole: bool = True


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
            await compare_people_of(context, found)
    errors.raise_worst()


async def compare_people_of(context: Context, found: DiscoveredTarget) -> None:
    """Looks at people who differ from the roster, and brings the roster in step with the
    assignments. Hasten adds people who are new to the roster as it sees them now, and does not look
    at them. What was compared before the function's time is over is saved.

    A person or a group that cannot be read stays as the roster has them. Raises the worst error
    about one of them after all others were compared.
    """
    began, errors = context.now(), ErrorCollector()
    known = await context.roster.load(found.target)
    found_now = await _listed(context, found, known.keys(), errors)
    listed, compared = found_now.profiles, _Compared()
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
    unlisted = sorted(known.keys() - listed.keys()) if found_now.is_whole else []
    for some in chunks(unlisted, PEOPLE_PER_SAVE):
        gone = await _compare_unlisted(context, found, {user: known[user] for user in some}, errors)
        await _save(context, found, gone)
        differing += len(gone.differing)
        if gone.is_cut:
            break
    context.emit(PeopleCompared(target=found.target, people=len(listed), differing=differing))
    errors.raise_worst()


async def _compare_unlisted(
    context: Context,
    found: DiscoveredTarget,
    known: Mapping[str, Sighting],
    errors: ErrorCollector,
) -> _Compared:
    """Compares people of the roster who are not listed: users who do not exist any more differ, and
    those who are not assigned any more leave the roster. Replicas that lag may not show the
    assignment of somebody who has just joined: they stay until the next comparison."""
    compared, now, failures = _Compared(), context.now(), 0

    async def read(user: str) -> None:
        nonlocal failures
        if failures >= FAILURES_IN_A_ROW:
            return
        with errors.collect_any():
            through = await context.directory.assigned_through(user, found.service_principal)
            failures = 0
            if through is None:
                compared.differing.add(user)
            elif not through and known[user].age(now) >= REPLICATION_SETTLED_AFTER:
                compared.moves[user] = _forgotten(known[user])
            return
        failures += 1

    deleted = {user for user, seen in known.items() if seen.presence is Presence.DELETED}
    for user in deleted:
        if _is_old(known[user], now):
            compared.moves[user] = _forgotten(known[user])
    await side_by_side(read, known.keys() - deleted, READS_AT_ONCE)
    return replace(compared, is_cut=failures >= FAILURES_IN_A_ROW)


async def _save(context: Context, found: DiscoveredTarget, compared: _Compared) -> None:
    await context.roster.change(found.target, compared.moves)
    looks = looks_at_people(compared.differing, found_by=FoundBy.COMPARISON, now=context.now())
    for look in looks:
        await context.send(look)


async def _listed(
    context: Context, found: DiscoveredTarget, known: Collection[str], errors: ErrorCollector
) -> _Listed:
    """Returns the people who are assigned now: members of the groups, in one request for each 999,
    and direct users, read one by one. If a member or an assignment cannot be read, it also reads
    one by one the `known` people whom that entry may be about."""
    listed: dict[str, Profile] = {}
    hidden: list[UnreadMember] = []
    unread_groups: set[str] = set(found.groups)

    async def read_group(group: str) -> None:
        with errors.collect_any():
            members = await context.directory.member_profiles(group, found.properties)
            unread_groups.discard(group)
            if members is not None:
                log_unread(context, group, members.unread)
                listed.update(members.by_user)
                hidden.extend(members.unread)

    async def read_user(user: str) -> None:
        with errors.collect_any():
            profile = await context.directory.profile(user, found.properties)
            if profile is not None:
                listed[user] = profile

    await side_by_side(read_group, found.groups, READS_AT_ONCE)
    assignments = await context.directory.assignments(found.service_principal)
    direct = assignments.principals("User")
    ids = {one.id for one in (*hidden, *assignments.unread)}
    unread = {*known} if "" in ids else ids.intersection(known)
    await side_by_side(read_user, sorted((direct | unread) - listed.keys()), READS_AT_ONCE)
    return _Listed(listed, is_whole=not unread_groups)


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
