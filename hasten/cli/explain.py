"""`explain`: describes the state of one user in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json_object, say
from hasten.cli.running import AsJson, Code, SettingsFile, chosen, filled, run
from hasten.cli.scheduled import keys_of
from hasten.context import Context
from hasten.domain.explaining import explain as sentences
from hasten.domain.person_facts import Facts
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.explain import find_person, gather, refuse_unknown
from hasten.operate.health import Health, readable_health
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
    """Why the parked events could not be read."""


def explain(
    user: Annotated[
        str, typer.Argument(help="Object id, UPN, mail or employeeId.", callback=filled)
    ],
    *,
    target: Annotated[
        str | None, typer.Option(help="Name in targets.yaml; default: all.", callback=filled)
    ] = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Explains a user's state in each target: assignments, what happened and what comes next."""

    async def work(operator: Operator) -> Code:
        context = operator.context
        targets = chosen(operator, target)
        found = await find_person(context, user.strip())
        await refuse_unknown(context, found)
        names = [found, *keys_of(user.strip())]
        app = await readable_health(context)
        explained = [await _explained(context, one, found, names) for one in targets]
        everything = await _with_what_waits(operator, Everything(app, explained), names, user)
        if json:
            as_json_object(everything)
        else:
            _show_app(app)
            for one in explained:
                _show(one, user)
            _show_what_waits(everything)
        is_ill = everything.problem or any(one.problem for one in explained)
        return Code.PROBLEM if is_ill else Code.FINE

    run(settings, work)


async def _with_what_waits(
    operator: Operator, everything: Everything, names: Sequence[str], given: str
) -> Everything:
    """Adds the parked and the dropped events of the user. An unreachable Service Bus hides nothing
    that the store knows."""
    context = operator.context
    of_user = [d for d in await drops.load_all(context.store) if not set(names).isdisjoint(d.users)]
    everything = replace(everything, dropped=of_user)
    try:
        lying = await operator.parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False)
    except (PermanentError, TemporaryError) as error:
        return replace(everything, problem=of_error(error))
    return replace(everything, parked=await of_person(context, lying, names[0], given.strip()))


def _show_what_waits(everything: Everything) -> None:
    for parked in everything.parked:
        say(f"! {parked}")
    for dropped in everything.dropped:
        say(f"- {dropped}")
    if everything.problem:
        say(f"! {everything.problem}")


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


def _show_app(app: Health) -> None:
    """Says when the timers last did their work, because a person waits as long as they do."""
    for problem in app.problems:
        say(f"! {problem}")
    ages = ", ".join(f"{timer.timer} {timer}" for timer in app.timers)
    if ages:
        say(f"Hasten's timers did their work: {ages}.")


def _show(one: Explained, user: str) -> None:
    say(f"{one.target}, {user}:")
    for sentence in one.sentences:
        say(f"- {sentence}")
    for ahead in one.scheduled:
        is_overtaken = ", which a newer event has overtaken" if ahead.overtaken else ""
        say(f"- Scheduled: {ahead}{is_overtaken}. Its id: {ahead.id}.")
    if one.problem:
        say(f"! {one.problem}")
