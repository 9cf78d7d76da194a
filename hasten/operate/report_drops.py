"""Reports the events that an operator has dropped."""

from hasten.context import Context
from hasten.records import drops
from hasten.telemetry.operate import EventDropped


async def report_drops(context: Context) -> None:
    """Emits an event for each drop, once. Raises TemporaryError."""
    for document, dropped in await drops.unreported(context.store):
        context.emit(
            EventDropped(
                target=dropped.target,
                what=dropped.what,
                event=dropped.event,
                message=dropped.message,
                people=len(dropped.users),
                by=dropped.by,
                reason=dropped.reason,
            )
        )
        await drops.reported(context.store, document)
