"""Defines what Hasten read about one user in one target, for an explanation in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hasten.domain.changes import Change
from hasten.domain.cycle import Cycle
from hasten.domain.intents import Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """The user is in `inner`, which is a member of the watched group `group`."""

    group: str
    inner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts that Hasten read about the user. `enabled` is None if Graph does not say. `through`
    are the assigned groups that have the user as a direct member. `names` are the known display
    names of groups."""

    target: str
    now: datetime
    unread: str = ""
    """The reason why Hasten could not read Graph; everything that only Graph knows is then unknown.
    """

    unread_action: str = ""
    exists: bool = True
    restorable: bool = False
    enabled: bool | None = True
    observes: bool = False
    stopped: str = ""
    last_assigned: datetime | None = None
    """The last time at which the user was assigned, as far as the roster shows."""

    direct: bool = False
    through: Sequence[str] = ()
    nested: Sequence[Nested] = ()
    rows: Sequence[Change] = ()
    intents: Sequence[Intent] = ()
    cycle: Cycle = field(default_factory=Cycle)
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Groups that mirror admin groups of the user, whom an event offboarded: the names of those
    admin groups, by mirroring group."""

    deleted: Mapping[str, str] = field(default_factory=dict)
    """ISO time at which each assigned group was found deleted, while no cycle has followed."""

    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_assigned(self) -> bool:
        return self.direct or bool(self.through)


def group_name(facts: Facts, group: str) -> str:
    """Returns the display name and the id of a group, or only the id if the name is unknown."""
    name = facts.names.get(group)
    return f"{name} ({group})" if name else group


def utc(time: datetime | None) -> str:
    """Returns a time to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else "an unknown time"


def release_command(target: str, group: str, user: str) -> str:
    """Returns the command line that releases the held change of one user and one group."""
    return f"python -m hasten release {target} --group {group} --user {user}"
