"""Lists the members of a group, and logs the entries of the list that cannot be read."""

from collections.abc import Sequence

from hasten.context import Context
from hasten.ports.directory_values import Members, UnreadMember
from hasten.telemetry.watch import MembersLeftOut

NEXT_ACTION = "compare the members of the group with the app, and with the group in Entra ID"
MOST_NAMED = 50
"""Maximum number of users that an event names."""


async def list_members(context: Context, group: str) -> Members:
    """Raises TemporaryError and PermanentError of Graph. The caller concludes nothing from the
    absence of a user whom the list may hide."""
    members = await context.directory.members(group)
    log_unread(context, group, members.unread)
    return members


def log_unread(context: Context, group: str, unread: Sequence[UnreadMember]) -> None:
    """Logs the members of a list who cannot be read, if there are any."""
    if unread:
        context.emit(
            MembersLeftOut(
                group=group,
                users=[one.id for one in unread if one.id][:MOST_NAMED],
                members=len(unread),
                reason=unread[0].problem,
                next_action=NEXT_ACTION,
            )
        )
