"""Checks the history for the command line and the page."""

from collections.abc import Mapping
from datetime import datetime

from hasten.context import Context
from hasten.domain.history_findings import Checked
from hasten.records.history_check import Check


async def check_history(
    context: Context, *, since: datetime | None, expected: Mapping[int, str]
) -> Checked:
    """Compares everything since the beginning of the day of `since`, or all that is kept, with the
    seals. Reads all of it. `expected` are digests of seals from the log, by number.

    Raises TemporaryError and PermanentError of the store.
    """
    begin = since.replace(hour=0, minute=0, second=0, microsecond=0) if since else None
    return await Check(context.store, context.now(), begin, expected).run()
