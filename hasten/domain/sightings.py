"""Decides what happened to a user's own account between two reads of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from hasten.domain.attributes import comparable
from hasten.domain.changes import Action
from hasten.limits import REPLICATION_SETTLED_AFTER

JOINED_LATELY = timedelta(minutes=10)
"""Graph reports the creation of a user with several notifications. Within this time after somebody
joined, their first one is no change: the call for the joiner carries the profile."""


SOFTLY_DELETED = "the user is deleted in Entra and can be restored for 30 days"
PERMANENTLY_DELETED = "the user is permanently deleted in Entra"
DELETIONS = frozenset({SOFTLY_DELETED, PERMANENTLY_DELETED})
"""Reasons of the row of somebody who is deleted."""


class Presence(StrEnum):
    PRESENT = "present"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A user's account as Hasten last saw it. `digest` stands for the mapped properties; "" means
    that Hasten has not read them yet. `origin` is the number of the row that the next change gets:
    milliseconds since the epoch, and higher with each change."""

    presence: Presence = Presence.PRESENT
    digest: str = ""
    origin: int = 0

    def may_lag(self, after: Presence, now: datetime) -> bool:
        """Returns whether a lagging replica may show the user as still present, so soon after they
        were disabled or deleted."""
        is_back = self.presence is not Presence.PRESENT and after is Presence.PRESENT
        return is_back and self.age(now) < REPLICATION_SETTLED_AFTER

    @property
    def at(self) -> datetime:
        """Returns the time of the last change, or when the user joined."""
        return datetime.fromtimestamp(self.origin / 1000, UTC)

    def age(self, now: datetime) -> timedelta:
        """Returns the time since then."""
        return now - self.at

    def moved(self, presence: Presence, digest: str, now: datetime) -> "Sighting":
        origin = max(self.origin + 1, milliseconds(now))
        return Sighting(presence=presence, digest=digest or self.digest, origin=origin)


def milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def happened(before: Sighting, presence: Presence, digest: str, *, is_named: bool) -> Action | None:
    """Returns what happened, or None if nothing did that matters to an app.

    A user who was disabled and is now deleted, or the reverse, had lost access already. `is_named`
    means that a notification or a delta named the user: if Hasten has not read their properties
    before, they count as changed.
    """
    match before.presence, presence:
        case Presence.PRESENT, Presence.DISABLED:
            return Action.DISABLED
        case Presence.PRESENT, Presence.DELETED:
            return Action.DELETED
        case Presence.DISABLED, Presence.PRESENT:
            return Action.ENABLED
        case Presence.DELETED, Presence.PRESENT:
            return Action.RESTORED
        case Presence.PRESENT, Presence.PRESENT if not before.digest:
            return Action.UPDATED if is_named else None
        case Presence.PRESENT, Presence.PRESENT if comparable(before.digest, digest):
            return Action.UPDATED if before.digest != digest else None
    return None
