"""The plan of an event: the intents it asks for, person by person, and the parts that Hasten
refuses, or that Graph does not show for now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hasten.domain.intents import Wanted
from hasten.errors import ReadError
from hasten.events.faults import Fault
from hasten.events.models import Data, UserRef
from hasten.onboard.resolve import KnownGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One wanted state for several users of one group. `spec` describes how the event wants the
    group to be created."""

    group: KnownGroup
    users: Sequence[str]
    wanted: Wanted
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPart:
    """A refused part of the event, as an event of its own. `group` and `user` are set if the part
    concerns one of them."""

    data: Data
    faults: Sequence[Fault]
    group: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadPart:
    """A part about which Graph or the store gives no usable answer, or that comes after an earlier
    event, as an event of its own. `users` are the object ids of its people, as far as Hasten knows
    them."""

    data: Data
    error: ReadError
    users: Collection[str] = ()


@dataclass(slots=True)
class EventPlan:
    wants: list[Want] = field(default_factory=list)
    refused: list[RefusedPart] = field(default_factory=list)
    unread: list[UnreadPart] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    """Users for whom there is nothing to do, because they are not assigned to the target."""

    gone: Collection[str] = ()
    """Those of `idle` whom Graph does not show, and of whom Hasten does not know that they never
    had access."""

    doubts: dict[str, str] = field(default_factory=dict)
    """Why nothing shows that those of `idle` have no access in the app, by user, where no call can
    show it. Only the last look at the event knows."""

    asked: Mapping[str, Sequence[UserRef]] = field(default_factory=dict)
    """The references by which the event names each user, by object id."""

    @property
    def has_work(self) -> bool:
        """Returns whether the plan is about anybody but the parts that Graph does not show."""
        return any(want.users for want in self.wants) or bool(self.refused or self.idle)
