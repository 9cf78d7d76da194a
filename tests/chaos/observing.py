"""Watches observe mode in a storm: nothing is called or written meanwhile, and what it has held is
said to be late once the target makes calls again."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from emulator.graph.seed import TOTAL
from hasten.domain.changes import Action, HeldBy
from hasten.records import ledger_keys
from hasten.telemetry.operate import BacklogMeasured
from tests.chaos.changed_settings import ChangedSettings, Setting, Span
from tests.chaos.targets import app_of, apps
from tests.simulation.scim import LATENCY, SLOWEST
from tests.simulation.world import World
from tests.support.virtual_time import now

UNDER_WAY = timedelta(seconds=1)
"""A request of a process that has ended may be so long on its way to Graph."""

UNDER_WAY_TO_APP = timedelta(seconds=SLOWEST) + timedelta(seconds=2 * LATENCY[1])

EVERY = 1.0
"""Seconds of virtual time between two looks."""

INEXACT = timedelta(seconds=5)
"""An age is measured so much sooner at most, by a clock that is slow."""


class Observing:
    """`false` has one line for each removal that observe mode held and a measurement left out."""

    def __init__(self, world: World, changed: ChangedSettings) -> None:
        self._world = world
        self._changed = changed
        self._read = 0
        self._held: dict[str, Mapping[str, datetime]] = {}
        """When each removal was noticed that was held at the last look, by target."""
        self.false: dict[tuple[str, str], str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    def look(self) -> None:
        events = self._world.around.events
        new, self._read = events[self._read :], len(events)
        measured = [(at, event) for at, event in new if isinstance(event, BacklogMeasured)]
        held = {name: self._held_removals(name) for name in self._acting()}
        for at, event in measured:
            before, after = self._held.get(event.target, {}), held.get(event.target, {})
            for key in before.keys() & after.keys():
                age = event.oldest_revocation or 0.0
                if timedelta(seconds=age) + INEXACT < at - after[key]:
                    said = (
                        f"the oldest revocation of {event.target} is {age} s old at {at:%H:%M:%S}"
                    )
                    self.false[event.target, key] = f"{said}, and observe mode holds {key}"
        self._held = held

    def _acting(self) -> list[str]:
        """The targets of which every process knows that they are in act mode."""
        return [
            name
            for name, app in apps(self._world).items()
            if all(one.ended is not None for one in self._changed.of(Setting.MODE, app))
        ]

    def _held_removals(self, target: str) -> Mapping[str, datetime]:
        prefix = ledger_keys.OPEN_PREFIX
        rows = [one.body for one in self._world.store.documents("ledger", target, prefix)]
        return {
            f"{row['group']} {row['user']} {row['action']}": datetime.fromisoformat(
                row["noticed_at"]
            )
            for row in rows
            if row["held_by"] == HeldBy.OBSERVE and Action(row["action"]).takes_access
        }


def done_while_observing(world: World, changed: ChangedSettings) -> Iterator[str]:
    """One line for each call or write that came while no process could be in act mode."""
    for span in changed.spans:
        if span.setting is not Setting.MODE or span.settled is None:
            continue
        app, ended = app_of(span.target), span.left or now()
        about = f"while {span.target} was in observe mode from {span.settled:%H:%M:%S} on"
        for call in world.to_graph.calls:
            if call.app == app and span.settled + UNDER_WAY < call.at < ended:
                yield f"a call at {call.at:%H:%M:%S} {about}"
        if app == TOTAL:
            yield from (f"{line} {about}" for line in _written(world, span, ended))


def _written(world: World, span: Span, ended: datetime) -> Iterator[str]:
    """Events are about TOTAL alone, and Hasten reads its app alone."""
    assert span.settled is not None
    for write in world.to_graph.writes:
        if span.settled + UNDER_WAY < write.at < ended:
            yield f"{write.line} at {write.at:%H:%M:%S}"
    first = (span.settled + UNDER_WAY_TO_APP).timestamp()
    for at, user in world.scim.written:
        if first < at < ended.timestamp():
            yield f"a write in the app for {user}"
