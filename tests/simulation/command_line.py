"""What an operator runs on a machine of their own: the same network, the same faults, and it may
die at any request."""

import re

from hasten.adapters.graph.directory import GraphDirectory
from hasten.context import Context
from tests.simulation.graph import Credential
from tests.simulation.host import HostPorts
from tests.simulation.lifeline import CrashPoint, HostBus, HostStore, HostTransport, Lifeline
from tests.simulation.parked import SimulatedParked
from tests.simulation.receiver import HostReceiver
from tests.simulation.world import World
from tests.support.virtual_time import now


def command_line(world: World, dies_after: int = 0) -> Context:
    """The context of one command. It is cancelled after that many requests; never for 0."""
    around = world.around

    def die() -> None:
        lifeline.cut()

    lifeline = Lifeline(around.random, world.faults, die)
    if dies_after:
        lifeline.crash_points.append(CrashPoint(re.compile(""), dies_after))
    ports = HostPorts(
        store=HostStore(world.store, lifeline),
        bus=HostBus(world.bus, lifeline),
        receiver=HostReceiver(world.bus, lifeline),
        directory=GraphDirectory(
            str(around.settings.graph_url),
            Credential(around.token),
            HostTransport(around.graph, lifeline),
        ),
        parked_messages=SimulatedParked(world.bus, lifeline),
        now=now,
        new_id=around.new_id,
        jitter=around.random.random,
        emit=around.emit,
    )
    return Context(around.settings, around.targets, ports)
