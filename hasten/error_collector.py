"""Collects the errors of independent steps, so that one group's error does not stop the others."""

from collections.abc import Iterator
from contextlib import contextmanager

from hasten.errors import PermanentError, TemporaryError


class ErrorCollector:
    """The errors collected so far."""

    def __init__(self) -> None:
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
        if (worst := self.worst) is not None:
            raise worst
