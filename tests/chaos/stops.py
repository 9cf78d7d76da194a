"""While an operator has stopped a target, Hasten begins no call for it."""

from collections.abc import Iterator
from datetime import timedelta

from hasten.records.stops import ALL_TARGETS, STOP_CHECK_KEPT
from tests.chaos.operator import Operator
from tests.chaos.targets import app_of
from tests.simulation.world import World

UNDER_WAY = STOP_CHECK_KEPT + timedelta(seconds=1)
"""A check may be so old, and a request is so long on its way to Graph."""


def calls_of_stopped(world: World, operator: Operator) -> Iterator[str]:
    """One line for each call that reached Graph while its target was stopped."""
    for target, began, ended in operator.stops:
        for call in world.to_graph.calls:
            is_meant = target == ALL_TARGETS or app_of(target) == call.app
            if is_meant and began + UNDER_WAY < call.at < ended:
                yield f"a call at {call.at:%H:%M:%S}, and {target} was stopped at {began:%H:%M:%S}"
