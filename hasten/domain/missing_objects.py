"""Tells a 404 of Graph about an object from a 404 of something else."""

from collections.abc import Mapping
from typing import Any

CODES_OF_NOTHING = {"", "unknownerror"}
"""Codes of errors that say nothing about the object that the request names."""


def names_what_is_missing(error: Mapping[str, Any] | None) -> bool:
    """Returns whether the error of a 404 is Graph's own. A gateway repeats the status as the code.
    Graph itself hands on the page of a service behind it that has no such address."""
    code = (error or {}).get("code")
    return isinstance(code, str) and not (code.isdecimal() or code.casefold() in CODES_OF_NOTHING)
