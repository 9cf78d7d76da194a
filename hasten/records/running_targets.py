"""Stores digests of the targets that the app runs, and of those that an operator expects, because
the two files may differ."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hasten.json import Json
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import write
from hasten.records.fields import moment
from hasten.targets import Target

RUNNING_TARGETS_COLLECTION, RUNNING_TARGETS_PARTITION, RUNNING_TARGETS_KEY = (
    "heartbeats",
    "running",
    "targets",
)
PLACE = (RUNNING_TARGETS_COLLECTION, RUNNING_TARGETS_PARTITION)


def digest(target: Target) -> str:
    """Returns a digest of everything that targets.yaml says about the target, in any order."""
    text = json.dumps(target.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


EXPECTED_KEY, AT_KEY = "*expected", "*at"
"""Keys beside the names of targets, which begin with a letter or a digit."""

EXPECTED_FOR = timedelta(hours=24)
"""Time for which the targets.yaml of the last `doctor` counts as the one that the app should run.
"""


async def save(store: Store, targets: Iterable[Target], now: datetime) -> Sequence[str]:
    """Saves the digests that differ. Returns the names of the targets that an operator expects
    otherwise. Raises TemporaryError."""
    running = _digests(targets)
    document = await store.get(*PLACE, RUNNING_TARGETS_KEY)
    expected = _expected(document, now)
    body: Json = {**running, EXPECTED_KEY: expected} if expected else running
    if document is None or document.body != body:
        await write(store, *PLACE, RUNNING_TARGETS_KEY, body, over=document)
    if not expected:
        return []
    wanted = {name: text for name, text in expected.items() if name != AT_KEY}
    return sorted({name for name, _ in {*wanted.items()} ^ {*running.items()}})


async def expect(store: Store, targets: Iterable[Target], now: datetime) -> None:
    """Saves what an operator expects the app to run. Raises TemporaryError."""
    document = await store.get(*PLACE, RUNNING_TARGETS_KEY)
    if document is None:
        return  # the app never ran on this store
    expected = {**_digests(targets), AT_KEY: now.isoformat()}
    running = await load(store) or {}
    body = {**running, EXPECTED_KEY: expected}
    await write(store, *PLACE, RUNNING_TARGETS_KEY, body, over=document)


async def load(store: Store) -> Mapping[str, str] | None:
    """Returns the digests by name, or None if no sweep has run yet or they cannot be read: the next
    sweep writes them anew."""
    document = await store.get(*PLACE, RUNNING_TARGETS_KEY)
    if document is None:
        return None
    return await reading.read_or(store, *PLACE, document, _running, safe=None)


def _running(document: Document) -> Mapping[str, str]:
    return {str(k): str(v) for k, v in document.body.items() if k != EXPECTED_KEY}


def _digests(targets: Iterable[Target]) -> dict[str, str]:
    return {target.name: digest(target) for target in targets}


def _expected(document: Document | None, now: datetime) -> Json:
    """Returns nothing if it cannot be read: the next `doctor` says it again."""
    if document is None:
        return {}
    try:
        found = document.body.get(EXPECTED_KEY) or {}
        is_fresh = bool(found) and now - moment(found[AT_KEY]) < EXPECTED_FOR
        return {name: str(text) for name, text in found.items()} if is_fresh else {}
    except (KeyError, TypeError, ValueError):
        return {}
