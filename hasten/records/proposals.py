"""Stores who proposed to release which held change, while a second operator has to agree
(`release_by_two`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from hasten.chunks import chunks
from hasten.ports.store import MAX_WRITES, Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import commit_all, try_commit
from hasten.records.fields import moment

PROPOSALS_COLLECTION = "proposals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`held` is the key of the held change, and `version` says in which version it was proposed.
    `by` is the object id of the operator."""

    held: str
    version: str
    by: str
    reason: str
    at: datetime


async def load(store: Store, target: str) -> Mapping[str, Proposal]:
    """Returns the proposals by the key of the held change. One that cannot be read counts as none.
    Raises TemporaryError."""
    found = await reading.scanned(store, PROPOSALS_COLLECTION, target, _parse)
    return {proposal.held: proposal for proposal in found}


async def save(store: Store, target: str, proposals: Sequence[Proposal]) -> None:
    """Replaces earlier proposals of the same changes. Raises Conflict if somebody else proposes one
    of them at the same moment, and TemporaryError."""
    known = {d.key: d.etag for d in await store.scan(PROPOSALS_COLLECTION, target)}
    writes = [Put(one.held, _body(one), known.get(one.held)) for one in proposals]
    await commit_all(store, PROPOSALS_COLLECTION, target, writes)


async def forget(store: Store, target: str, held: Collection[str]) -> None:
    """Deletes the proposals of these changes. Raises TemporaryError."""
    known = [d for d in await store.scan(PROPOSALS_COLLECTION, target) if d.key in held]
    for some in chunks([Delete(d.key, d.etag) for d in known], MAX_WRITES):
        # Somebody may propose one of them anew; an old proposal expires.
        await try_commit(store, PROPOSALS_COLLECTION, target, some)


def _body(proposal: Proposal) -> dict[str, str]:
    return {**asdict(proposal), "at": proposal.at.isoformat()}


def _parse(document: Document) -> Proposal:
    body = document.body
    return Proposal(
        held=document.key,
        version=str(body["version"]),
        by=str(body["by"]),
        reason=str(body["reason"]),
        at=moment(body["at"]),
    )
