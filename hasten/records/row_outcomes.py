"""Says what is written to the outbox, and of failures, in the commit that writes a row."""

from collections.abc import Sequence

from hasten.domain.changes import Change, State
from hasten.domain.outcomes import NOT_TAKEN, of_change, of_person
from hasten.ports.store import Put, Write
from hasten.records import failures, outbox


def outcomes_of(before: Change | None, now: Change) -> Sequence[Write]:
    """Returns the outcomes to publish with a write: that of the row that ends, and that of the row
    it replaces."""
    writes: list[Write] = [*outcomes_of_moved(before, now)]
    is_news = before is None or before.state is not now.state
    if is_news and not now.is_open:
        writes.append(outbox.put(of_change(now)))
    if is_news and now.is_removal and now.state is State.FAILED:
        writes.append(outbox.put(of_person(NOT_TAKEN, now, now=now.finished_at or now.found_at)))
    return writes


def outcomes_of_moved(before: Change | None, now: Change) -> Sequence[Write]:
    """Returns the same for a row that comes from another target: how it ended was published for
    that one."""
    writes: list[Put] = []
    if before is not None and before.is_open and before.action is not now.action:
        writes.append(outbox.put(of_change(before, State.SUPERSEDED, now.found_at)))
    is_news = before is None or before.state is not now.state
    if is_news and now.state is State.FAILED and now.finished_at is not None:
        writes.append(failures.put(now, now.finished_at))
    return writes
