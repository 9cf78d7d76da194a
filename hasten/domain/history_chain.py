"""Chains the entries of the history, so that an entry that was removed, altered or inserted is
found."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.json import Json

FIRST_DIGEST = "0" * 64
"""Stands before the first seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Seals some entries of one day. `number` counts from 1 without a gap. `digest` covers the
    digests of the entries and `before`, the digest of the seal before it."""

    number: int
    at: datetime
    day: str
    count: int
    first: str
    last: str
    entries: str
    before: str
    digest: str


def digest_of(body: Json) -> str:
    """Returns the SHA-256 of a stored entry, whatever the order of its keys."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_all(keys: Sequence[str], bodies: Sequence[Json]) -> str:
    lines = [f"{key} {digest_of(body)}" for key, body in zip(keys, bodies, strict=True)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def sealed(
    before: str, number: int, *, at: datetime, day: str, keys: Sequence[str], bodies: Sequence[Json]
) -> Seal:
    """Seals entries of one day, in the order given."""
    entries = digest_of_all(keys, bodies)
    first, last = keys[0], keys[-1]
    return Seal(
        number=number,
        at=at,
        day=day,
        count=len(keys),
        first=first,
        last=last,
        entries=entries,
        before=before,
        digest=chained(before, number, at, day, len(keys), first, last, entries),
    )


def chained(before: str, number: int, at: datetime, day: str, count: int, *rest: str) -> str:
    parts = (before, str(number), at.isoformat(), day, str(count), *rest)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def is_intact(seal: Seal) -> bool:
    """Returns whether the digest of the seal follows from its fields."""
    return seal.digest == chained(
        seal.before,
        seal.number,
        seal.at,
        seal.day,
        seal.count,
        seal.first,
        seal.last,
        seal.entries,
    )
