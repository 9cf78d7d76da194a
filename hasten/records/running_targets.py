"""The targets that the app runs, as digests: an operator's targets.yaml may be another one."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from hasten.errors import Conflict
from hasten.ports.store import Put, Store
from hasten.targets import Target

COLLECTION, PARTITION, KEY = "heartbeats", "running", "targets"


def digest(target: Target) -> str:
    """Of everything that targets.yaml says of it, in whatever order."""
    text = json.dumps(target.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def save(store: Store, targets: Iterable[Target]) -> None:
    """Writes only what differs. Raises TemporaryError."""
    body = {target.name: digest(target) for target in targets}
    document = await store.get(COLLECTION, PARTITION, KEY)
    if document is not None and dict(document.body) == body:
        return
    try:
        await store.commit(
            COLLECTION, PARTITION, [Put(KEY, body, document.etag if document else None)]
        )
    except Conflict:
        return  # another instance wrote them; a sweep a minute later writes what differs


async def load(store: Store) -> Mapping[str, str] | None:
    """Digests by name; None where no sweep has run yet."""
    document = await store.get(COLLECTION, PARTITION, KEY)
    return None if document is None else {str(k): str(v) for k, v in document.body.items()}
