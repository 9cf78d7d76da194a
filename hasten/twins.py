"""Finds targets that name one app by different keys, so that Hasten does not call twice for each
change. Only the service principal that Graph shows says so, not targets.yaml."""

from collections.abc import Iterable, Mapping, Sequence

from hasten.context import Context
from hasten.errors import PermanentError
from hasten.records.discovered import DiscoveredTarget


def serving(
    context: Context, found: Iterable[DiscoveredTarget]
) -> Mapping[tuple[str, str, str | None, str | None], str]:
    """Returns which of the discovered targets serves each job, by its route: the first in
    targets.yaml that makes calls. A target in observe mode hinders none."""
    return {one.route: one.target for one in reversed(_calling(context, found))}


def twins(context: Context, found: Iterable[DiscoveredTarget]) -> Mapping[str, str]:
    """Returns those of the discovered targets whose job another of them serves, each with that
    other."""
    calling = _calling(context, found)
    first = serving(context, calling)
    return {one.target: first[one.route] for one in calling if first[one.route] != one.target}


def same_app(target: str, first: str) -> PermanentError:
    return PermanentError(
        f"targets {first} and {target} are one app with one job: Hasten finds its changes for "
        f"{first} only",
        f"move the settings of {target} to {first}, and take {target} out of targets.yaml",
    )


def _calling(context: Context, found: Iterable[DiscoveredTarget]) -> Sequence[DiscoveredTarget]:
    known = {one.target: one for one in found}
    return [
        known[name]
        for name, target in context.targets.items()
        if name in known and not target.observes
    ]
