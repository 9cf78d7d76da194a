"""All ports together: what a process is given when it is put together."""

from typing import Protocol

from hasten.ports.bus import Bus
from hasten.ports.clock import Jitter, NewId, Now
from hasten.ports.directory import Directory
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit


class Ports(Protocol):
    """All that the services reach the world through. What is slow to make comes on first use."""

    @property
    def now(self) -> Now: ...

    @property
    def new_id(self) -> NewId: ...

    @property
    def jitter(self) -> Jitter: ...

    @property
    def emit(self) -> Emit: ...

    @property
    def store(self) -> Store: ...

    @property
    def bus(self) -> Bus: ...

    @property
    def directory(self) -> Directory: ...
