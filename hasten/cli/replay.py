"""`replay`: sends parked events and dead letters again."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Protocol

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json_object, complain, say, table
from hasten.cli.running import AsJson, Code, SettingsFile, UsageError, Yes, filled, run
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.problems import Problem, of_error
from hasten.operate.replay import drop_parked, event_id, names, parked, replay_parked, why
from hasten.ports import bus
from hasten.ports.dead_letters import Parked


class Do(Protocol):
    """Moves messages and returns how many."""

    async def __call__(
        self, operator: Operator, queue: str, found: Sequence[Parked], /, *, dead_letters: bool
    ) -> int: ...


class Queue(StrEnum):
    ONBOARDING_REJECTED = bus.ONBOARDING_REJECTED
    ONBOARDING_EVENTS = bus.ONBOARDING_EVENTS
    DIRECTORY_CHANGES = bus.DIRECTORY_CHANGES
    ENSURE = bus.ENSURE
    PROVISIONING = bus.PROVISIONING


@dataclass(frozen=True, slots=True)
class Shown:
    """`field`, `problem` and `fix` belong to the first fault of a rejected event; else they are
    empty."""

    message: str
    event: str
    type: str
    reason: str
    field: str = ""
    problem: str = ""
    fix: str = ""

    @property
    def text(self) -> str:
        if not self.field:
            return self.reason
        return f"{self.reason}\n{self.field}: {self.problem}\n→ {self.fix}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """`outcome` is planned, sent again, dropped or failed; `moved` counts the messages that were
    still there. `problem` says why Hasten stopped before the last message."""

    queue: str
    messages: Sequence[Shown]
    outcome: str
    moved: int
    problem: Problem | None = None


def replay(
    *,
    queue: Annotated[Queue, typer.Option(help="Queue of the messages.")],
    dead_letters: Annotated[
        bool, typer.Option("--dead-letters", help="Use its dead-letter queue.")
    ] = False,
    id_: Annotated[
        list[str] | None,
        typer.Option("--id", help="Id of an event or message; default: all.", callback=filled),
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Delete them without sending them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show them.")] = False,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Sends rejected events, or the dead letters of a queue, again, or drops them."""
    do: Do = _drop if drop else _send
    done = "dropped" if drop else "sent again"

    async def work(operator: Operator) -> Code:
        if queue is not Queue.ONBOARDING_REJECTED and not dead_letters:
            raise UsageError(f"{queue} is read by the app itself: give --dead-letters")
        ids = frozenset(id_ or ())
        found = await parked(operator.parked_messages, queue, dead_letters=dead_letters, ids=ids)
        unknown = sorted(ids.difference(*(names(one) for one in found)))
        if unknown:
            raise PermanentError(
                f"{queue} has nothing with the id {', '.join(unknown)}",
                "see what lies there with --dry-run and no --id",
            )
        shown = [
            Shown(one.message_id, event_id(one), one.subject or "", *why(one)) for one in found
        ]
        if json:
            sends = yes and not dry_run and bool(found)
            moved, problem = 0, None
            if sends:
                moved, problem = await _done(operator, queue, found, do, dead_letters=dead_letters)
            outcome = "failed" if problem else done if sends else "planned"
            as_json_object(Replayed(queue, shown, outcome, moved, problem))
            return Code.PROBLEM if problem else Code.FINE
        if not found:
            say("Nothing lies there.")
            return Code.FINE
        rows = [(one.message, one.event, one.type, one.text) for one in shown]
        table(f"{len(found)} of {queue}", "message", "event", "type", "reason", rows=rows)
        if dry_run:
            return Code.FINE
        if not (yes or typer.confirm("Drop them for good?" if drop else "Send them again?")):
            say("Nothing was done.")
            return Code.PROBLEM
        moved, problem = await _done(operator, queue, found, do, dead_letters=dead_letters)
        say(f"{moved} {done}.")
        if problem:
            complain(str(problem))
            return Code.PROBLEM
        if moved < len(found):
            say(f"{len(found) - moved} were taken by somebody else meanwhile.")
        return Code.FINE

    run(settings, work)


async def _done(
    operator: Operator, queue: str, found: Sequence[Parked], do: Do, *, dead_letters: bool
) -> tuple[int, Problem | None]:
    """Returns how many messages were moved, and the error that ended the work, if any. Raises
    PermanentError and TemporaryError if none was moved."""
    try:
        return await do(operator, queue, found, dead_letters=dead_letters), None
    except (PermanentError, TemporaryError) as error:
        lying = await operator.parked_messages.parked(queue, dead_letters=dead_letters)
        left = {one.number for one in lying}
        moved = sum(one.number not in left for one in found)
        if not moved:
            raise
        return moved, of_error(error)


async def _send(
    operator: Operator, queue: str, found: Sequence[Parked], *, dead_letters: bool
) -> int:
    return await replay_parked(
        operator.context, operator.parked_messages, queue, found, dead_letters=dead_letters
    )


async def _drop(
    operator: Operator, queue: str, found: Sequence[Parked], *, dead_letters: bool
) -> int:
    return await drop_parked(operator.parked_messages, queue, found, dead_letters=dead_letters)
