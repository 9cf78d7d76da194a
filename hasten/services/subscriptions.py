"""Keeps one Graph subscription for each watched group: created, adopted and renewed."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from hasten.errors import PermanentError
from hasten.limits import MAX_SUBSCRIPTIONS, SUBSCRIPTION_LIFETIME
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import Directory
from hasten.ports.store import Conflict, Json, Put, Store
from hasten.ports.telemetry import Emit, Event
from hasten.services.messages import Look

COLLECTION = "subscriptions"
PARTITION = "graph"


@dataclass(frozen=True, slots=True)
class Subscribing:
    directory: Directory
    store: Store
    bus: Bus
    emit: Emit
    now: Now
    new_id: NewId
    url: str
    client_state: str

    async def ensure(self, groups: Collection[str]) -> None:
        """Compares with what Graph has: creates what is missing, renews after half the lifetime,
        replaces what was made with another clientState (Graph cannot change it).

        A group whose subscription is new is looked at once more, for what happened before it.
        """
        if len(groups) > MAX_SUBSCRIPTIONS:
            raise PermanentError(
                f"{len(groups)} watched groups need more than {MAX_SUBSCRIPTIONS} subscriptions",
                "assign fewer groups to the targets",
            )
        ours = {
            str(subscription["resource"]).strip("/").casefold(): subscription
            for subscription in await self.directory.subscriptions()
            if subscription.get("notificationUrl") == self.url
        }
        for group in sorted(groups):
            existing = ours.get(f"groups/{group}".casefold())
            await self._ensure_one(group, existing)

    async def is_complete(self, groups: Collection[str]) -> bool:
        """Whether the store knows a live subscription for each group; asks Graph nothing."""
        now = self.now()
        live = {
            document.body["group"]
            for document in await self.store.scan(COLLECTION, PARTITION)
            if datetime.fromisoformat(document.body["expires"]) > now
            and document.body["state"] == self._state
        }
        return live.issuperset(groups)

    async def _ensure_one(self, group: str, existing: Json | None) -> None:
        expires = self.now() + SUBSCRIPTION_LIFETIME
        if existing is not None and await self._is_outdated(existing):
            await self.directory.unsubscribe(str(existing["id"]))
            existing = None
        if existing is not None:
            ends = datetime.fromisoformat(existing["expirationDateTime"])
            if ends - self.now() > SUBSCRIPTION_LIFETIME / 2:
                await self._remember(group, existing)
                return
            renewed = await self.directory.renew(str(existing["id"]), expires)
            if renewed is not None:
                await self._remember(group, renewed)
                self._tell(group, "renewed")
                return
        created = await self.directory.subscribe(
            resource=f"groups/{group}",
            url=self.url,
            lifecycle_url=self.url,
            client_state=self.client_state,
            expires=expires,
        )
        await self._remember(group, created)
        look = Look(group=group, noticed_at=self.now(), found_by="subscription")
        await self.bus.send(look.queue, [look.message(self.new_id())])
        self._tell(group, "created")

    @property
    def _state(self) -> str:
        """Tells clientStates apart in the store without keeping them there."""
        return hashlib.sha256(self.client_state.encode()).hexdigest()[:16]

    async def _is_outdated(self, subscription: Json) -> bool:
        """Graph does not show the clientState: one we know nothing of may have any."""
        document = await self.store.get(COLLECTION, PARTITION, str(subscription["id"]).lower())
        return document is None or document.body["state"] != self._state

    async def _remember(self, group: str, subscription: Json) -> None:
        """So that the webhook knows the subscription as ours without asking Graph."""
        key = str(subscription["id"]).lower()
        expires = subscription["expirationDateTime"]
        body = {"group": group, "expires": expires, "state": self._state}
        document = await self.store.get(COLLECTION, PARTITION, key)
        if document is not None and dict(document.body) == body:
            return
        etag = document.etag if document else None
        try:
            await self.store.commit(COLLECTION, PARTITION, [Put(key, body, etag)])
        except Conflict:
            return  # another instance remembered it

    def _tell(self, group: str, result: str) -> None:
        self.emit(Event("subscription", result, {"group": group}))


async def known(store: Store) -> frozenset[str]:
    """Ids of the subscriptions whose notifications are believed."""
    return frozenset(d.key for d in await store.scan(COLLECTION, PARTITION))
