"""The webhook: turns a collection of change notifications into looks, or refuses without effect."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from hasten.domain.notifications import Hint, Refusal, read
from hasten.errors import TemporaryError
from hasten.limits import ENQUEUE_TIMEOUT, MAX_NOTIFICATION_BYTES
from hasten.ports.bus import DIRECTORY_CHANGES, Bus, Message
from hasten.ports.clock import Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.services import subscriptions
from hasten.services.messages import Look

BUCKET = timedelta(seconds=2)
"""Equal looks within a bucket are one; a last look at its end sees what they may have missed."""


@dataclass(slots=True)
class Receiving:
    """`is_ours` compares a clientState in constant time."""

    store: Store
    bus: Bus
    emit: Emit
    now: Now
    tenant: str
    is_ours: Callable[[str], bool]
    _known: frozenset[str] = field(default_factory=frozenset)

    async def receive(self, body: bytes) -> HTTPStatus:
        """202 once every believed notification is queued, and for those refused: a forger learns
        nothing. 503 when the queue is out of reach, so that Graph sends them again.
        """
        if len(body) > MAX_NOTIFICATION_BYTES:
            return self._refused("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            items = json.loads(body)["value"]
        except (ValueError, RecursionError, KeyError, TypeError):
            return self._refused("bad_json", HTTPStatus.BAD_REQUEST)
        if not isinstance(items, list):
            return self._refused("bad_json", HTTPStatus.BAD_REQUEST)
        hints = await self._believed(items)
        if not hints:
            return HTTPStatus.ACCEPTED
        try:
            async with asyncio.timeout(ENQUEUE_TIMEOUT.total_seconds()):
                await self.bus.send(DIRECTORY_CHANGES, looks(hints, self.now()))
        except (TemporaryError, TimeoutError) as error:
            self.emit(Event("notification", "not_queued", {"reason": str(error)}, problem=True))
            return HTTPStatus.SERVICE_UNAVAILABLE
        self.emit(Event("notification", "queued", {"groups": [hint.group for hint in hints]}))
        return HTTPStatus.ACCEPTED

    async def _believed(self, items: Sequence[object]) -> list[Hint]:
        """One merged hint for each group that a subscription of ours tells about."""
        readings = [read(item, tenant=self.tenant, is_ours=self.is_ours) for item in items]
        refused = Counter(reading for reading in readings if isinstance(reading, Refusal))
        by_group: dict[str, Hint] = {}
        for hint in readings:
            if isinstance(hint, Refusal):
                continue
            if not await self._is_known(hint.subscription):
                refused[Refusal.UNKNOWN_SUBSCRIPTION] += 1
                continue
            earlier = by_group.get(hint.group)
            by_group[hint.group] = earlier.merged(hint) if earlier else hint
        for refusal, count in refused.items():
            self.emit(Event("notification", refusal, {"count": count}))
        return list(by_group.values())

    async def _is_known(self, subscription: str) -> bool:
        """Reads the store again for an id it does not know: only who knows our secret gets here."""
        if subscription not in self._known:
            self._known = await subscriptions.known(self.store)
        return subscription in self._known

    def _refused(self, result: str, status: HTTPStatus) -> HTTPStatus:
        self.emit(Event("notification", result))
        return status


def looks(hints: Iterable[Hint], now: datetime) -> list[Message]:
    """A look now and one at the end of the bucket, for each hint.

    The first is named by what it hints at: a replay within the bucket is one message, a different
    change is another. The last is named by group and bucket alone, and sees whatever reached the
    directory after an equal look had already been taken.
    """
    bucket = int(now.timestamp() // BUCKET.total_seconds())
    end = datetime.fromtimestamp((bucket + 1) * BUCKET.total_seconds(), UTC)
    messages = []
    for hint in hints:
        look = Look(
            group=hint.group,
            noticed_at=now,
            found_by="notification",
            added=hint.added,
            removed=hint.removed,
        )
        last = Look(group=hint.group, noticed_at=now, found_by="notification")
        messages += [
            look.message(f"{hint.group}:{bucket}:{_digest(hint)}"),
            last.message(f"{hint.group}:{bucket}:end", at=end),
        ]
    return messages


def _digest(hint: Hint) -> str:
    named = "+".join(sorted(hint.added)) + "-" + "-".join(sorted(hint.removed))
    return hashlib.sha256(named.encode()).hexdigest()[:16]
