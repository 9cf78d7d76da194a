"""Stores what targets.yaml said about each target when Hasten last noticed a difference."""

from dataclasses import dataclass

from hasten.json import Json
from hasten.ports.store import Put, Store
from hasten.records import reading
from hasten.records.commits import try_commit
from hasten.targets import Target

SEEN_POLICIES_COLLECTION, SEEN_POLICIES_PARTITION = "heartbeats", "policies"


@dataclass(frozen=True, slots=True)
class SeenPolicy:
    policy: Json
    etag: str


async def load(store: Store, target: str) -> SeenPolicy | None:
    """Returns an empty policy if the record cannot be read."""
    document = await store.get(SEEN_POLICIES_COLLECTION, SEEN_POLICIES_PARTITION, target)
    if document is None:
        return None
    place = (SEEN_POLICIES_COLLECTION, SEEN_POLICIES_PARTITION, document)
    unread = SeenPolicy({}, document.etag)
    return await reading.read_or(
        store, *place, lambda d: SeenPolicy(dict(d.body), d.etag), safe=unread
    )


async def save(store: Store, target: Target, seen: SeenPolicy | None) -> None:
    put = Put(target.name, policy_of(target), seen.etag if seen else None)
    await try_commit(store, SEEN_POLICIES_COLLECTION, SEEN_POLICIES_PARTITION, [put])


def policy_of(target: Target) -> Json:
    policy: Json = target.model_dump(mode="json")
    return policy
