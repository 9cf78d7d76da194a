"""One group's share of a run: what it is done with, and what came of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.ensuring import Ending, Seen
from hasten.domain.intents import Intent
from hasten.ensure.assignment import Assigned
from hasten.error_collector import ErrorCollector
from hasten.records import cursors
from hasten.records.intents import Intents
from hasten.targets import Target

Result = tuple[Intent, Seen | Ending]


@dataclass(slots=True)
class Work:
    """`assigned` reads on first use. `due` is when new members that wait for company have waited
    long enough."""

    target: Target
    group: str
    assigned: Callable[[], Awaitable[Assigned]]
    errors: ErrorCollector
    results: list[Result] = field(default_factory=list)
    due: datetime | None = None

    def end(self, intents: Sequence[Intent], ending: Ending) -> None:
        self.results += [(intent, ending) for intent in intents]


async def marked(intents: Intents, given: Sequence[Intent]) -> list[Intent]:
    """Those that no newer event has replaced, marked as being written."""
    already = [intent for intent in given if intent.writing]
    fresh = [intent for intent in given if not intent.writing]
    return [*already, *await intents.update(fresh, lambda i: replace(i, writing=True))]


async def origin(context: Context, name: str, now: datetime) -> int:
    """Of the cursor called `name`, or the one it would begin with."""
    cursor = await cursors.load(context.store, name) or cursors.first("", now)
    return cursor.origin
