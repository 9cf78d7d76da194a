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


class NoTokenError(TemporaryError):
    """Entra ID gave no token for a service, so nobody asked the service. The identity of the app
    can be out of reach for a moment; an operator has to sign in."""

    next_action = (
        "sign in with `az login`, or give the app a managed identity; AZURE_CLIENT_ID, where it is "
        "set, must be the client id of that identity"
    )

    def __init__(self, service: str, error: Exception, delay: timedelta) -> None:
        """Names `error` by its type alone, because its text may name tenant and client."""
        super().__init__(f"no token for {service}: {type(error).__name__}", delay)

    def __str__(self) -> str:
        return f"{self.reason}; {self.next_action}"


ReadError = TemporaryError | PermanentError
"""Why a read failed, as a value: the work goes on with what the other reads have shown."""


class Conflict(Exception):  # noqa: N818 - the field's word
    """Another writer of the store was first, and nothing was written. Read again and decide
    again."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed by another writer")
        self.key = key
