"""A finding of a check: one line of the doctor's table."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`fix` gives the action for every finding that is not ok. `target` is empty if the finding
    concerns no single target."""

    check: str
    level: Level
    found: str
    fix: str = ""
    target: str = ""


def ok(check: str, found: str) -> Finding:
    return Finding(check=check, level=Level.OK, found=found)


def warning(check: str, found: str, fix: str) -> Finding:
    return Finding(check=check, level=Level.WARNING, found=found, fix=fix)


def problem(check: str, found: str, fix: str) -> Finding:
    return Finding(check=check, level=Level.PROBLEM, found=found, fix=fix)
