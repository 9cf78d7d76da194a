"""Stores whom the policy leaves out: people of an admin group whom an event offboarded. The mirror
does not add them, and somebody must decide about them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import write

POLICY_LEFT_OUT_COLLECTION, POLICY_LEFT_OUT_PARTITION = "mirrored", "left out"
MAX_PEOPLE_STORED = 200
"""Maximum number of people stored for a target; a document has room for 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A user whom the mirror does not add to `group`. `sources` names the admin groups as
    targets.yaml does."""

    group: str
    user: str
    sources: Sequence[str]


async def load(store: Store, target: str) -> list[LeftOut]:
    """Returns nobody if the record cannot be read; the next run of the policy writes it anew."""
    document = await store.get(POLICY_LEFT_OUT_COLLECTION, POLICY_LEFT_OUT_PARTITION, target)
    if document is None:
        return []
    place = (POLICY_LEFT_OUT_COLLECTION, POLICY_LEFT_OUT_PARTITION, document)
    return await reading.read_or(store, *place, _parse, safe=[])


def _parse(document: Document) -> list[LeftOut]:
    return [LeftOut(**one) for one in document.body["people"]]


async def save(store: Store, target: str, people: Sequence[LeftOut]) -> None:
    """Replaces what is stored, if it differs. Raises TemporaryError."""
    body = {
        "people": [
            {**asdict(one), "sources": list(one.sources)} for one in people[:MAX_PEOPLE_STORED]
        ]
    }
    place = (POLICY_LEFT_OUT_COLLECTION, POLICY_LEFT_OUT_PARTITION)
    document = await store.get(*place, target)
    if (document.body if document else {"people": []}) != body:
        await write(store, *place, target, body, over=document)
