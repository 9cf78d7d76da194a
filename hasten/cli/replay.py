"""`replay`: parked events and dead letters, sent again."""

from enum import StrEnum
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import say, table
from hasten.cli.running import Code, SettingsFile, UsageError, Yes, run
from hasten.operate.replay import event_id, parked, replay_parked, why
from hasten.ports import bus


class Queue(StrEnum):
    ONBOARDING_REJECTED = bus.ONBOARDING_REJECTED
    ONBOARDING_EVENTS = bus.ONBOARDING_EVENTS
    DIRECTORY_CHANGES = bus.DIRECTORY_CHANGES
    ENSURE = bus.ENSURE
    PROVISIONING = bus.PROVISIONING


def replay(
    *,
    queue: Annotated[Queue, typer.Option(help="Where they lie.")],
    dead_letters: Annotated[
        bool, typer.Option("--dead-letters", help="Those of its dead-letter queue.")
    ] = False,
    id_: Annotated[
        list[str] | None, typer.Option("--id", help="Of an event or a message; all without.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show them.")] = False,
    yes: Yes = False,
    settings: SettingsFile = None,
) -> None:
    """Sends rejected events, or the dead letters of a queue, again."""

    async def work(operator: Operator) -> Code:
        if queue is not Queue.ONBOARDING_REJECTED and not dead_letters:
            raise UsageError(f"{queue} is read by the app itself: give --dead-letters")
        ids = frozenset(id_ or ())
        found = await parked(operator.shelf, queue, dead_letters=dead_letters, ids=ids)
        if not found:
            say("There is nothing to send again.")
            return Code.PROBLEM if ids else Code.FINE
        rows = [(one.message_id, event_id(one), one.subject or "", why(one)) for one in found]
        table(f"{len(found)} of {queue}", "message", "event", "type", "reason", rows=rows)
        if dry_run:
            return Code.FINE
        if not (yes or typer.confirm("Send them again?")):
            say("Nothing was done.")
            return Code.PROBLEM
        sent = await replay_parked(
            operator.context, operator.shelf, queue, found, dead_letters=dead_letters
        )
        say(f"{sent} sent again.")
        if sent < len(found):
            say(f"{len(found) - sent} were taken by somebody else meanwhile.")
        return Code.FINE

    run(settings, work)
