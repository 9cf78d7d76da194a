"""Finds all entities of the emulated namespace by the addresses that clients use."""

import re
from collections.abc import Callable
from dataclasses import asdict, replace

from emulator.amqp.errors import NOT_FOUND, AmqpError
from emulator.servicebus.entities import Entities, QueueSettings
from emulator.servicebus.outlets import Inlet, Outlet, TopicInlet
from emulator.servicebus.queue import Queue, make_queue
from emulator.servicebus.scaling import ScaleVote, scale_vote
from emulator.servicebus.shelf import DEAD_LETTER_SUFFIX
from emulator.servicebus.topic import Topic
from emulator.servicebus.turns import Turns

_SCHEME_AND_HOST = re.compile(r"^[a-z]+://[^/]*/", re.ASCII)
_MANAGEMENT = "/$management"


class Namespace:
    def __init__(self, entities: Entities, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._inlets: dict[str, Inlet] = {}
        self._outlets: dict[str, Outlet] = {}
        self._topics: list[TopicInlet] = []
        for settings in entities.queues:
            self._inlets[settings.name.lower()] = self._add_outlet(settings)
        for topic in entities.topics:
            outlets = [
                self._add_outlet(replace(sub, name=f"{topic.name}/Subscriptions/{sub.name}"))
                for sub in topic.subscriptions
            ]
            queues = [outlet.queue for outlet in outlets]
            inlet = TopicInlet(Topic(topic, queues), outlets, clock=clock)
            self._topics.append(inlet)
            self._inlets[topic.name.lower()] = inlet

    def _add_outlet(self, settings: QueueSettings) -> Outlet:
        queue, dead_queue = make_queue(settings)
        dead = Outlet(dead_queue, dead_letters=None, clock=self._clock)
        outlet = Outlet(queue, dead_letters=dead, clock=self._clock)
        self._outlets[settings.name.lower()] = outlet
        self._outlets[(settings.name + DEAD_LETTER_SUFFIX).lower()] = dead
        return outlet

    def inlet(self, path: str) -> Inlet:
        """Returns the inlet. Raises AmqpError if there is none."""
        if path not in self._inlets:
            raise _not_found(path)
        return self._inlets[path]

    def outlet(self, path: str) -> Outlet:
        """Returns the outlet. Raises AmqpError if there is none."""
        if path not in self._outlets:
            raise _not_found(path)
        return self._outlets[path]

    def find(self, path: str) -> tuple[Inlet | None, Outlet | None]:
        """Returns inlet and outlet of the path. Raises AmqpError if it has neither."""
        found = self._inlets.get(path), self._outlets.get(path)
        if not any(found):
            raise _not_found(path)
        return found

    def wake(self) -> None:
        """Checks everything once, because time passed while the server was stopped."""
        for turns in self._all_turns():
            turns.soon()

    def sleep(self) -> None:
        for turns in self._all_turns():
            turns.stop()

    def _all_turns(self) -> list[Turns]:
        outlets = [outlet.turns for outlet in self._outlets.values()]
        return outlets + [topic.turns for topic in self._topics]

    def scale_votes(self) -> dict[str, ScaleVote]:
        """Returns the scaler's vote for each queue, for a scaler that may not count the
        messages."""
        now = self._clock()
        return {
            outlet.queue.settings.name: scale_vote(outlet.queue, now=now)
            for outlet in self._outlets.values()
            if outlet.dead_letters is not None
        }

    def stats(self) -> dict[str, dict[str, int]]:
        now = self._clock()
        for topic in self._topics:
            topic.advance(now)
        return {
            outlet.queue.settings.name: _counts(outlet.queue, outlet.dead_letters.queue, now=now)
            for outlet in self._outlets.values()
            if outlet.dead_letters is not None
        }


def _counts(queue: Queue, dead: Queue, *, now: float) -> dict[str, int]:
    counts = asdict(queue.counts(now=now))
    buried = dead.counts(now=now)
    return {**counts, "dead_lettered": buried.active + buried.deferred + buried.locked}


def _not_found(path: str) -> AmqpError:
    return AmqpError(NOT_FOUND, f"The messaging entity '{path}' could not be found.")


def entity_path(address: str | None) -> str:
    """Returns the path of an address in lower case; clients may send a whole URL."""
    return _SCHEME_AND_HOST.sub("", (address or "").lower()).strip("/")


def managed_path(path: str) -> str | None:
    """Returns the entity whose management node this is, or None."""
    return path.removesuffix(_MANAGEMENT) if path.endswith(_MANAGEMENT) else None
