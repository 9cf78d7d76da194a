"""Recognizes the changes that Hasten opened because an operator asked for a call."""

from hasten.domain.changes import Change, FoundBy

OPERATORS_SOURCE = "/hasten/operators"
"""Source of the cause that a request gives to its changes; the id is that of the decision."""


def is_asked_by_operator(row: Change) -> bool:
    """Returns whether nobody joined or left: an operator asked, and Hasten read the directory."""
    opened_by = row.causes[0].source if row.causes else ""
    return row.found_by is FoundBy.EVENT and opened_by == OPERATORS_SOURCE
