"""Finds the names by which events may know a person."""

from collections.abc import Mapping, Sequence

from hasten.context import Context
from hasten.errors import PermanentError, TemporaryError
from hasten.events.references import reference_by, references_to
from hasten.operate.explain import find_person
from hasten.operate.problems import Problem, of_error

KEY_OF_PROPERTY: Mapping[str, str] = {
    "userPrincipalName": "upn",
    "mail": "mail",
    "employeeId": "employeeId",
}
"""The properties of a user in Graph by which an event can name the user, and the keys there."""


async def people_named(context: Context, given: str) -> Sequence[str]:
    """Returns the names under which events about the person may be scheduled. Raises
    TemporaryError and PermanentError of Graph."""
    try:
        user = await find_person(context, given)
    except PermanentError:
        return references_to(given)
    return await names_of(context, user, given)


async def names_of(context: Context, user: str, given: str) -> Sequence[str]:
    """Returns the object id of the user, and the references to the user by what was given and by
    what Entra ID says now. Raises TemporaryError and PermanentError of Graph."""
    return [user, *references_to(given), *await _references(context, user)]


async def readable_names(
    context: Context, user: str, given: str = ""
) -> tuple[Sequence[str], Problem | None]:
    """Returns the same, or what is known without Graph and the reason why Hasten cannot read the
    rest."""
    try:
        return await names_of(context, user, given), None
    except (PermanentError, TemporaryError) as error:
        return [user, *references_to(given)], of_error(error)


async def _references(context: Context, user: str) -> Sequence[str]:
    profile = await context.directory.profile(user, tuple(KEY_OF_PROPERTY))
    values = profile.values if profile else {}
    known = {key: values.get(name) for name, key in KEY_OF_PROPERTY.items()}
    return [reference_by(key, value) for key, value in known.items() if isinstance(value, str)]
