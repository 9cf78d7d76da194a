"""Who has lately left a group of a target: the brake's memory."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from hasten.domain.brake import WINDOW
from hasten.errors import Conflict
from hasten.ports.store import Delete, Put, Store

COLLECTION = "brakes"
ATTEMPTS = 5

MOST_KEPT = 5_000
"""People in the memory of one group: far beyond every threshold, and within one document."""


@dataclass(frozen=True, slots=True)
class Removals:
    store: Store

    async def count(self, target: str, group: str, users: Collection[str], now: datetime) -> int:
        """Adds these and returns how many people left within the brake's window. Who leaves twice,
        or is seen to leave twice, counts once."""
        since = int((now - WINDOW).timestamp())
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Conflict),
            stop=stop_after_attempt(ATTEMPTS),
            reraise=True,
        ):
            with attempt:
                document = await self.store.get(COLLECTION, target, group)
                known = dict(document.body) if document else {}
                recent = {user: at for user, at in known.items() if at > since}
                for user in users:
                    recent.setdefault(_short(user), int(now.timestamp()))
                recent = dict(sorted(recent.items(), key=itemgetter(1))[-MOST_KEPT:])
                etag = document.etag if document else None
                await self.store.commit(COLLECTION, target, [Put(group, recent, etag)])
        return len(recent)

    async def forget(self, target: str, group: str) -> None:
        """Someone has looked: those who left until now count no more against those who will."""
        document = await self.store.get(COLLECTION, target, group)
        if document is None:
            return
        try:
            await self.store.commit(COLLECTION, target, [Delete(group, document.etag)])
        except Conflict:
            return  # more people left just now: they count


def _short(user: str) -> str:
    """Tells people of one group apart in the space of a document."""
    return hashlib.sha256(user.encode()).hexdigest()[:12]
