"""Destinations in memory."""

from collections import defaultdict
from dataclasses import dataclass, field

from hasten.destinations import Destination
from hasten.domain.notices import Notice


@dataclass
class FakeNotifier:
    posted: dict[str, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    """The messages that each destination took, by name."""

    errors: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    """Each is raised by the next post to a destination."""

    tries: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def post(self, destination: Destination, notice: Notice) -> None:
        self.tries[destination.name] += 1
        if self.errors[destination.name]:
            raise self.errors[destination.name].pop(0)
        self.posted[destination.name].append(notice)
