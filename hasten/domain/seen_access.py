"""Decides whether somebody who is not assigned any more may still have access, as far as the rows
and the roster show: Hasten may not have seen them leave yet."""

from collections.abc import Sequence
from datetime import datetime

from hasten.domain.changes import Change
from hasten.domain.ensuring import ENDED_WELL
from hasten.domain.heartbeats import allowed
from hasten.domain.sightings import Presence, Sighting
from hasten.limits import RETENTION

GONE = (
    "the user does not exist in Entra ID: only Entra's own cycle can disable an account that they "
    "still have in the app"
)
UNWATCHED = (
    "nothing assigns the user now, and with `users: off` Hasten does not know who had access: no "
    f"removal of the last {RETENTION.days} days shows that the app took it"
)
UNREAD = (
    "the user is no member, and Graph does not say whether anything else assigns them: nothing "
    "shows that the app took their access"
)


def unfinished(rows: Sequence[Change]) -> Sequence[Change]:
    """Returns the removals of the person that have not ended well. One that has ended counts no
    more if a later removal shows that the account was taken, and all of its access with it."""
    ended_well = [row for row in rows if row.is_removal and row.state in ENDED_WELL]
    taken_at = _taken_at(ended_well)

    def is_over(row: Change) -> bool:
        ended = row.finished_at or row.found_at
        return not row.is_open and taken_at is not None and taken_at >= ended

    return [
        row for row in rows if row.is_removal and row.state not in ENDED_WELL and not is_over(row)
    ]


def last_assigned_at(seen: Sighting | None, now: datetime) -> datetime | None:
    """Returns the last time at which the person was assigned, as far as the roster shows; None if
    they are not on it. The hourly comparison takes whoever is not assigned off the roster. So it
    has found those assigned who are still on it, or it is late. The account of the others is
    disabled or deleted: an assignment gives them nothing."""
    if seen is None:
        return None
    if seen.presence is not Presence.PRESENT:
        return seen.at
    return max(seen.at, now - allowed("people"))


def may_have_access(rows: Sequence[Change], last_assigned: datetime | None) -> bool:
    """Returns whether the person may have access although every removal among `rows` has ended
    well. They may have got it again, seen by the roster alone, where they were assigned after the
    last of these removals, unless that is about their account: nobody gets access while it is
    disabled or deleted, and the roster moves on with each change of it."""
    if has_given_since(rows):
        return True
    is_out = any(row.is_of_person and row.is_removal for row in rows)
    if last_assigned is None or is_out:
        return False
    taken_at = _taken_at(rows)
    return taken_at is None or taken_at < last_assigned


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
