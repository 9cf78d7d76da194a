"""Describes an exception that nobody expected, which is a defect of Hasten, for the log."""

import traceback
from dataclasses import dataclass
from pathlib import PurePath
from typing import Self

from hasten.domain.redaction import redacted

PACKAGES = ("hasten", "handlers")
NEXT_ACTION = "report it with the traceback of the event `crashed` in the log; Hasten tries again"

LONGEST_TRACE = 8000
"""Characters. A line of the log in Application Insights holds 32,768."""

MOST_CAUSES = 100


@dataclass(frozen=True, slots=True)
class Unexpected:
    """`reason` names the exception and where Hasten met it; `trace` is the traceback. Neither has
    quoted texts or addresses, which may name a person."""

    reason: str
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        summary = traceback.TracebackException.from_exception(error)
        ours = [f"{_short(f.filename)}:{f.lineno}" for f in summary.stack if _is_ours(f.filename)]
        name = type(error).__name__
        return cls(f"{name} at {ours[-1]}" if ours else name, _trace(summary)[-LONGEST_TRACE:])


def _trace(summary: traceback.TracebackException) -> str:
    """Returns the chain of causes, the first cause first, as Python prints it but without source
    lines. Of a long chain, the last causes are enough."""
    parts: list[str] = []
    link: traceback.TracebackException | None = summary
    while link is not None and len(parts) < MOST_CAUSES:
        frames = [f"  {_short(f.filename)}:{f.lineno} in {f.name}" for f in link.stack]
        last = redacted("".join(link.format_exception_only()).strip())
        parts.append("\n".join([*frames, last]))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(reversed(parts))


def _short(file: str) -> str:
    """Returns the path from the package on: no path of a machine."""
    parts = PurePath(file).parts
    starts = [number for number, part in enumerate(parts) if part in PACKAGES]
    return "/".join(parts[starts[-1] :] if starts else parts[-2:])


def _is_ours(file: str) -> bool:
    return _short(file).split("/")[0] in PACKAGES
