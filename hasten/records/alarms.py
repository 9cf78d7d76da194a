"""Stores the alarms of each queue: the only messages that Hasten schedules on Service Bus.

Azure's scaler peeks at the first ten messages of a queue. Ten scheduled messages in front of an
active one hide it, and the scaler votes to remove instances. A queue has at most MOST_ALARMS.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.ports.bus import Bus, alarm
from hasten.ports.clock import Now
from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.fields import moment

AGENDA_COLLECTION = "agenda"
ALARMS_KEY = "alarms"

ALARM_HORIZON = timedelta(seconds=75)
"""Messages that are due later need no alarm: a timer posts due messages and sets alarms every
minute, and may be some seconds late."""

MOST_ALARMS = 8
"""Maximum number of alarms, fewer than the ten messages that the scaler sees. The difference of two
clocks may add one."""

BUS_CLOCK_SKEW = timedelta(seconds=1)
"""An alarm this close may have rung already by the clock of Service Bus."""

MAX_LOST_RACES = 20


@dataclass(frozen=True, slots=True)
class _Known:
    """The alarms of a queue as this process last read them. An alarm ends when it is due; it is
    never withdrawn."""

    times: tuple[datetime, ...] = ()
    etag: str | None = None

    def covers(self, at: datetime, now: datetime) -> bool:
        """Returns whether an alarm rings before `at`. The worker that it wakes sets the next
        one."""
        return any(now + BUS_CLOCK_SKEW < time <= at for time in self.times)


@dataclass(slots=True)
class Alarms:
    store: Store
    bus: Bus
    now: Now
    _known: dict[str, _Known] = field(default_factory=dict)

    async def set(self, queue: str, due: datetime) -> None:
        """Makes an alarm wake a worker of the queue at `due`, or earlier if other messages are due
        earlier.

        It raises nothing: without the alarm the timer posts the due messages up to a minute later.
        The same happens to the earliest message while a queue has MOST_ALARMS.
        """
        if due - self.now() > ALARM_HORIZON:
            return
        whole = due.replace(microsecond=0)
        at = whole if whole == due else whole + timedelta(seconds=1)
        with suppress(TemporaryError, PermanentError):
            if await self._record(queue, at):
                await self.bus.send(queue, [alarm(at)])

    async def _record(self, queue: str, at: datetime) -> bool:
        """Returns whether the alarm is new. It is recorded before it is sent, so that all workers
        together send no more than MOST_ALARMS."""
        for _ in range(MAX_LOST_RACES):
            now, known = self.now(), self._known.get(queue, _Known())
            ahead = tuple(time for time in known.times if time > now)
            if known.covers(at, now) or at in ahead or len(ahead) >= MOST_ALARMS:
                return False
            times = (*ahead, at)
            put = Put(ALARMS_KEY, {"times": [time.isoformat() for time in times]}, known.etag)
            try:
                [etag] = await self.store.commit(AGENDA_COLLECTION, queue, [put])
            except Conflict:
                self._known[queue] = await self._read(queue)
            else:
                self._known[queue] = _Known(times, etag)
                return True
        return False

    async def _read(self, queue: str) -> _Known:
        document = await self.store.get(AGENDA_COLLECTION, queue, ALARMS_KEY)
        if document is None:
            return _Known()
        place = (AGENDA_COLLECTION, queue, document)
        times = await reading.read_or(self.store, *place, _times, safe=())
        return _Known(times, document.etag)


def _times(document: Document) -> tuple[datetime, ...]:
    return tuple(moment(time).astimezone(UTC) for time in document.body["times"])
