"""How many people have lately left a group of a target: the brake's memory."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from hasten.domain.brake import WINDOW
from hasten.ports.store import Conflict, Delete, Put, Store

COLLECTION = "brakes"
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Removals:
    store: Store

    async def count(
        self, target: str, group: str, users: Collection[str], origin: int, now: datetime
    ) -> int:
        """Adds these and returns how many left within the brake's window. The same users of the
        same slice of history count once, however often they are added."""
        named = "+".join(sorted(users))
        key = hashlib.sha256(f"{origin}:{named}".encode()).hexdigest()[:16]
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Conflict),
            stop=stop_after_attempt(ATTEMPTS),
            reraise=True,
        ):
            with attempt:
                document = await self.store.get(COLLECTION, target, group)
                known = dict(document.body) if document else {}
                recent = {
                    name: (at, number)
                    for name, (at, number) in known.items()
                    if datetime.fromisoformat(at) > now - WINDOW
                }
                recent.setdefault(key, (now.isoformat(), len(users)))
                etag = document.etag if document else None
                await self.store.commit(COLLECTION, target, [Put(group, recent, etag)])
        return sum(number for _, number in recent.values())

    async def forget(self, target: str, group: str) -> None:
        """Someone has looked: those who left until now count no more against those who will."""
        document = await self.store.get(COLLECTION, target, group)
        if document is None:
            return
        try:
            await self.store.commit(COLLECTION, target, [Delete(group, document.etag)])
        except Conflict:
            return  # more people left just now: they count
