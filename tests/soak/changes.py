"""Follows each change from the event that it was found to the outcome that it ended."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import median, quantiles
from typing import Self

from hasten.domain.changes import FoundBy, State
from hasten.domain.outcomes import OUTCOME
from hasten.json import Json
from hasten.ports.telemetry import Event
from hasten.telemetry.notifications import NotificationsRefused
from hasten.telemetry.watch import ChangeFound
from tests.simulation.bus import content, epoch
from tests.simulation.world import World

OUTCOMES = "provisioning-outcomes/subscriptions/all"
Name = tuple[str, str, str]
"""Target, group and user."""

NINETY_FIVE = 95


@dataclass
class Changes:
    """`found_by` counts why changes were found, `ended` their results. `waited` are the seconds
    until the answer of each on-demand call that succeeded, since the change was noticed."""

    found_by: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    waited: list[float] = field(default_factory=list)
    found_by_timers: list[datetime] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """Notifications, by the reason."""
    twice: int = 0
    """Outcomes that were published before."""
    found_in_all: int = 0
    """Changes since the beginning, those of the days before included."""
    _open: dict[Name, datetime] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)

    def take(self, events: Iterable[tuple[datetime, Event]]) -> None:
        for at, event in events:
            if isinstance(event, ChangeFound):
                self.found_by[event.found_by] += 1
                self.found_in_all += 1
                self._open[event.target, event.group, event.user] = at
                if event.found_by == FoundBy.RECONCILE:
                    self.found_by_timers.append(at)
            if isinstance(event, NotificationsRefused):
                self.refused[event.result] += event.count

    def read_outcomes(self, world: World) -> None:
        """Receives and completes all that waits in the subscription, as a subscriber does."""
        queue = world.bus.namespace.outlet(OUTCOMES).queue
        while (entry := queue.take(now=epoch())) is not None:
            assert entry.lock is not None
            queue.complete(entry.lock.token, now=epoch())
            self._read(content(entry).body)

    def without_end(self) -> list[Name]:
        """Returns the changes of which no outcome says that they ended since they were found."""
        return sorted(self._open)

    def next_day(self) -> Self:
        """Returns the same with the counts of a new day."""
        return replace(
            self,
            found_by=Counter(),
            ended=Counter(),
            waited=[],
            found_by_timers=[],
            refused=Counter(),
        )

    def speed(self) -> tuple[float, float]:
        """Returns the median of `waited`, and what 95 of 100 do not exceed."""
        if not self.waited:
            return 0.0, 0.0
        return median(self.waited), quantiles(self.waited, n=100)[NINETY_FIVE - 1]

    def _read(self, event: Json) -> None:
        self.twice += event["id"] in self._ids
        self._ids.add(event["id"])
        data, times = event["data"], event["data"]["times"]
        if event["type"] != OUTCOME or "action" not in data:
            return
        self.ended[data["result"]] += 1
        ended = datetime.fromisoformat(times["ended"])
        if data["result"] == State.SUCCEEDED and times.get("noticed"):
            waited = ended - datetime.fromisoformat(times["noticed"])
            self.waited.append(waited.total_seconds())
        name = (data["target"], data["group"], data["user"])
        if data["result"] != State.SUPERSEDED and ended >= self._open.get(name, ended):
            self._open.pop(name, None)
