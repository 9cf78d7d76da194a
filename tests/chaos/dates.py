"""Watches what lies ahead: nothing that is due waits for long while an instance lives, and each
event takes effect after its date and not before."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hasten.domain.history import EntryKind
from hasten.onboard.defer import end_id
from hasten.onboard.note_events import ACCEPTED
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.records.agenda import ENTRY_PREFIX, KEY_TIME
from hasten.records.alarms import AGENDA_COLLECTION
from tests.chaos.ahead import Ahead
from tests.chaos.history import entries
from tests.simulation.bus import SimulatedBus
from tests.simulation.world import World
from tests.support.virtual_time import now

EVERY = 5.0
"""Seconds of virtual time between two looks."""

MAX_OVERDUE = timedelta(minutes=3)
"""A timer posts each minute what is due. Faults may make one or two runs of it fail."""

OUTCOMES = "provisioning-outcomes/subscriptions/all"


class Dates:
    """`false` has one line for each message that waited beyond its time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due_since: dict[str, datetime] = {}
        self.longest = timedelta()
        self.false: dict[str, str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    def look(self) -> None:
        """Time in which no instance lives does not count."""
        due = [key for key in self._keys() if _due(key) <= now()]
        if not any(host.is_alive for host in self._world.hosts):
            self._due_since = {}
            return
        self._due_since = {key: self._due_since.get(key, now()) for key in due}
        for key, since in self._due_since.items():
            self.longest = max(self.longest, now() - since)
            if now() - since > MAX_OVERDUE:
                self.false[key] = f"{key} was due at {_due(key):%H:%M:%S} and was not posted"

    def _keys(self) -> Iterator[str]:
        store = self._world.store
        for entry in store.documents(AGENDA_COLLECTION, ONBOARDING_EVENTS, ENTRY_PREFIX):
            yield entry.key


def broken_dates(world: World, ahead: Ahead) -> Iterator[str]:
    """One line for each event that took effect before its date, or never, or after an operator had
    cancelled it. Its end comes only if the onboarding was carried out."""
    accepted, told = _accepted(world), _told(world.bus)
    for one in ahead.posted:
        event = one.event["id"]
        for name in one.cancelled & accepted.keys():
            yield f"event {name} was cancelled, and was carried out at {accepted[name]}"
        dates = {event: one.start}
        if one.end is not None and event in accepted:
            dates[end_id(event)] = one.end
        for name, date in dates.items():
            if name in one.cancelled or name in one.unclear:
                continue
            if name not in accepted and name not in told:
                yield f"event {name} was never carried out, nor was it told why"
            elif date is not None and accepted.get(name, date) < date:
                yield f"event {name} was carried out at {accepted[name]}, before {date}"


def _accepted(world: World) -> Mapping[str, datetime]:
    """When each event was carried out first, as the history says."""
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for entry in entries(world):
        if entry["kind"] == EntryKind.ASKED and entry["result"] == ACCEPTED:
            for cause in entry["causes"]:
                found[cause["id"]].append(datetime.fromisoformat(entry["at"]))
    return {event: min(times) for event, times in found.items()}


def _told(bus: SimulatedBus) -> frozenset[str]:
    """Events about which Hasten told an outcome."""
    told: list[Any] = [message.body["data"] for message in bus.waiting(OUTCOMES)]
    return frozenset(cause["id"] for data in told for cause in data.get("causes", ()))


def _due(key: str) -> datetime:
    time, _, _ = key.removeprefix(ENTRY_PREFIX).partition("|")
    return datetime.strptime(time, KEY_TIME).replace(tzinfo=UTC)
