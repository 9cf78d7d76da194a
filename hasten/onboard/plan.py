"""What an event asks for, person by person: what is to be done, and what is refused and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hasten.domain.intents import Wanted
from hasten.events.faults import Fault
from hasten.events.models import Data, UserRef
from hasten.onboard.resolve import KnownGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """The same for several people. `spec` is how the event wants the group made."""

    group: KnownGroup
    users: Sequence[str]
    wanted: Wanted
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A part of the event, as an event of its own; `group` and `user` where it is about one."""

    data: Data
    faults: Sequence[Fault]
    group: str = ""
    user: str = ""


@dataclass(slots=True)
class Plan:
    wants: list[Want] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    """People for whom there is nothing to do: they are not assigned to the target."""

    asked: Mapping[str, Sequence[UserRef]] = field(default_factory=dict)
    """How the event names each person, by object id."""
