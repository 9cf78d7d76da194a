"""Defines the options of an emulated tenant."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from emulator.clock import WallTime
from emulator.entra.behaviours import EntraBehaviours

TENANT_ID = "7d96d549-841b-4092-9c09-89abae4c860c"


@dataclass(frozen=True, kw_only=True)
class GraphOptions:
    """Options at the start of a tenant. `on_demand_delay` (minimum, maximum) and
    `replication_delay` are in seconds of the emulated clock, which runs `speed` times as fast as
    real time; `assignment_replication_delay` defaults to `replication_delay`.

    `record` is the file for every request and answer. `wall` returns real time and `webhooks` sends
    notifications, by default over the network. In addition to TOTAL there are `more_targets`, each
    with one group. The jobs of `users_alone` (names of apps) provision no groups. `more_groups`
    (number, members of each) are assigned to TOTAL; their members are users in addition to `users`.
    `entra` are the behaviours at the start.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tenant_id: str = TENANT_ID
    users: int = 1000
    on_demand_delay: tuple[float, float] = (2.0, 5.0)
    speed: float = 1.0
    replication_delay: float = 0.0
    assignment_replication_delay: float | None = None
    more_targets: int = 0
    users_alone: frozenset[str] = frozenset()
    more_groups: tuple[int, int] = (0, 0)
    entra: EntraBehaviours = field(default_factory=EntraBehaviours)
    record: Path | None = None
    seed: int = 1
    wall: WallTime = time.time
    webhooks: httpx.AsyncBaseTransport | None = None

    @classmethod
    def kind(cls, **options: Any) -> Self:
        """Returns the options of a tenant that is as cooperative as possible."""
        return cls(entra=EntraBehaviours.kind(), **options)
