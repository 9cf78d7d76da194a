"""What someone should act on, as `status` and `doctor` tell it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`found` is what is wrong, `fix` what to do about it."""

    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.found}: {self.fix}"
