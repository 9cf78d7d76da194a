"""Delivers change notifications over HTTP: at least once, in batches, with Graph's retries."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import httpx

from emulator.clock import Clock
from emulator.entra.behaviours import Switches
from emulator.graph.background import Background
from emulator.graph.faults import Astray, Faults
from emulator.graph.objects import Change
from emulator.graph.payloads import item, lifecycle
from emulator.graph.subscriptions import Subscription
from emulator.graph.webhook_states import WINDOW, State, WebhookStates

Json = dict[str, Any]

GATHER_SECONDS = 0.02
"""Seconds during which changes are combined in one notification."""

MAX_ITEMS = 10
"""Maximum number of items in one POST; Graph documents no number."""

FIRST_TIMEOUT, RETRY_TIMEOUT = 3.0, 10.0
"""Real seconds for an answer (Graph, change notifications through webhooks)."""

RETRY_FOR = 4 * 3600.0
LONGEST_BACKOFF = 600.0
KEPT = 20_000


@dataclass(slots=True)
class Item:
    """One item of a notification and its changes, for the log of deliveries."""

    subscription: Subscription
    changes: list[Change]


class Courier:
    def __init__(
        self,
        *,
        tenant: str,
        clock: Clock,
        http: httpx.AsyncClient,
        background: Background,
        faults: Faults,
        subscriptions: Callable[[], Sequence[Subscription]],
        switches: Switches,
    ) -> None:
        self._switches = switches
        self._states = WebhookStates()
        self._tenant = tenant
        self._clock = clock
        self._http = http
        self._background = background
        self._faults = faults
        self._subscriptions = subscriptions
        self._pending: dict[tuple[str, str], Item] = {}
        self._held: list[tuple[str, Json, Sequence[Item]]] = []
        """Notifications to send after the next one."""
        self._last_taken: tuple[str, Json] | None = None
        self.log: deque[Json] = deque(maxlen=KEPT)

    def take(self, change: Change) -> None:
        """Queues a change for every subscription that wants it. The directory calls this with each
        change."""
        was_idle = not self._pending
        for subscription in self._subscriptions():
            if subscription.wants(change):
                key = (subscription.id, change.subject.id)
                self._pending.setdefault(key, Item(subscription, [])).changes.append(change)
        if was_idle and self._pending:
            self._background.spawn(self._send_soon())

    def remind(self, subscription: Subscription, event: str) -> None:
        """Sends a lifecycle event, if the subscription has an address for them."""
        if subscription.lifecycle_url:
            body = {"value": [lifecycle(self._signed(subscription), event, self._tenant)]}
            self._background.spawn(self._deliver(subscription.lifecycle_url, body, ()))

    async def replay(self) -> int | None:
        """Repeats the last accepted notification, as an attacker who captured it would. It is not
        Graph's delivery and is not logged. Returns the status of the answer, or None if there was
        no notification yet."""
        if self._last_taken is None:
            return None
        url, body = self._last_taken
        answer = await self._http.post(url, json=body, timeout=RETRY_TIMEOUT)
        return answer.status_code

    async def _send_soon(self) -> None:
        await self._clock.sleep(GATHER_SECONDS)
        items, self._pending = list(self._pending.values()), {}
        by_url: dict[str, list[Item]] = {}
        for waiting in items:
            by_url.setdefault(waiting.subscription.url, []).append(waiting)
        for url, of_url in by_url.items():
            for start in range(0, len(of_url), MAX_ITEMS):
                self._post_with_faults(url, of_url[start : start + MAX_ITEMS])

    def _post_with_faults(self, url: str, items: Sequence[Item]) -> None:
        body = {
            "value": [item(self._signed(i.subscription), i.changes, self._tenant) for i in items]
        }
        if self._keeps_back(url, body, items):
            return
        fault = self._faults.of_notification()
        if fault is not None and fault.kind is Astray.REORDER:
            self._held.append((url, body, items))
            self._note(items, attempt=0, sent=None, status=None, error="held back")
            return
        held, self._held = self._held, []
        if fault is None:
            self._background.spawn(self._deliver_in_turn([(url, body, items), *held]))
            return
        match fault.kind:
            case Astray.DROP:
                self._note(items, attempt=0, sent=None, status=None, error="dropped")
            case Astray.DUPLICATE:
                self._background.spawn(self._deliver(url, body, items))
                self._background.spawn(self._deliver(url, body, items))
            case Astray.DELAY:
                self._background.spawn(self._deliver_late(url, body, items, fault.delay_seconds))
        self._background.spawn(self._deliver_in_turn(held))

    def _signed(self, subscription: Subscription) -> Subscription:
        """Returns the subscription with the clientState that notifications carry; in some tenants
        they carry none."""
        if self._switches.now.null_client_state:
            return replace(subscription, client_state=None)
        return subscription

    def _keeps_back(self, url: str, body: Json, items: Sequence[Item]) -> bool:
        """Returns whether the webhook's state delays or loses the notification."""
        state = self._states.state(url, self._clock.wall())
        if not self._switches.now.webhook_states or state is State.WELL:
            return False
        if state is State.SLOW:
            self._background.spawn(self._deliver_late(url, body, items, WINDOW))
        else:
            self._note(items, attempt=0, sent=None, status=None, error="dropped: late answers")
        return True

    async def _deliver_in_turn(self, posts: Sequence[tuple[str, Json, Sequence[Item]]]) -> None:
        for url, body, items in posts:
            await self._deliver(url, body, items)

    async def _deliver_late(
        self, url: str, body: Json, items: Sequence[Item], delay: float
    ) -> None:
        await self._clock.sleep(delay)
        await self._deliver(url, body, items)

    async def _deliver(self, url: str, body: Json, items: Sequence[Item]) -> None:
        """Delivers until the webhook accepts it: a 2xx within 3 s, for retries within 10 s; for up
        to four hours."""
        give_up_at = self._clock.time() + RETRY_FOR
        attempt = 1
        while not await self._post(url, body, items, attempt):
            await self._clock.sleep(min(2.0 ** (attempt - 1), LONGEST_BACKOFF))
            attempt += 1
            if self._clock.time() > give_up_at:
                self._note(items, attempt=attempt, sent=None, status=None, error="given up")
                return

    async def _post(self, url: str, body: Json, items: Sequence[Item], attempt: int) -> bool:
        sent, status, error = self._clock.wall(), None, ""
        try:
            answer = await self._http.post(
                url, json=body, timeout=FIRST_TIMEOUT if attempt == 1 else RETRY_TIMEOUT
            )
            status = answer.status_code
        except httpx.RequestError as failure:
            error = repr(failure)
        at = self._clock.wall()
        self._states.note(url, at=at, took=at - sent)
        self._note(items, attempt=attempt, sent=sent, status=status, error=error)
        if not _is_taken(status):
            return False
        self._last_taken = (url, body)
        return True

    def _note(
        self,
        items: Sequence[Item],
        *,
        attempt: int,
        sent: float | None,
        status: int | None,
        error: str,
    ) -> None:
        """Logs one row for each item, with times in real epoch seconds."""
        now = self._clock.wall()
        for delivered in items:
            subject = delivered.changes[0].subject
            members = [(c.member.id, c.removed) for c in delivered.changes if c.member is not None]
            self.log.append(
                {
                    "subscription": delivered.subscription.id,
                    "group": subject.id if subject.kind == "group" else None,
                    "users": [member for member, _ in members] or _self(delivered),
                    "removed": [member for member, removed in members if removed],
                    "changed_at": delivered.changes[0].wall,
                    "at": sent,
                    "received_at": now if status is not None else None,
                    "attempt": attempt,
                    "status": status,
                    "delivered": _is_taken(status),
                    "error": error,
                }
            )


def _is_taken(status: int | None) -> bool:
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _self(delivered: Item) -> list[str]:
    subject = delivered.changes[0].subject
    return [subject.id] if subject.kind == "user" else []
