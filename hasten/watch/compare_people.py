"""Compares all people of each target with what Hasten last saw of them. It runs every hour and
finds what a delta hides: whether Graph tracks `accountEnabled` is not documented."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.attributes import comparable
from hasten.domain.changes import FoundBy
from hasten.domain.sightings import Presence, Sighting, happened, milliseconds
from hasten.error_collector import ErrorCollector
from hasten.people_look import looks_at_people
from hasten.ports.directory_values import Profile, UnreadMember
from hasten.records.discovered import DiscoveredTarget
from hasten.records.roster import Move
from hasten.telemetry.people import PeopleCompared
from hasten.watch.list_members import log_unread
from hasten.watch.people import digest_of, presence_of, watching

DELETED_KEPT_FOR = timedelta(days=31)
"""Graph keeps a deleted user for 30 days; nobody is restored later."""

READS_AT_ONCE = 8


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
    at them."""
    began = context.now()
    known = await context.roster.load(found.target)
    listed = await _listed(context, found, known.keys())
    differing: set[str] = set()
    moves: dict[str, Move] = {}
    for user, profile in listed.items():
        before = known.get(user)
        presence = presence_of(profile, before.presence if before else Presence.PRESENT)
        digest = digest_of(context, profile, found)
        if before is None:
            moves[user] = _added(presence, digest, began)
        elif happened(before, presence, digest, is_named=False):
            differing.add(user)
        elif not comparable(before.digest, digest):
            moves[user] = _digested(before, digest)
    for user in known.keys() - listed.keys():
        if known[user].presence is Presence.DELETED:
            if _is_old(known[user], began):
                moves[user] = _forgotten(known[user])
        elif await _is_deleted_or_unassigned(context, found, user, moves, known[user]):
            differing.add(user)
    await context.roster.change(found.target, moves)
    for look in looks_at_people(differing, found_by=FoundBy.COMPARISON, now=context.now()):
        await context.send(look)
    context.emit(PeopleCompared(target=found.target, people=len(listed), differing=len(differing)))


async def _is_deleted_or_unassigned(
    context: Context, found: DiscoveredTarget, user: str, moves: dict[str, Move], before: Sighting
) -> bool:
    """Returns True for a user who does not exist any more. Removes a user who is not assigned any
    more from the roster."""
    through = await context.directory.assigned_through(user, found.service_principal)
    if through is not None and not through:
        moves[user] = _forgotten(before)
    return through is None


async def _listed(
    context: Context, found: DiscoveredTarget, known: Collection[str]
) -> Mapping[str, Profile]:
    """Returns the people who are assigned now: members of the groups, in one request for each 999,
    and direct users, read one by one. If a member or an assignment cannot be read, it also reads
    one by one the `known` people whom that entry may be about."""
    listed: dict[str, Profile] = {}
    hidden: list[UnreadMember] = []
    turns = asyncio.Semaphore(READS_AT_ONCE)

    async def read_group(group: str) -> None:
        async with turns:
            members = await context.directory.member_profiles(group, found.properties)
        if members is not None:
            log_unread(context, group, members.unread)
            listed.update(members.by_user)
            hidden.extend(members.unread)

    async def read_user(user: str) -> None:
        async with turns:
            profile = await context.directory.profile(user, found.properties)
        if profile is not None:
            listed[user] = profile

    await asyncio.gather(*map(read_group, found.groups))
    assignments = await context.directory.assignments(found.service_principal)
    direct = assignments.principals("User")
    ids = {one.id for one in (*hidden, *assignments.unread)}
    unread = {*known} if "" in ids else ids.intersection(known)
    await asyncio.gather(*map(read_user, sorted((direct | unread) - listed.keys())))
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
