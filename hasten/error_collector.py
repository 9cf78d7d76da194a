"""Collects the errors of independent steps, so that one group's error does not stop the others."""

from collections.abc import Iterator
from contextlib import contextmanager

from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.stray_end import no_stray_end


class ErrorCollector:
    """The errors collected so far."""

    def __init__(self) -> None:
        self._unexpected: list[Exception] = []
        self._temporary: list[TemporaryError] = []
        self._permanent: list[PermanentError] = []

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Catches a TemporaryError or PermanentError that ends the block, for `raise_worst`."""
        try:
            yield
        except TemporaryError as error:
            self.add(error)
        except PermanentError as error:
            self._permanent.append(error)

    @contextmanager
    def collect_any(self) -> Iterator[None]:
        """Collects unexpected exceptions too. Such an exception delays nobody else, and
        `raise_worst` raises it before all others."""
        with self.collect_unexpected(), self.collect():
            yield

    @contextmanager
    def collect_unexpected(self) -> Iterator[None]:
        """Catches any exception but a TemporaryError or PermanentError, also a stray end."""
        try:
            with no_stray_end():
                yield
        except (TemporaryError, PermanentError):
            raise
        except Exception as error:  # noqa: BLE001 - raised later
            self._unexpected.append(error)

    def add(self, error: TemporaryError) -> None:
        self._temporary.append(error)

    @property
    def worst(self) -> TemporaryError | PermanentError | None:
        """The TemporaryError with the longest delay, else the first PermanentError.

        After a TemporaryError the step is tried again, and a permanent error then occurs again.
        """
        if self._temporary:
            return max(self._temporary, key=lambda error: error.delay)
        return self._permanent[0] if self._permanent else None

    def raise_worst(self) -> None:
        """Raises the first bug, else the first lost race, else `worst`."""
        if self._unexpected:
            raise min(self._unexpected, key=lambda error: isinstance(error, Conflict))
        if (worst := self.worst) is not None:
            raise worst
