"""Reads the history of a person, of a group or of everything, page after page."""

from collections.abc import AsyncIterator
from dataclasses import replace

from hasten.context import Context
from hasten.domain.history import Entry, Filter
from hasten.object_ids import is_object_id
from hasten.operate.name_of import named

ENTRIES_PER_PAGE = 200


async def of(context: Context, matches: Filter) -> AsyncIterator[Entry]:
    """Yields the entries that match, newest first. Raises TemporaryError and PermanentError of the
    store."""
    before: str | None = None
    while True:
        page = await context.history.newest(ENTRIES_PER_PAGE, before=before, matches=matches)
        for entry in page.entries:
            yield entry
        before = page.before
        if before is None:
            return


async def about(context: Context, given: str, matches: Filter) -> Filter:
    """Returns the filter for the person or the group that `given` names: an object id, the UPN,
    mail or employeeId of a person, or the display name of a group.

    Raises PermanentError if nothing or several have it, and TemporaryError.
    """
    if is_object_id(given):
        return await _of_id(context, given.lower(), matches)
    found = await named(context, given)
    is_group = found.is_group
    return replace(matches, group=found.id) if is_group else replace(matches, user=found.id)


async def _of_id(context: Context, given: str, matches: Filter) -> Filter:
    """Returns the filter for a group if the history has entries about a group with this object id;
    otherwise the filter for a person."""
    of_group = Filter(group=given)
    is_group = (await context.history.newest(1, matches=of_group)).entries
    return replace(matches, group=given) if is_group else replace(matches, user=given)
