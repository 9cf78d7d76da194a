"""Describes one run of provisioning: an on-demand call, or what a cycle did to one object."""

import uuid
from dataclasses import dataclass, field

from emulator.engine.app import By


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run. Times are epoch seconds of the emulated clock."""

    by: By
    began: float
    ended: float
    cycle_id: str = field(default_factory=new_id)
    change_id: str = field(default_factory=new_id)
