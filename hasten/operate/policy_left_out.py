"""Reports people of an admin group whom the policy does not mirror, because an event offboarded
them."""

from collections import Counter
from collections.abc import Sequence

from hasten.operate.problems import Problem
from hasten.records.policy_left_out import LeftOut

LEFT_OUT_REASON = "an event offboarded them, so the policy does not add them back"


def next_action(one: LeftOut) -> str:
    sources = " and ".join(one.sources)
    return f"remove them from {sources} as well, or post an onboarding event"


def problems(people: Sequence[LeftOut]) -> list[Problem]:
    """Returns one problem for each group."""
    counted = Counter(one.group for one in people)
    first = {one.group: one for one in reversed(people)}
    return [
        Problem(
            f"{count} of {' and '.join(first[group].sources)} were offboarded by an event and are "
            f"still in it: the policy leaves them out of group {group}",
            f"status lists them; {next_action(first[group])}",
        )
        for group, count in counted.items()
    ]
