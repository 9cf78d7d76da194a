"""A problem that someone should act on, as `status` and `doctor` report it."""

from dataclasses import dataclass

from hasten.errors import PermanentError, TemporaryError


@dataclass(frozen=True, slots=True)
class Problem:
    """`found` describes the problem and `fix` the action."""

    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.found}: {self.fix}"


def of_error(error: PermanentError | TemporaryError) -> Problem:
    return Problem(error.reason, error.next_action)
