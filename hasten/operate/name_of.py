"""Finds the person or the group that an operator names."""

from dataclasses import dataclass

from hasten.context import Context
from hasten.errors import PermanentError
from hasten.object_ids import is_object_id
from hasten.operate.explain import find_person


@dataclass(frozen=True, slots=True)
class Named:
    id: str
    is_group: bool


async def named(context: Context, given: str) -> Named:
    """Returns the group with this display name, or the person with this UPN, mail or employeeId. An
    object id is that of a group if the directory has such a group.

    Raises PermanentError if nothing or several have it, and TemporaryError of Graph.
    """
    if is_object_id(given):
        is_group = await context.directory.group(given.lower()) is not None
        return Named(given.lower(), is_group=is_group)
    groups = await context.directory.groups_named(given)
    ids = sorted(str(group["id"]).lower() for group in groups)
    if len(ids) > 1:
        raise PermanentError(
            f"{len(ids)} groups are called {given}: {', '.join(ids)}", "name one by object id"
        )
    if ids:
        return Named(ids[0], is_group=True)
    return Named(await find_person(context, given), is_group=False)
