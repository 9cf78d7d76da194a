"""Finds whom or what a reader of the history means."""

from dataclasses import replace

from hasten.context import Context
from hasten.domain.history import Filter
from hasten.object_ids import is_object_id
from hasten.operate.name_of import named


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
