"""The plan of an event: the intents it asks for, person by person, and the parts that Hasten
refuses."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hasten.domain.intents import Wanted
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


@dataclass(slots=True)
class EventPlan:
    wants: list[Want] = field(default_factory=list)
    refused: list[RefusedPart] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    """Users for whom there is nothing to do, because they are not assigned to the target."""

    gone: Collection[str] = ()
    """Those of `idle` whom Graph does not show, and who may still have access in the app."""

    asked: Mapping[str, Sequence[UserRef]] = field(default_factory=dict)
    """The references by which the event names each user, by object id."""
