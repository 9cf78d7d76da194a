"""What went wrong on the way, kept until the rest is done: one group holds up no other."""

from collections.abc import Iterator
from contextlib import contextmanager

from hasten.errors import PermanentError, TemporaryError


class Troubles:
    def __init__(self) -> None:
        self._passing: list[TemporaryError] = []
        self._lasting: list[PermanentError] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Ends the block at either of the two exceptions, and keeps it for `surface`."""
        try:
            yield
        except TemporaryError as error:
            self.add(error)
        except PermanentError as error:
            self._lasting.append(error)

    def add(self, error: TemporaryError) -> None:
        self._passing.append(error)

    def surface(self) -> None:
        """Raises what calls for another try first: what is lasting then comes again."""
        if self._passing:
            raise max(self._passing, key=lambda error: error.delay)
        if self._lasting:
            raise self._lasting[0]
