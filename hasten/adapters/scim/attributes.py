"""Finds attributes in the bodies of a SCIM server. Case does not count in their names (RFC 7643,
section 2.1)."""

from typing import Any

from hasten.json import Json


def values(body: Json, *names: str) -> list[Any]:
    """Returns the value of each attribute that has one of `names`."""
    wanted = {name.casefold() for name in names}
    return [value for name, value in body.items() if name.casefold() in wanted]
