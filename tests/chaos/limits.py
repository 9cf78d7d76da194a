"""Which calls of a storm Graph may refuse because they exceed its limit."""

from collections.abc import Iterable
from datetime import timedelta

from hasten.domain.shared_pace import PACED_WINDOW
from hasten.limits import CALLS_PER_WINDOW
from tests.chaos.deployments import Seam
from tests.simulation.world import World

UNDER_WAY = timedelta(seconds=1)
"""A request of a process that has ended may be so long on its way to Graph."""


def calls_above_the_limit(
    world: World, seams: Iterable[Seam], *, was_auto: bool
) -> tuple[int, int]:
    """Returns how many calls exceeded the limit, without those that may, and how many of them Graph
    may refuse before Hasten finds that the targets share it: each further target may have the calls
    of a window under way. Hasten finds it only if `limit_scope` was ever `auto`.

    In a seam, processes make calls side by side, or within one window, that do not count the same
    targets together. They may exceed a limit that the targets share, and no other.
    """
    is_shared = world.tenant.switches.now.shared_window
    times = [at for app in world.tenant.targets.values() for at in app.violated_at]
    if not is_shared:
        return len(times), 0
    spans = [
        (seam.began.timestamp(), (seam.ended + PACED_WINDOW + UNDER_WAY).timestamp())
        for seam in seams
    ]
    counted = [at for at in times if not any(began <= at <= ended for began, ended in spans)]
    others = len(world.around.targets) - 1
    return len(counted), others * CALLS_PER_WINDOW if was_auto else 0
