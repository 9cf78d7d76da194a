"""The part of a run that concerns one group: its tools and its results."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.ensuring import HIDDEN_MEMBER_DELAY, Ending, SeenMembership
from hasten.domain.intents import Intent
from hasten.ensure.assignment import Assigned
from hasten.ensure.refusals import Refusals
from hasten.error_collector import ErrorCollector
from hasten.errors import TemporaryError
from hasten.records import cursors
from hasten.records.intents import Intents
from hasten.targets import Target

WorkResult = tuple[Intent, SeenMembership | Ending]


class HiddenMemberError(TemporaryError):
    """The list of the members of a group, or of the assignments (DIRECT), has an entry that cannot
    be read, and the user whom an intent names may be meant."""

    def __init__(self, group: str) -> None:
        what = "an assignment" if group == DIRECT else f"a member of group {group}"
        super().__init__(f"{what} cannot be read, and may be the user's", HIDDEN_MEMBER_DELAY)


@dataclass(slots=True)
class Work:
    """The work on one group. `assigned` reads the assignments on first use. `due` is the time at
    which new members have waited long enough for a common request."""

    target: Target
    group: str
    assigned: Callable[[], Awaitable[Assigned]]
    errors: ErrorCollector
    results: list[WorkResult] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    due: datetime | None = None

    def end(self, intents: Sequence[Intent], ending: Ending) -> None:
        self.results += [(intent, ending) for intent in intents]


async def marked(intents: Intents, given: Sequence[Intent]) -> list[Intent]:
    """Marks the intents as being written, and returns those that no newer event has replaced, in
    the same order: whoever fails comes last."""
    fresh = [intent for intent in given if not intent.writing]
    now = await intents.update(fresh, lambda i: replace(i, writing=True))
    by_key = {intent.key: intent for intent in now}
    current = [intent if intent.writing else by_key.get(intent.key) for intent in given]
    return [intent for intent in current if intent is not None]


async def origin(context: Context, name: str, now: datetime) -> int:
    """Returns the origin of the cursor called `name`, or the origin that a new cursor would get."""
    return (await cursors.load_or_first(context.store, name, now)).origin
