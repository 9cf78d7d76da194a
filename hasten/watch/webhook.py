"""The webhook: turns change notifications into looks, and lifecycle events into work on their
subscriptions, or refuses without effect."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeVar

from hasten.domain.notifications import (
    Hint,
    Lifecycle,
    Refusal,
    claimed_subscription,
    read,
    read_lifecycle,
)
from hasten.errors import TemporaryError
from hasten.limits import ENQUEUE_TIMEOUT, MAX_NOTIFICATION_BYTES, MAX_NOTIFICATIONS
from hasten.messages import Look, SubscriptionEvent
from hasten.ports.bus import DIRECTORY_CHANGES, Bus, Message
from hasten.ports.clock import Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit
from hasten.records import discovered, subscriptions
from hasten.records.signs import Sign, Signs
from hasten.telemetry.notifications import (
    BodyRefused,
    LifecycleNotQueued,
    LifecycleQueued,
    NotificationsNotQueued,
    NotificationsQueued,
    NotificationsRefused,
    SignNotNoted,
)
from hasten.watch.cached_set import CachedSet

BUCKET = timedelta(seconds=2)
"""Equal looks within a bucket are one; a last look at its end sees what they may have missed."""


WATCHED_APART = timedelta(seconds=3)
"""Between two reads of the watched groups: a subscription to all groups tells of every other one.
What a group lately watched loses by it, its first reconcile finds."""

KNOWN_APART = timedelta(minutes=1)
"""Between two reads of our subscriptions for whoever does not know our secret."""

NOTE_TIMEOUT = timedelta(seconds=0.3)
"""Graph waits 3 s for the answer, and the queue may need most of them."""

Item = TypeVar("Item", Hint, Lifecycle)


@dataclass(slots=True)
class Receiving:
    """`is_ours` compares a clientState in constant time."""

    store: Store
    bus: Bus
    emit: Emit
    now: Now
    tenant: str
    is_ours: Callable[[str], bool]
    _known: CachedSet = field(init=False)
    _watched: CachedSet = field(init=False)
    _claimed: CachedSet = field(init=False)
    _signs: Signs = field(init=False)

    def __post_init__(self) -> None:
        self._known = CachedSet(lambda: subscriptions.known(self.store), self.now)
        self._watched = CachedSet(lambda: discovered.watched(self.store), self.now, WATCHED_APART)
        self._claimed = CachedSet(lambda: subscriptions.known(self.store), self.now, KNOWN_APART)
        self._signs = Signs(self.store, self.now)

    async def receive(self, body: bytes) -> HTTPStatus:
        """202 once every believed notification is queued, and for those refused: a forger learns
        nothing. 503 when the queue is out of reach, so that Graph sends them again.
        """
        items = self._items(body)
        if isinstance(items, HTTPStatus):
            return items
        readings = [read(item, tenant=self.tenant, is_ours=self.is_ours) for item in items]
        readings = await self._with_ours_refused(items, readings)
        hints = await self._of_watched_groups(await self._of_known_subscriptions(readings))
        if not hints:
            return HTTPStatus.ACCEPTED
        queued = NotificationsQueued(groups=[hint.group for hint in hints])
        status = await self._queue(looks(hints, self.now()), queued, NotificationsNotQueued)
        if status is HTTPStatus.ACCEPTED:
            async with self._noting():
                await self._signs.note(Sign.BELIEVED)
        return status

    async def receive_lifecycle(self, body: bytes) -> HTTPStatus:
        """As `receive`, of events about the subscriptions themselves."""
        items = self._items(body)
        if isinstance(items, HTTPStatus):
            return items
        readings = [
            read_lifecycle(item, tenant=self.tenant, is_ours=self.is_ours) for item in items
        ]
        readings = await self._with_ours_refused(items, readings)
        events = await self._of_known_subscriptions(readings)
        if not events:
            return HTTPStatus.ACCEPTED
        queued = LifecycleQueued(events=sorted({told.event for told in events}))
        return await self._queue(attends(events), queued, LifecycleNotQueued)

    def _items(self, body: bytes) -> Sequence[object] | HTTPStatus:
        if len(body) > MAX_NOTIFICATION_BYTES:
            return self._refused(
                BodyRefused(result="too_large"), HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        try:
            items = json.loads(body)["value"]
        except (ValueError, RecursionError, KeyError, TypeError):
            return self._refused(BodyRefused(result="bad_json"), HTTPStatus.BAD_REQUEST)
        if not isinstance(items, list):
            return self._refused(BodyRefused(result="bad_json"), HTTPStatus.BAD_REQUEST)
        if len(items) > MAX_NOTIFICATIONS:
            self._count(Counter({Refusal.MALFORMED: len(items)}))
            return HTTPStatus.BAD_REQUEST
        return items

    async def _with_ours_refused(
        self, items: Sequence[object], readings: Sequence[Item | Refusal]
    ) -> list[Item | Refusal]:
        """Marks those that are refused although their subscription and tenant are ours: where all
        are, only timers find changes."""
        found = list(readings)
        async with self._noting():
            for number, (item, reading) in enumerate(zip(items, readings, strict=True)):
                if reading is not Refusal.WRONG_CLIENT_STATE:
                    continue
                claimed = claimed_subscription(item, tenant=self.tenant)
                if claimed is not None and await self._claimed.has(claimed):
                    found[number] = Refusal.REFUSED_OURS
            if Refusal.REFUSED_OURS in found:
                await self._signs.note(Sign.REFUSED)
        return found

    @asynccontextmanager
    async def _noting(self) -> AsyncIterator[None]:
        """Ends the block when the store does not answer at once: what it notes changes no answer to
        Graph, and the next notification notes it again."""
        try:
            async with asyncio.timeout(NOTE_TIMEOUT.total_seconds()):
                yield
        except (TemporaryError, TimeoutError) as error:
            self.emit(SignNotNoted(reason=str(error)))

    async def _of_known_subscriptions(self, readings: Sequence[Item | Refusal]) -> list[Item]:
        """Only who knows our secret makes the store be read for a subscription."""
        refused = Counter(reading for reading in readings if isinstance(reading, Refusal))
        believed: list[Item] = []
        for reading in readings:
            if isinstance(reading, Refusal):
                continue
            if await self._known.has(reading.subscription):
                believed.append(reading)
            else:
                refused[Refusal.UNKNOWN_SUBSCRIPTION] += 1
        self._count(refused)
        return believed

    async def _of_watched_groups(self, hints: Iterable[Hint]) -> Sequence[Hint]:
        """One merged hint for each group."""
        by_group: dict[str, Hint] = {}
        for hint in hints:
            earlier = by_group.get(hint.group)
            by_group[hint.group] = earlier.merged(hint) if earlier else hint
        watched = [hint for hint in by_group.values() if await self._watched.has(hint.group)]
        self._count(Counter({Refusal.NOT_WATCHED: len(by_group) - len(watched)}))
        return watched

    async def _queue(
        self,
        messages: Sequence[Message],
        queued: NotificationsQueued | LifecycleQueued,
        not_queued: type[NotificationsNotQueued | LifecycleNotQueued],
    ) -> HTTPStatus:
        try:
            async with asyncio.timeout(ENQUEUE_TIMEOUT.total_seconds()):
                await self.bus.send(DIRECTORY_CHANGES, messages)
        except (TemporaryError, TimeoutError) as error:
            self.emit(not_queued(reason=str(error)))
            return HTTPStatus.SERVICE_UNAVAILABLE
        self.emit(queued)
        return HTTPStatus.ACCEPTED

    def _count(self, refused: Counter[Refusal]) -> None:
        for refusal, count in refused.items():
            if count:
                self.emit(NotificationsRefused(result=refusal, count=count))

    def _refused(self, body: BodyRefused, status: HTTPStatus) -> HTTPStatus:
        self.emit(body)
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


def attends(events: Iterable[Lifecycle]) -> list[Message]:
    """Named by what they tell: a replay is dropped by Service Bus."""
    return [
        SubscriptionEvent(subscription=told.subscription, event=told.event).message(
            f"{told.subscription}:{told.event}"
        )
        for told in dict.fromkeys(events)
    ]


def _digest(hint: Hint) -> str:
    named = "+".join(sorted(hint.added)) + "-" + "-".join(sorted(hint.removed))
    return hashlib.sha256(named.encode()).hexdigest()[:16]
