"""Defines a fault of an event, and the error that contains all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hasten.events.fault_codes import FaultCode
from hasten.events.fault_texts import FAULT_TEXTS
from hasten.printable import printable

MAX_FAULTS = 20
"""Maximum number of faults reported per event; the rest show once these are fixed."""

FIELD_MAX_CHARS = 120
DETAIL_MAX_CHARS = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an event. `field` is a path such as data.users[0].upn."""

    code: FaultCode
    field: str
    problem: str
    fix: str

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "problem": self.problem, "fix": self.fix}


def fault(code: FaultCode, field: str, detail: str = "", fix: str = "") -> Fault:
    """Builds a fault. `fix` replaces the table's text if a better one is known. A posted key may
    contain any character; a log and an application property may not."""
    problem, mend = FAULT_TEXTS[code]
    detail = detail[:DETAIL_MAX_CHARS]
    return Fault(
        code,
        printable(field[:FIELD_MAX_CHARS]),
        problem.format(detail=detail),
        fix[:DETAIL_MAX_CHARS] or mend.format(detail=detail),
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """The parts of an event that Hasten could read, whatever else is wrong with it; "" if none."""

    source: str = ""
    id: str = ""
    type: str = ""
    target: str = ""


class InvalidEventError(Exception):
    """Hasten rejects the event as a whole."""

    def __init__(self, faults: Sequence[Fault], identity: Identity) -> None:
        super().__init__("; ".join(f"{f.field}: {f.problem}" for f in faults))
        self.faults = tuple(faults)[:MAX_FAULTS]
        self.identity = identity
