"""Opens the app for one invocation.

The settings and targets.yaml are read when a function runs, not when Azure loads the app: an app
that fails while it is loaded has no functions, and nothing reports that. A failure is not kept: the
next invocation reads both again.
"""

import asyncio

from hasten.adapters.telemetry import emit
from hasten.app import App, app
from hasten.errors import PermanentError
from hasten.limits import REDELIVERY_PAUSE


def opened(function: str) -> App:
    """Returns the app. Raises PermanentError that names the first wrong setting or the wrong line
    of targets.yaml, and emits it as an event."""
    try:
        return app()
    except PermanentError as error:
        from hasten.telemetry.operate import NotConfigured  # noqa: PLC0415 - slow to load

        emit(NotConfigured(function=function, reason=error.reason, next_action=error.next_action))
        raise


async def opened_for_message(function: str) -> App:
    """Returns the app, ready to receive, for a message. Whatever keeps the app from that,
    Service Bus delivers the message again only after REDELIVERY_PAUSE: at once, all deliveries of
    all messages would be over within a moment."""
    try:
        app = opened(function)
        _ = app.flow
    except Exception as error:
        if not isinstance(error, PermanentError):
            _report(function, error)
        await asyncio.sleep(REDELIVERY_PAUSE.total_seconds())
        raise
    return app


def _report(function: str, error: Exception) -> None:
    from hasten.domain.unexpected import Unexpected  # noqa: PLC0415 - slow to load
    from hasten.telemetry.work import MessageCrashed  # noqa: PLC0415 - the same

    met = Unexpected.of(error)
    queue = function.replace("_", "-")
    emit(MessageCrashed(queue=queue, tries=1, reason=met.reason, trace=met.trace))
