"""What was last discovered of each target: service principal, job, rules and watched groups."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.store import Delete, Put, Store

COLLECTION = "targets"
PARTITION = "found"

FRESH = timedelta(minutes=10)
"""Entra honours an assignment on demand only after "up to a few minutes" (Entra docs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Nothing in here is the truth: it is read from Graph again by every sweep."""

    target: str
    service_principal: str
    job: str
    user_rule: str | None
    group_rule: str | None
    groups: Sequence[str]
    assigned_at: Mapping[str, str] = field(default_factory=dict)
    """When each group was assigned of which Graph says that it was within FRESH: those of long ago
    would outgrow a document of thousands of groups."""

    arriving: Sequence[str] = ()
    """Those of `groups` whose members are being written down: a crash may have left some out."""

    @property
    def route(self) -> tuple[str, str, str | None, str | None]:
        """What an on-demand request names; a call refused for it is repeated once it differs."""
        return self.service_principal, self.job, self.user_rule, self.group_rule

    def watches(self, group: str) -> bool:
        return group in self.groups

    def is_fresh(self, group: str, now: datetime) -> bool:
        """Whether the group was assigned so lately that Entra may not honour it yet; one that no
        sweep has seen yet was assigned a moment ago."""
        if not self.watches(group):
            return True
        at = self.assigned_at.get(group)
        return at is not None and datetime.fromisoformat(at) > now - FRESH


async def load(store: Store, target: str) -> Found | None:
    document = await store.get(COLLECTION, PARTITION, target)
    return _found(document.body) if document else None


async def load_all(store: Store) -> list[Found]:
    return [_found(document.body) for document in await store.scan(COLLECTION, PARTITION)]


async def watched(store: Store) -> frozenset[str]:
    """The groups that any target watches."""
    return frozenset(group for found in await load_all(store) for group in found.groups)


async def save(store: Store, found: Found) -> None:
    """Writes only what differs."""
    document = await store.get(COLLECTION, PARTITION, found.target)
    body = {**asdict(found), "groups": sorted(found.groups), "arriving": sorted(found.arriving)}
    if document is None or dict(document.body) != body:
        etag = document.etag if document else None
        try:
            await store.commit(COLLECTION, PARTITION, [Put(found.target, body, etag)])
        except Conflict:
            return  # another sweep wrote what it saw; the next one settles any difference


async def keep_only(store: Store, targets: Collection[str]) -> None:
    """Forgets targets that are no longer in targets.yaml: nobody drains them any more."""
    documents = await store.scan(COLLECTION, PARTITION)
    gone = [Delete(d.key, d.etag) for d in documents if d.key not in targets]
    if not gone:
        return
    try:
        await store.commit(COLLECTION, PARTITION, gone)
    except Conflict:
        return  # another sweep did it


def _found(body: Json) -> Found:
    lists = {name: tuple(body.get(name, ())) for name in ("groups", "arriving")}
    return Found(**{**body, **lists})
