"""Opens the app for one invocation.

The settings and targets.yaml are read when a function runs, not when Azure loads the app: an app
that fails while it is loaded has no functions, and nothing reports that. A failure is not kept: the
next invocation reads both again.
"""

import asyncio
from datetime import timedelta

from hasten.adapters.telemetry import emit
from hasten.app import App, app
from hasten.errors import PermanentError
from hasten.telemetry.operate import NotConfigured

PAUSE = timedelta(minutes=1)
"""Service Bus delivers the message of a function that failed again at once, and dead-letters it
after ten deliveries (infra/entities.json). With the pause these take ten minutes."""


def opened(function: str) -> App:
    """Raises PermanentError that names the first bad setting or the bad line of targets.yaml, and
    emits it as an event."""
    try:
        return app()
    except PermanentError as error:
        emit(NotConfigured(function=function, reason=error.reason, next_action=error.next_action))
        raise


async def opened_for_message(function: str) -> App:
    """As `opened`, for a message that Service Bus should deliver again, but not at once."""
    try:
        return opened(function)
    except PermanentError:
        await asyncio.sleep(PAUSE.total_seconds())
        raise
