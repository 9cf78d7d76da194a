"""Lets the work on a group go on after Graph refuses to write one user, so that it keeps nobody
else waiting."""

from collections.abc import Iterator
from contextlib import contextmanager

from hasten.ensure.fence import StoppedError
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory_errors import NOT_YET_DELAY
from hasten.telemetry.ensure import WriteRefused

MOST_REFUSALS_IN_A_ROW = 3
"""Number of refusals without an accepted write in between after which the work on a group ends:
Graph may refuse every user, in an outage or without a permission."""

PASSING_TRIES = 3
"""Number of tries of a user that may fail with a TemporaryError before that is a problem."""

Refusal = TemporaryError | PermanentError


class Refusals:
    """The users whom Graph refused to write in one piece of work, each with the last error."""

    def __init__(self) -> None:
        self.errors: dict[str, Refusal] = {}
        self._in_a_row = 0

    @contextmanager
    def of(self, user: str) -> Iterator[None]:
        """Wraps the write of one user and keeps its TemporaryError or PermanentError. Raises
        StoppedError, which concerns the whole target."""
        try:
            yield
        except StoppedError:
            raise
        except (TemporaryError, PermanentError) as error:
            self.errors[user] = error
            is_asked_to_wait = isinstance(error, TemporaryError) and error.delay > NOT_YET_DELAY
            self._in_a_row = MOST_REFUSALS_IN_A_ROW if is_asked_to_wait else self._in_a_row + 1
        else:
            self._in_a_row = 0

    @property
    def are_too_many(self) -> bool:
        """Returns whether the work has to end: Graph may refuse every user, or asks for a pause."""
        return self._in_a_row >= MOST_REFUSALS_IN_A_ROW

    @property
    def last(self) -> Refusal | None:
        """The error that came last."""
        return next(reversed(self.errors.values()), None)


def told(error: Refusal, *, target: str, group: str, user: str, tries: int) -> WriteRefused:
    """Returns the event of a refusal. `tries` counts those that failed, with this one."""
    may_pass = isinstance(error, TemporaryError) and tries <= PASSING_TRIES
    return WriteRefused(
        result="delayed" if may_pass else "refused",
        target=target,
        group=group,
        user=user,
        tries=tries,
        reason=error.reason,
        next_action=error.next_action,
    )
