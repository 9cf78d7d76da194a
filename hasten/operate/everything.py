"""Gathers everything that Hasten knows about one person, in all targets: for `explain` and the
API."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hasten.context import Context
from hasten.domain.explaining import explain as sentences
from hasten.domain.person_facts import Facts
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.explain import find_person, gather, refuse_unknown
from hasten.operate.health import Health, readable_health
from hasten.operate.names import readable_names
from hasten.operate.parked_events import ParkedEvent, of_person
from hasten.operate.problems import Problem, of_error
from hasten.operate.scheduled import Scheduled, scheduled
from hasten.ports.bus import ONBOARDING_REJECTED
from hasten.records import drops
from hasten.records.drops import Dropped
from hasten.targets import Target


@dataclass(frozen=True, slots=True)
class Explained:
    """`facts` are None if they could not be gathered. `problem` says why, or why they are
    incomplete."""

    target: str
    facts: Facts | None = None
    sentences: Sequence[str] = ()
    problem: Problem | None = None
    scheduled: Sequence[Scheduled] = ()
    """Starts and ends of events about the user."""


@dataclass(frozen=True, slots=True)
class Everything:
    app: Health
    targets: Sequence[Explained]
    parked: Sequence[ParkedEvent] = ()
    """Rejected events about the user, of all targets."""

    dropped: Sequence[Dropped] = ()
    """Events about the user that an operator dropped."""

    problem: Problem | None = None
    """The reason why Hasten could not read the parked events, or by which names events may know the
    user."""


async def everything_about(context: Context, given: str, targets: Sequence[Target]) -> Everything:
    """Returns what is known about the user with this object id, UPN, mail or employeeId.

    Raises PermanentError if nobody or several users have it, and TemporaryError of Graph while it
    looks for them.
    """
    found = await find_person(context, given)
    await refuse_unknown(context, found)
    names, problem = await readable_names(context, found, given)
    app = await readable_health(context)
    explained = [await _explained(context, one, found, names) for one in targets]
    everything = Everything(app, explained, problem=problem)
    return await _with_what_waits(context, everything, names)


async def _with_what_waits(
    context: Context, everything: Everything, names: Sequence[str]
) -> Everything:
    """Adds the parked and the dropped events of the user. An unreachable Service Bus hides nothing
    that the store knows."""
    of_user = [d for d in await drops.load_all(context.store) if not set(names).isdisjoint(d.users)]
    everything = replace(everything, dropped=of_user)
    try:
        lying = await context.parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False)
    except (PermanentError, TemporaryError) as error:
        return replace(everything, problem=of_error(error))
    return replace(everything, parked=of_person(lying, names))


async def _explained(
    context: Context, target: Target, user: str, names: Sequence[str]
) -> Explained:
    """Gathers the facts for one target. An error hides no other target."""
    ahead: Sequence[Scheduled] = ()
    try:
        ahead = await scheduled(context, targets=[target.name], users=names)
        facts = await gather(context, target, user)
    except (PermanentError, TemporaryError) as error:
        return Explained(target.name, problem=of_error(error), scheduled=ahead)
    problem = Problem(facts.unread, facts.unread_action) if facts.unread else None
    return Explained(target.name, facts, sentences(facts), problem, ahead)
