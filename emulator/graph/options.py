"""What can be chosen when the emulated tenant is started."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from emulator.clock import WallTime
from emulator.entra.behaviours import EntraBehaviours

TENANT_ID = "7d96d549-841b-4092-9c09-89abae4c860c"


@dataclass(frozen=True, kw_only=True)
class GraphOptions:
    """`on_demand_delay` (least, most) and `replication_delay` are in seconds of the emulated
    clock, which runs `speed` times as fast as real time; `assignment_replication_delay` is the same
    unless given. `record` gets every request and answer. `wall` tells real time and `webhooks`
    carries notifications, over the network unless given. Besides TOTAL there are `more_targets`,
    with a group each; `more_groups` (how many, members of each) are assigned to TOTAL, their
    members being users besides `users`. `entra` are the behaviours at the start.
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
    more_groups: tuple[int, int] = (0, 0)
    entra: EntraBehaviours = field(default_factory=EntraBehaviours)
    record: Path | None = None
    seed: int = 1
    wall: WallTime = time.time
    webhooks: httpx.AsyncBaseTransport | None = None
