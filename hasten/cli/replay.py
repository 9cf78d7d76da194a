"""`replay`: sends parked events and dead letters again."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Protocol

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, By, SettingsFile, Yes, filled
from hasten.cli.printing import as_json_object, complain, say, table
from hasten.cli.running import Code, UsageError, run
from hasten.cli.scheduled import MAX_PEOPLE_SHOWN, Why
from hasten.context import Context
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.parked_events import drop_parked, read_parked
from hasten.operate.problems import Problem, of_error
from hasten.operate.replay import names, parked, replay_parked
from hasten.ports import bus
from hasten.ports.dead_letters import Parked


class Move(Protocol):
    """Sends messages again, or drops them, and returns how many."""

    async def __call__(
        self, context: Context, queue: str, found: Sequence[Parked], /, *, by: str
    ) -> int: ...


class Queue(StrEnum):
    ONBOARDING_REJECTED = bus.ONBOARDING_REJECTED
    ONBOARDING_EVENTS = bus.ONBOARDING_EVENTS
    DIRECTORY_CHANGES = bus.DIRECTORY_CHANGES
    ENSURE = bus.ENSURE
    PROVISIONING = bus.PROVISIONING


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """`field`, `problem` and `fix` belong to the first fault of a rejected event; else they are
    empty. `users` are the references of the event, as it names them."""

    message: str
    event: str
    type: str
    reason: str
    field: str = ""
    problem: str = ""
    fix: str = ""
    target: str = ""
    source: str = ""
    users: Sequence[str] = ()

    @property
    def text(self) -> str:
        if not self.field:
            return self.reason
        return f"{self.reason}\n{self.field}: {self.problem}\n→ {self.fix}"

    @property
    def people(self) -> str:
        more = len(self.users) - MAX_PEOPLE_SHOWN
        return "\n".join(
            [*self.users[:MAX_PEOPLE_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """`outcome` is planned, sent again, dropped or failed; `moved` counts the messages that were
    still there. `problem` says why Hasten stopped before the last message."""

    queue: str
    messages: Sequence[ListedEvent]
    outcome: str
    moved: int
    problem: Problem | None = None


def replay(
    *,
    queue: Annotated[Queue, typer.Option(help="Queue that has the messages.")],
    dead_letters: Annotated[
        bool, typer.Option("--dead-letters", help="Take the dead letters of the queue.")
    ] = False,
    id_: Annotated[
        list[str] | None,
        typer.Option("--id", help="Id of an event or of a message; default: all.", callback=filled),
    ] = None,
    drop: Annotated[
        bool, typer.Option("--drop", help="Delete the messages and send nothing.")
    ] = False,
    by: By = None,
    reason: Why = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the messages.")] = False,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Sends parked events or dead letters again, or deletes them."""
    move = drop_parked if drop else replay_parked
    done = "dropped" if drop else "sent again"

    async def work(operator: Operator) -> Code:
        if queue is not Queue.ONBOARDING_REJECTED and not dead_letters:
            raise UsageError(f"{queue} is read by the app itself: give --dead-letters")
        if drop and not dry_run and not reason:
            raise UsageError("--drop needs --reason: explain and the log show it")
        found = await _chosen(operator.context, queue, id_ or (), dead_letters=dead_letters)
        act = partial(
            _moved,
            operator,
            queue,
            found,
            partial(move, dead_letters=dead_letters, named=by or "", reason=reason or ""),
            dead_letters=dead_letters,
        )
        if json:
            acts = yes and not dry_run and bool(found)
            moved, problem = await act() if acts else (0, None)
            outcome = "failed" if problem else done if acts else "planned"
            as_json_object(Replayed(queue, list(map(_shown, found)), outcome, moved, problem))
            return Code.PROBLEM if problem else Code.FINE
        if not found:
            say("The queue has no messages.")
            return Code.FINE
        _show(queue, found)
        if dry_run:
            return Code.FINE
        if not (yes or typer.confirm("Delete them?" if drop else "Send them again?")):
            say("Nothing was done.")
            return Code.PROBLEM
        moved, problem = await act()
        return _report(f"{moved} {done}.", problem, left=len(found) - moved)

    run(settings, work)


def _report(done: str, problem: Problem | None, *, left: int) -> Code:
    say(done)
    if problem:
        complain(str(problem))
        return Code.PROBLEM
    if left:
        say(f"{left} were handled by somebody else first.")
    return Code.FINE


async def _chosen(
    context: Context, queue: str, ids: Sequence[str], *, dead_letters: bool
) -> list[Parked]:
    """Raises PermanentError for an id that no message has, and TemporaryError."""
    found = await parked(context, queue, dead_letters=dead_letters, ids=ids)
    unknown = sorted(set(ids).difference(*map(names, found)))
    if unknown:
        raise PermanentError(
            f"{queue} has no message with the id {', '.join(unknown)}",
            "list the messages with --dry-run and without --id",
        )
    return found


async def _moved(
    operator: Operator, queue: str, found: Sequence[Parked], move: Move, *, dead_letters: bool
) -> tuple[int, Problem | None]:
    """Returns how many messages were moved, and the error that ended the work, if any. Raises
    PermanentError and TemporaryError if none was moved."""
    try:
        return await move(operator.context, queue, found, by=await operator.who()), None
    except (PermanentError, TemporaryError) as error:
        messages = operator.context.parked_messages
        lying = await messages.parked(queue, dead_letters=dead_letters)
        left = {one.number for one in lying}
        moved = sum(one.number not in left for one in found)
        if not moved:
            raise
        return moved, of_error(error)


def _show(queue: str, found: Sequence[Parked]) -> None:
    shown = map(_shown, found)
    rows = [(one.message, one.event, one.type, one.people, one.text) for one in shown]
    table(f"{len(found)} of {queue}", "message", "event", "type", "people", "reason", rows=rows)


def _shown(parked: Parked) -> ListedEvent:
    one = read_parked(parked)
    return ListedEvent(
        message=one.id,
        event=one.event,
        type=parked.subject or "",
        reason=one.reason,
        field=one.field,
        problem=one.problem,
        fix=one.fix,
        target=one.target,
        source=one.source,
        users=one.users,
    )
