"""Asks the app for a test message: only the app has the address of a destination."""

from dataclasses import replace

from hasten.context import Context
from hasten.errors import PermanentError
from hasten.records import destinations


async def ask_for_trial(context: Context, name: str) -> None:
    """Asks for a test message, which the app posts within a minute, also to a destination that is
    parked. Raises PermanentError if the app does not know the destination, and Conflict if it posts
    at the same moment."""
    progress = (await destinations.load_all(context.store)).get(name)
    if progress is None:
        raise PermanentError(
            f"the app does not know the destination {name} yet",
            "deploy the targets.yaml that names it, and wait two minutes",
        )
    await destinations.save(context.store, replace(progress, wants_trial=True))
