"""Reads the members of a group, and where in its history the read belongs."""

from dataclasses import dataclass
from datetime import datetime

from hasten.context import Context
from hasten.domain.ensuring import SeenMembership
from hasten.domain.intents import Intent
from hasten.ensure.work import Work, origin
from hasten.errors import WrongInputError
from hasten.ports.directory_errors import NotYet
from hasten.ports.directory_values import Members
from hasten.watch.list_members import list_members


@dataclass(frozen=True, slots=True)
class Sight:
    """The members of a group as Graph listed them at the time `at`, and the slice of the group's
    history (`origin`) to which the read belongs."""

    members: Members
    origin: int
    at: datetime

    def of(self, intent: Intent) -> SeenMembership:
        member = intent.user in self.members.ids
        return SeenMembership(member=member, written=intent.writing, origin=self.origin, at=self.at)


async def look_at(context: Context, group: str) -> Sight:
    """Reads the members of a group. Reads the origin before them, because a look that moves the
    cursor meanwhile has seen more. Raises NotYet if Graph does not know the group that it
    showed a moment ago."""
    at = context.now()
    begun = await origin(context, group, at)
    try:
        return Sight(await list_members(context, group), begun, at)
    except WrongInputError:
        raise NotYet(f"not every replica shows group {group}") from None


async def seen_now(
    context: Context, work: Work, *, member: bool, written: bool, confirmed: bool
) -> SeenMembership:
    """Returns the membership just after a write, with the origin as it is now: a look that moved
    the cursor before the write is older."""
    at = context.now()
    begun = await origin(context, work.group, at)
    return SeenMembership(member=member, written=written, confirmed=confirmed, origin=begun, at=at)
