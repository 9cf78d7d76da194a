"""Turns the end of a task that nobody asked for into an ordinary exception.

A library that awaits something cancelled raises CancelledError, and one that gives up may raise
SystemExit. Neither is an Exception: Azure's worker would never answer for the message, or would end
with everything that runs in it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class StrayEndError(Exception):
    """A library ended the work, although nobody cancelled its task."""


@contextmanager
def no_stray_end() -> Iterator[None]:
    """Raises StrayEndError in place of SystemExit, and of CancelledError in a task that nobody has
    cancelled."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise StrayEndError("a library cancelled the work") from error
    except SystemExit as error:
        raise StrayEndError("a library ended the process") from error
