"""Defines how a function ends that fails. The runtime of Azure Functions writes the exception that
leaves a function into its own log, so that it must name nobody."""

from hasten.adapters.telemetry.cleaning import clean_text
from hasten.errors import Conflict, PermanentError, TemporaryError


class FunctionFailedError(Exception):
    """A function failed. The text says why, as cleaned as the events of Hasten."""

    @classmethod
    def of(cls, error: Exception) -> "FunctionFailedError":
        if isinstance(error, PermanentError | TemporaryError | Conflict):
            return cls(clean_text(f"{type(error).__name__}: {error}"))
        from hasten.domain.unexpected import Unexpected  # noqa: PLC0415 - slow to load

        met = Unexpected.of(error)
        return cls(clean_text(f"{met.reason}\n{met.trace}"))
