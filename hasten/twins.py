"""Finds targets that name one app by different keys, so that Hasten does not call twice for each
change. Only the service principal that Graph shows says so, not targets.yaml."""

from collections.abc import Iterable, Mapping

from hasten.context import Context
from hasten.errors import PermanentError
from hasten.records.discovered import DiscoveredTarget


def twins(context: Context, found: Iterable[DiscoveredTarget]) -> Mapping[str, str]:
    """Returns those of the discovered targets whose job another of them serves, each with that
    other. The first in targets.yaml that makes calls serves a job; a target in observe mode hinders
    none."""
    known = {one.target: one for one in found}
    serving: dict[object, str] = {}
    twins: dict[str, str] = {}
    for name, target in context.targets.items():
        if name in known and not target.observes:
            first = serving.setdefault(known[name].route, name)
            if first != name:
                twins[name] = first
    return twins


def same_app(target: str, first: str) -> PermanentError:
    return PermanentError(
        f"targets {first} and {target} are one app with one job: Hasten finds its changes for "
        f"{first} only",
        f"move the settings of {target} to {first}, and take {target} out of targets.yaml",
    )
