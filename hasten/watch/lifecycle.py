"""Sees to what Graph's lifecycle events tell about subscriptions."""

from dataclasses import dataclass

from hasten.domain.notifications import LifecycleEvent
from hasten.domain.subscribing import groups_of
from hasten.messages import Attend, looks_at
from hasten.ports.bus import DIRECTORY_CHANGES, Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.records import discovered as registry
from hasten.records import subscriptions
from hasten.watch.subscriptions import Subscribing


@dataclass(frozen=True, slots=True)
class Attending:
    store: Store
    subscribing: Subscribing
    bus: Bus
    emit: Emit
    now: Now
    new_id: NewId

    async def attend(self, attend: Attend) -> None:
        """Reauthorization is one PATCH. After any other event notifications may be missing: its
        groups are looked at, and the subscriptions compared.

        Raises TemporaryError and PermanentError of Graph.
        """
        record = await subscriptions.load(self.store, attend.subscription)
        self.emit(Event("lifecycle", attend.event, {"subscription": attend.subscription}))
        if record is None:
            return  # replaced since: whoever replaced it looked at its groups
        watched = await registry.watched(self.store)
        if attend.event is LifecycleEvent.REAUTHORIZATION_REQUIRED:
            if await self.subscribing.renewing.renew(record.id):
                return
        else:
            groups = groups_of(record.resource, watched)
            looks = looks_at(groups, found_by="lifecycle", now=self.now(), new_id=self.new_id)
            if looks:
                await self.bus.send(DIRECTORY_CHANGES, looks)
        await self.subscribing.ensure(watched)
