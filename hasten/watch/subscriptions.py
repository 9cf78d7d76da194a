"""Keeps the subscriptions to the watched groups: compares what Graph has with what is wanted."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.domain import subscribing
from hasten.domain.subscribing import ALL_GROUPS, Ours, Plan, Subscription, groups_of
from hasten.errors import PermanentError
from hasten.limits import SUBSCRIPTION_LIFETIME
from hasten.messages import looks_at
from hasten.ports.bus import DIRECTORY_CHANGES, Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import AlreadyExists, Directory
from hasten.ports.store import Json, Store
from hasten.ports.telemetry import Emit, Event
from hasten.records import subscriptions
from hasten.records.subscriptions import Record
from hasten.watch.renew import Renewing


@dataclass(frozen=True, slots=True)
class Subscribing:
    directory: Directory
    store: Store
    renewing: Renewing
    bus: Bus
    emit: Emit
    now: Now
    new_id: NewId
    url: str
    lifecycle_url: str
    client_state: str

    async def is_settled(self, groups: Collection[str]) -> bool:
        """Whether nothing is to be done by what the store knows; asks Graph nothing."""
        records = await subscriptions.load_all(self.store)
        believed = [
            Subscription(
                id=record.id,
                resource=record.resource,
                url=self.url,
                lifecycle_url=self.lifecycle_url,
                expires=record.expires,
            )
            for record in records
        ]
        ours = self._ours(records)
        return subscribing.plan(believed, groups, ours=ours, now=self.now()).is_settled

    async def ensure(self, groups: Collection[str]) -> None:
        """One list request when nothing is to be done. A group whose subscription is new is looked
        at once more, for what happened before it.

        Where Graph disagrees with its own list, all is compared once more: another instance may
        have been faster, or the list came from a replica that lags behind. One resource that Graph
        refuses does not keep the others waiting.
        """
        for _ in range(2):
            differing = await self._ensure_once(groups)
            if not differing:
                return
        raise PermanentError(
            f"Graph has a subscription to {differing[0]} that is not ours",
            "remove that subscription, or give Hasten an app registration of its own",
        )

    async def _ensure_once(self, groups: Collection[str]) -> Sequence[str]:
        """The resources whose subscription is there though not listed, or listed though gone."""
        records = {record.id: record for record in await subscriptions.load_all(self.store)}
        listed = [_read(item) for item in await self.directory.subscriptions()]
        ours = self._ours(records.values())
        plan = subscribing.plan(listed, groups, ours=ours, now=self.now())
        for orphan in plan.orphans:
            await self._remove(orphan)
        for kept in plan.keep:
            if kept.expires != records[kept.id].expires:  # the answer to a renewal was lost
                await subscriptions.renewed(self.store, kept.id, kept.expires)
        blocked, failed = await self._make(plan, groups)
        if blocked:
            return blocked
        for lost in records.keys() - {subscription.id for subscription in listed}:
            await subscriptions.forget(self.store, lost)
        if failed:
            raise failed[0]
        await self._remove_superseded(plan, groups)
        return [due.resource for due in plan.renew if not await self.renewing.renew(due.id)]

    async def _make(
        self, plan: Plan, groups: Collection[str]
    ) -> tuple[Sequence[str], Sequence[PermanentError]]:
        """Graph allows no second subscription to a resource: the old one goes just before."""
        outdated = {subscription.resource: subscription for subscription in plan.replace}
        blocked: list[str] = []
        failed: list[PermanentError] = []
        for resource in (*outdated, *plan.create):
            if resource in outdated:
                await self._remove(outdated[resource])
            try:
                await self._create(resource)
            except AlreadyExists:
                blocked.append(resource)
            except PermanentError as error:
                failed.append(error)
            else:
                if not plan.superseded:
                    await self._look_at(groups_of(resource, groups))
        return blocked, failed

    async def _remove_superseded(self, plan: Plan, groups: Collection[str]) -> None:
        """The looks come last: they see what neither the old nor the new ones may have told."""
        for old in plan.superseded:
            await self._remove(old)
        if plan.superseded:
            await self._look_at(sorted(groups))

    async def _create(self, resource: str) -> None:
        created = await self.directory.subscribe(
            resource=resource,
            url=self.url,
            lifecycle_url=self.lifecycle_url,
            client_state=self.client_state,
            expires=self.now() + SUBSCRIPTION_LIFETIME,
        )
        made = _read(created)
        record = Record(
            id=made.id,
            group=None if resource == ALL_GROUPS else resource.partition("/")[2],
            expires=made.expires,
            state=subscriptions.mark(self.client_state),
        )
        await subscriptions.save(self.store, record)
        self._tell(resource, "created")

    async def _remove(self, subscription: Subscription) -> None:
        await self.directory.unsubscribe(subscription.id)
        await subscriptions.forget(self.store, subscription.id)
        self._tell(subscription.resource, "removed")

    async def _look_at(self, groups: Sequence[str]) -> None:
        now = self.now()
        looks = looks_at(groups, found_by="subscription", now=now, new_id=self.new_id)
        if looks:
            await self.bus.send(DIRECTORY_CHANGES, looks)

    def _ours(self, records: Iterable[Record]) -> Ours:
        return Ours(
            url=self.url,
            lifecycle_url=self.lifecycle_url,
            state=subscriptions.mark(self.client_state),
            states={record.id: record.state for record in records},
        )

    def _tell(self, resource: str, result: str) -> None:
        self.emit(Event("subscription", result, {"resource": resource}))


def _read(item: Json) -> Subscription:
    return Subscription(
        id=str(item["id"]).lower(),
        resource=str(item["resource"]).strip("/").casefold(),
        url=str(item.get("notificationUrl")),
        lifecycle_url=item.get("lifecycleNotificationUrl"),
        expires=datetime.fromisoformat(item["expirationDateTime"]),
    )
