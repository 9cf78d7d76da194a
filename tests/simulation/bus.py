"""Service Bus of the simulated world: the emulator's queues with the entities of infra."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emulator.servicebus.entities import Entities, load_entities
from emulator.servicebus.entries import Entry, Post
from emulator.servicebus.namespace import Namespace
from emulator.servicebus.scaling import ScaleVote
from hasten.ports.bus import ONBOARDING_REJECTED, Message
from tests.support.virtual_time import now

ENTITIES = Path(__file__).parents[2] / "infra" / "entities.json"


def epoch() -> float:
    return now().timestamp()


SESSION = "session"
"""The property that names the session of a message, in queues that have sessions."""


class SimulatedBus:
    """A Bus. What is taken out of its queues carries the Message that was put in."""

    def __init__(self, entities: Entities | None = None) -> None:
        self.namespace = Namespace(entities or load_entities(ENTITIES), clock=epoch)
        self.most_scheduled: Counter[str] = Counter()
        """The most scheduled messages that each queue has had at one moment."""

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        self.namespace.inlet(queue).send([_post(message) for message in messages])
        if any(message.at is not None for message in messages):
            scheduled = self.namespace.stats()[queue]["scheduled"]
            self.most_scheduled[queue] = max(self.most_scheduled[queue], scheduled)

    async def close(self) -> None:
        return None

    def carried(self) -> Mapping[str, str]:
        return {}

    def is_quiet(self) -> bool:
        """Whether no message waits or is locked in a queue; scheduled ones may be far off. What is
        parked waits for a person."""
        return not any(
            counts["active"] + counts["locked"]
            for name, counts in self.namespace.stats().items()
            if "/" not in name and name != ONBOARDING_REJECTED
        )

    def scheduled(self) -> int:
        return sum(counts["scheduled"] for counts in self.namespace.stats().values())

    def scale_votes(self) -> dict[str, ScaleVote]:
        """By queue, as Azure's scaler sees them."""
        return self.namespace.scale_votes()

    def dead_letters(self) -> dict[str, int]:
        """How many, by queue; those without any are left out."""
        stats = self.namespace.stats()
        return {name: c["dead_lettered"] for name, c in stats.items() if c["dead_lettered"]}

    def waiting(self, path: str) -> list[Message]:
        """All that `path` (a queue, or topic/subscriptions/name) holds, oldest first."""
        queue = self.namespace.outlet(path).queue
        return [content(e) for e in queue.peek(start=0, limit=100_000, now=epoch())]


def content(entry: Entry) -> Message:
    message = entry.post.content
    assert isinstance(message, Message)
    return message


def _post(message: Message) -> Post:
    """Only what JSON keeps of the body arrives."""
    return Post(
        content=replace(message, body=json.loads(json.dumps(message.body))),
        message_id=message.message_id,
        session=message.properties.get(SESSION),
        scheduled_at=message.at.timestamp() if message.at else None,
    )
