"""Defines the two exceptions that decide about retries, and the one that reports a lost race. Any
other exception is a bug and must surface."""

from datetime import timedelta


class PermanentError(Exception):
    """Another try cannot help until someone does `next_action`."""

    def __init__(self, reason: str, next_action: str) -> None:
        super().__init__(f"{reason}; {next_action}")
        self.reason = reason
        self.next_action = next_action


class WrongInputError(PermanentError):
    """A service refused a value that came from outside, for example from an event. Every other
    PermanentError is a fault of Hasten's own surroundings, and no fault of an event."""


class NotFoundError(PermanentError):
    """The person or the entry that somebody named does not exist."""


class TemporaryError(Exception):
    """Another try after `delay` may help. `next_action` is for an operator who sees the error."""

    next_action = "try again; if it stays, python -m hasten doctor says why"

    def __init__(self, reason: str, delay: timedelta) -> None:
        super().__init__(f"{reason}; try again in {delay.total_seconds():g} s")
        self.reason = reason
        self.delay = delay


class Conflict(Exception):  # noqa: N818 - the field's word
    """Another writer of the store was first, and nothing was written. Read again and decide
    again."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed by another writer")
        self.key = key
