"""The webhook: turns change notifications into looks and lifecycle notifications into work on their
subscriptions. A refused notification has no effect."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

from hasten.cached_set import CachedSet
from hasten.domain.notifications import (
    Hint,
    Lifecycle,
    PersonHint,
    Refusal,
    claimed_subscription,
    parse,
    read_lifecycle,
)
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import ENQUEUE_TIMEOUT, MAX_NOTIFICATION_BYTES, MAX_NOTIFICATIONS
from hasten.ports.bus import DIRECTORY_CHANGES, Bus, Message
from hasten.ports.clock import Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit
from hasten.records import discovered, roster, subscriptions
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
from hasten.watch.look_messages import lifecycle_messages, looks, people_looks

GROUPS_RELOAD_INTERVAL = timedelta(seconds=3)
"""Minimum interval between reloads of the watched groups. A tenant-wide subscription notifies about
every group, so unknown ids are common. A group that became watched within this interval may miss a
notification; its first reconcile finds the change."""

SUBSCRIPTIONS_RELOAD_INTERVAL = timedelta(minutes=1)
"""Minimum interval between reloads of Hasten's subscriptions for senders with a wrong
clientState."""

SIGN_WRITE_TIMEOUT = timedelta(seconds=0.3)
"""Maximum time to write a sign. Graph waits 3 s for the answer, and the queue may need most of
it."""

PEOPLE_RELOAD_INTERVAL = timedelta(minutes=1)
"""Minimum interval between reloads of the people who are assigned to targets. A notification about
someone who was assigned within this interval may be dropped; the next timer finds the change."""


Believed = Hint | PersonHint | Lifecycle


@dataclass(slots=True)
class Receiving:
    """Receives notifications. `is_ours` compares a clientState with Hasten's in constant time."""

    store: Store
    bus: Bus
    emit: Emit
    now: Now
    tenant: str
    is_ours: Callable[[str], bool]
    _known: CachedSet = field(init=False)
    _watched: CachedSet = field(init=False)
    _assigned: CachedSet = field(init=False)
    _claimed: CachedSet = field(init=False)
    _signs: Signs = field(init=False)

    def __post_init__(self) -> None:
        self._known = CachedSet(lambda: subscriptions.known(self.store), self.now)
        self._watched = CachedSet(
            lambda: discovered.watched(self.store), self.now, GROUPS_RELOAD_INTERVAL
        )
        self._assigned = CachedSet(
            lambda: roster.everyone(self.store), self.now, PEOPLE_RELOAD_INTERVAL
        )
        self._claimed = CachedSet(
            lambda: subscriptions.known(self.store), self.now, SUBSCRIPTIONS_RELOAD_INTERVAL
        )
        self._signs = Signs(self.store, self.now)

    async def receive(self, body: bytes) -> HTTPStatus:
        """Returns 202 once every accepted notification is queued. Refused notifications get 202 as
        well, so that a forger learns nothing. Returns 503 when Service Bus or the store does not
        answer or refuses Hasten, so that Graph sends them again, and 400 or 413 for a body that
        cannot be read or is too large.
        """
        return await self._answer(self._receive(body), NotificationsNotQueued)

    async def receive_lifecycle(self, body: bytes) -> HTTPStatus:
        """Works like `receive`, for lifecycle notifications about the subscriptions themselves."""
        return await self._answer(self._receive_lifecycle(body), LifecycleNotQueued)

    async def _answer(
        self,
        receiving: Awaitable[HTTPStatus],
        not_queued: type[NotificationsNotQueued | LifecycleNotQueued],
    ) -> HTTPStatus:
        try:
            return await receiving
        except (PermanentError, TemporaryError) as error:
            self.emit(not_queued(reason=error.reason, next_action=error.next_action))
            return HTTPStatus.SERVICE_UNAVAILABLE

    async def _receive(self, body: bytes) -> HTTPStatus:
        items = self._items(body)
        if isinstance(items, HTTPStatus):
            return items
        readings = [parse(item, tenant=self.tenant, is_ours=self.is_ours) for item in items]
        judged = await self._with_ours_refused(items, readings)
        believed = await self._of_known_subscriptions(judged)
        of_groups = await self._of_watched_groups([h for h in believed if isinstance(h, Hint)])
        of_people = await self._of_assigned_people(
            [h for h in believed if isinstance(h, PersonHint)]
        )
        if not of_groups and not of_people:
            return HTTPStatus.ACCEPTED
        hints, people = _merged(of_groups), {hint.user for hint in of_people}
        queued = NotificationsQueued(
            count=len(of_groups) + len(of_people),
            groups=[hint.group for hint in hints],
            people=sorted(people),
        )
        messages = [*looks(hints, self.now()), *people_looks(people, self.now())]
        await self._queue(messages, queued)
        async with self._noting():
            await self._signs.note(Sign.BELIEVED, is_of_group=bool(of_groups))
        return HTTPStatus.ACCEPTED

    async def _receive_lifecycle(self, body: bytes) -> HTTPStatus:
        items = self._items(body)
        if isinstance(items, HTTPStatus):
            return items
        readings = [
            read_lifecycle(item, tenant=self.tenant, is_ours=self.is_ours) for item in items
        ]
        judged = await self._with_ours_refused(items, readings)
        believed = await self._of_known_subscriptions(judged)
        events = [event for event in believed if isinstance(event, Lifecycle)]
        if not events:
            return HTTPStatus.ACCEPTED
        queued = LifecycleQueued(events=sorted({event.event for event in events}))
        await self._queue(lifecycle_messages(events), queued)
        return HTTPStatus.ACCEPTED

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
        self, items: Sequence[object], readings: Sequence[Believed | Refusal]
    ) -> list[Believed | Refusal]:
        """Marks notifications that are refused although their subscription and tenant are Hasten's.
        If all notifications are refused like this, only timers find changes."""
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
        """Ends the block when the store does not answer at once or refuses Hasten. The sign that it
        writes does not change the answer to Graph, and the next notification writes it again."""
        try:
            async with asyncio.timeout(SIGN_WRITE_TIMEOUT.total_seconds()):
                yield
        except (PermanentError, TemporaryError, TimeoutError) as error:
            self.emit(SignNotNoted(reason=str(error)))

    async def _of_known_subscriptions(
        self, readings: Sequence[Believed | Refusal]
    ) -> list[Believed]:
        """Looks up the subscription only after the clientState check, so that an unauthenticated
        caller cannot cause store reads."""
        refused = Counter(reading for reading in readings if isinstance(reading, Refusal))
        believed: list[Believed] = []
        for reading in readings:
            if isinstance(reading, Refusal):
                continue
            if await self._known.has(reading.subscription):
                believed.append(reading)
            else:
                refused[Refusal.UNKNOWN_SUBSCRIPTION] += 1
        self._count(refused)
        return believed

    async def _of_watched_groups(self, hints: Sequence[Hint]) -> Sequence[Hint]:
        """Returns the hints about groups that a target watches."""
        named = {hint.group for hint in hints}
        watched = {group for group in named if await self._watched.has(group)}
        found = [hint for hint in hints if hint.group in watched]
        self._count(Counter({Refusal.NOT_WATCHED: len(hints) - len(found)}))
        return found

    async def _of_assigned_people(self, hints: Sequence[PersonHint]) -> Sequence[PersonHint]:
        """Returns the hints about users who are assigned to a target. Most people of a tenant are
        not."""
        named = {hint.user for hint in hints}
        assigned = {user for user in named if await self._assigned.has(user)}
        found = [hint for hint in hints if hint.user in assigned]
        self._count(Counter({Refusal.NOT_ASSIGNED: len(hints) - len(found)}))
        return found

    async def _queue(
        self, messages: Sequence[Message], queued: NotificationsQueued | LifecycleQueued
    ) -> None:
        """Raises TemporaryError and PermanentError of Service Bus."""
        try:
            async with asyncio.timeout(ENQUEUE_TIMEOUT.total_seconds()):
                await self.bus.send(DIRECTORY_CHANGES, messages)
        except TimeoutError:
            raise TemporaryError("Service Bus did not answer in time", ENQUEUE_TIMEOUT) from None
        self.emit(queued)

    def _count(self, refused: Counter[Refusal]) -> None:
        for refusal, count in refused.items():
            if count:
                self.emit(NotificationsRefused(result=refusal, count=count))

    def _refused(self, body: BodyRefused, status: HTTPStatus) -> HTTPStatus:
        self.emit(body)
        return status


def _merged(hints: Iterable[Hint]) -> Sequence[Hint]:
    """Returns one hint for each group."""
    by_group: dict[str, Hint] = {}
    for hint in hints:
        earlier = by_group.get(hint.group)
        by_group[hint.group] = earlier.merged(hint) if earlier else hint
    return list(by_group.values())
