"""Stores digests of the targets that the app runs, because an operator's targets.yaml may
differ."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from hasten.errors import Conflict
from hasten.ports.store import Put, Store
from hasten.targets import Target

COLLECTION, PARTITION, KEY = "heartbeats", "running", "targets"


def digest(target: Target) -> str:
    """Returns a digest of everything that targets.yaml says about the target, in any order."""
    text = json.dumps(target.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def save(store: Store, targets: Iterable[Target]) -> None:
    """Saves the digests that differ. Raises TemporaryError."""
    body = {target.name: digest(target) for target in targets}
    document = await store.get(COLLECTION, PARTITION, KEY)
    if document is not None and dict(document.body) == body:
        return
    try:
        await store.commit(
            COLLECTION, PARTITION, [Put(KEY, body, document.etag if document else None)]
        )
    except Conflict:
        return  # another instance wrote them; a sweep a minute later writes any difference


async def load(store: Store) -> Mapping[str, str] | None:
    """Returns the digests by name, or None if no sweep has run yet."""
    document = await store.get(COLLECTION, PARTITION, KEY)
    return None if document is None else {str(k): str(v) for k, v in document.body.items()}
