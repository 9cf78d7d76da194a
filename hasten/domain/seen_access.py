"""Decides whether somebody who is not assigned any more may still have access, as far as the rows
and the roster show: Hasten may not have seen them leave yet."""

from collections.abc import Sequence
from datetime import datetime

from hasten.domain.changes import Change

GONE = (
    "the user does not exist in Entra ID: only Entra's own cycle can disable an account that they "
    "still have in the app"
)
UNWATCHED = (
    "nothing assigns the user now, and with `users: off` Hasten does not know who had access: "
    "nothing shows that the app took it"
)


def may_have_access(rows: Sequence[Change], *, was_assigned: bool) -> bool:
    """Returns whether the person may have access although every removal among `rows` has ended
    well. `was_assigned` means that they were assigned when Hasten last read the people of the
    target."""
    return has_given_since(rows) or (was_assigned and _taken_at(rows) is None)


def was_taken(rows: Sequence[Change]) -> bool:
    """Returns whether a row shows that the access of the person was taken once."""
    return _taken_at(rows) is not None


def has_given_since(rows: Sequence[Change]) -> bool:
    """Returns whether Hasten has seen the person get access after the last removal."""
    given = [
        row.found_at for row in rows if not (row.is_removal or row.is_update or row.is_of_person)
    ]
    taken_at = _taken_at(rows)
    return bool(given) and (taken_at is None or max(given) > taken_at)


def _taken_at(rows: Sequence[Change]) -> datetime | None:
    """Returns when the access was last taken. A leaver who keeps another assignment has lost a
    membership alone."""
    taken = [row.found_at for row in rows if row.is_removal and not row.keeps_assignment]
    return max(taken, default=None)
