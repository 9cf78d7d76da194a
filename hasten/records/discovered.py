"""Stores what the last sweep discovered about each target: service principal, job, rules and
watched groups."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from hasten.domain.matching import JobMatch
from hasten.errors import Conflict, PermanentError
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import try_commit, write
from hasten.records.fields import moment
from hasten.records.values import known_fields

DISCOVERED_COLLECTION = "targets"
DISCOVERED_PARTITION = "found"

LEFT_PARTITION, LEFT_AT = "left", "left_at"
"""Targets that left targets.yaml, until another one serves their job, and when they left. An older
version reads none of them."""

UNSETTLED_KEY = "arriving"
"""Key of `unsettled` in the store. An older version reads the groups that are assigned from it,
while both run during a deployment."""

ASSIGNMENT_FRESH_FOR = timedelta(minutes=10)
"""Entra provisions a new assignment on demand only after "up to a few minutes" (Entra docs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredTarget:
    """A copy of what Graph says about a target. Every sweep reads it from Graph again."""

    target: str
    service_principal: str
    job: str
    user_rule: str | None
    group_rule: str | None
    groups: Sequence[str]
    assigned_at: Mapping[str, str] = field(default_factory=dict)
    """ISO time at which each recently assigned group was assigned, by group id. Older times are
    left out: with thousands of groups they would not fit into one document."""

    unsettled: Mapping[str, str] = field(default_factory=dict)
    """ISO time at which a sweep found each group that was newly assigned or unassigned, while some
    of its members may not be recorded: a replica lacks them, Hasten cannot read them, or a crash
    came in between. A cycle of Entra that began later serves them."""

    sources: Sequence[str] = ()
    """Admin groups whose members the policy mirrors. Not every one is assigned to the target."""

    properties: Sequence[str] = ()
    """Graph's properties of a user that the job maps."""

    match: JobMatch = field(default_factory=JobMatch)
    """The attributes by which the job finds the account of a user in the app."""

    deleted: Mapping[str, str] = field(default_factory=dict)
    """ISO time at which a sweep missed each assigned group that was deleted, until a cycle of Entra
    has deprovisioned its people."""

    @property
    def route(self) -> tuple[str, str, str | None, str | None]:
        """The ids that an on-demand request contains. When Graph rejects them, Hasten rediscovers
        the target and repeats the call if they have changed."""
        return self.service_principal, self.job, self.user_rule, self.group_rule

    @property
    def watched(self) -> frozenset[str]:
        """The groups whose notifications Hasten needs."""
        return frozenset({*self.groups, *self.sources})

    def watches(self, group: str) -> bool:
        return group in self.groups

    def let_go_at(self, group: str) -> datetime | None:
        """Returns when a sweep found that the group was unassigned, if that was lately. Not all of
        its members may be recorded yet, so who leaves it still matters."""
        at = None if self.watches(group) else self.unsettled.get(group)
        return moment(at) if at is not None else None

    def unsettled_since(self, groups: Collection[str], now: datetime) -> "DiscoveredTarget":
        """Returns the target with `groups` unsettled from `now` on: what settles one comes later.
        The others stay as they are."""
        since = dict.fromkeys(sorted(groups), now.isoformat())
        return replace(self, unsettled={**self.unsettled, **since})

    def mirrors(self, group: str) -> bool:
        return group in self.sources

    def is_fresh(self, group: str, now: datetime) -> bool:
        """Returns whether the group was assigned so recently that Entra may ignore the assignment.
        A group that no sweep has seen yet counts as just assigned, and one with a time in the
        future does not: it would for ever."""
        if not self.watches(group):
            return True
        at = self.assigned_at.get(group)
        return at is not None and now - ASSIGNMENT_FRESH_FOR < moment(at) <= now


async def load(store: Store, target: str) -> DiscoveredTarget | None:
    """Raises UnreadableRowError: the next sweep writes the record anew."""
    document = await store.get(DISCOVERED_COLLECTION, DISCOVERED_PARTITION, target)
    if document is None:
        return None
    return await reading.needed(
        store, DISCOVERED_COLLECTION, DISCOVERED_PARTITION, document, _discovered
    )


async def must_load(store: Store, target: str) -> DiscoveredTarget:
    """Raises PermanentError if no sweep has found the target yet, and UnreadableRowError."""
    found = await load(store, target)
    if found is None:
        raise PermanentError(
            f"no sweep has found target {target} yet", "run python -m hasten doctor"
        )
    return found


async def load_all(store: Store) -> list[DiscoveredTarget]:
    """Returns the targets whose record can be read."""
    return await reading.scanned(store, DISCOVERED_COLLECTION, DISCOVERED_PARTITION, _discovered)


async def load_known(store: Store) -> tuple[list[DiscoveredTarget], frozenset[str]]:
    """Returns the targets whose record can be read, and the names of the others: nobody knows which
    groups those watch."""
    documents = await store.scan(DISCOVERED_COLLECTION, DISCOVERED_PARTITION)
    place = (DISCOVERED_COLLECTION, DISCOVERED_PARTITION, documents)
    found = [record for _, record in await reading.readable(store, *place, _discovered)]
    return found, frozenset(d.key for d in documents) - {record.target for record in found}


async def watched(store: Store) -> frozenset[str]:
    """Returns the ids of the groups that any target watches."""
    return frozenset(group for found in await load_all(store) for group in found.watched)


async def save(
    store: Store,
    found: DiscoveredTarget,
    *,
    over: DiscoveredTarget | None,
    instead_of: Collection[str] = (),
) -> None:
    """Saves what a sweep discovered, if it differs from what is stored. `over` is the record from
    which the sweep began, None if there was none that can be read. Forgets the targets in
    `instead_of` in the same commit.

    Raises Conflict, and saves nothing, if another sweep or a drain has saved something else since:
    that says what they have recorded, and the next sweep compares with it.
    """
    place = (DISCOVERED_COLLECTION, DISCOVERED_PARTITION)
    document, there = await store.get(*place, found.target), None
    if document is not None:
        there = await reading.read_or(store, *place, document, _discovered, safe=None)
    if (there and _body(there)) != (over and _body(over)):
        raise Conflict(found.target)
    former = [one for name in sorted(instead_of) if (one := await store.get(*place, name))]
    deletes = [Delete(one.key, one.etag) for one in former]
    if document is None or document.body != _body(found) or deletes:
        put = Put(found.target, _body(found), document.etag if document else None)
        await store.commit(*place, [put, *deletes])


async def leave(store: Store, target: str, now: datetime) -> None:
    """Forgets a target that left targets.yaml, and keeps what was found of it last. A process that
    still has the target may have found it since it was noted as gone, and may take it for one that
    is back between any two of these writes. Nothing drains it. Raises TemporaryError."""
    place = (DISCOVERED_COLLECTION, DISCOVERED_PARTITION)
    document = await store.get(*place, target)
    if document is None:
        return
    found = await reading.read_or(store, *place, document, _discovered, safe=None)
    if found is not None:
        await save_left(store, found, now)
    is_gone = await try_commit(store, *place, [Delete(target, document.etag)])
    if found is not None and is_gone:
        await save_left(store, found, now)


async def load_left(store: Store) -> list[tuple[DiscoveredTarget, datetime]]:
    """Returns the targets that left targets.yaml and whose job no other target served since, with
    the time at which they left."""
    return await reading.scanned(store, DISCOVERED_COLLECTION, LEFT_PARTITION, _left)


async def load_left_as(store: Store, target: str) -> DiscoveredTarget | None:
    """Returns the target that left under this name and that no other one serves since. Raises
    TemporaryError."""
    document = await store.get(DISCOVERED_COLLECTION, LEFT_PARTITION, target)
    if document is None:
        return None
    place = (DISCOVERED_COLLECTION, LEFT_PARTITION, document)
    found = await reading.read_or(store, *place, _left, safe=None)
    return found[0] if found else None


async def save_left(store: Store, found: DiscoveredTarget, now: datetime) -> None:
    """Keeps a target that left targets.yaml."""
    document = await store.get(DISCOVERED_COLLECTION, LEFT_PARTITION, found.target)
    # If another sweep keeps the target at the same moment, that one counts.
    body = {**_body(found), LEFT_AT: now.isoformat()}
    await write(store, DISCOVERED_COLLECTION, LEFT_PARTITION, found.target, body, over=document)


async def forget_left(store: Store, target: str, left_at: datetime) -> None:
    """Forgets a target that came back, or whose job another one serves, unless it has left once
    more since `left_at`. Raises TemporaryError."""
    place = (DISCOVERED_COLLECTION, LEFT_PARTITION)
    document = await store.get(*place, target)
    if document is not None and document.body[LEFT_AT] == left_at.isoformat():
        await try_commit(store, *place, [Delete(target, document.etag)])


def _body(found: DiscoveredTarget) -> Json:
    body = {**asdict(found), "groups": sorted(found.groups)}
    body["sources"], body["properties"] = sorted(found.sources), sorted(found.properties)
    body[UNSETTLED_KEY] = body.pop("unsettled")
    return body


def _left(document: Document) -> tuple[DiscoveredTarget, datetime]:
    body = dict(document.body)
    at = moment(body.pop(LEFT_AT))
    return _discovered(replace(document, body=body)), at


def _discovered(document: Document) -> DiscoveredTarget:
    """Reads a record of another version too: nobody but this record knows which groups the last
    sweep saw, and so who has lost access since."""
    body = known_fields(DiscoveredTarget, document.body)
    body["unsettled"] = document.body.get(UNSETTLED_KEY, {})
    names = ("groups", "sources", "properties")
    lists = {name: tuple(body.get(name, ())) for name in names}
    match = JobMatch(**known_fields(JobMatch, body.get("match", {})))
    found = DiscoveredTarget(**{**body, **lists, "match": match})
    if found.target != document.key:
        raise ValueError("the body does not belong to this key")
    for at in (*found.assigned_at.values(), *found.unsettled.values(), *found.deleted.values()):
        moment(at)
    return found
