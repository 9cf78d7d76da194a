"""The instances of the protocol that are searched, and the mutants: each is without one rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from model import revocation_rules, writes
from model.revocation import Revocation
from model.search import Model, Result, explore
from model.writes import Writes

SMALL: Mapping[str, Model[Any]] = {
    "a leaver, two drains, a fault": Revocation(changes=1, readers=1, workers=2, faults=1),
    "a joiner who leaves, two readers": Revocation(starts_as_member=False),
    "a leaver who joins again, a lost look": Revocation(readers=1, lost_looks=1),
    "two events, two faults": Writes(faults=2),
    "three events, a fault": Writes(events=3),
}


@cache
def searched(name: str) -> Result:
    """Searches a small instance, once in each process of the tests."""
    return explore(SMALL[name])


LARGE: Mapping[str, Model[Any]] = {
    "a leaver who joins again, two readers": Revocation(),
    "a leaver who joins again, two readers, a lost look": Revocation(lost_looks=1),
    "a leaver who joins again, two drains, a fault": Revocation(readers=1, workers=2, faults=1),
    "a joiner who leaves, two drains, a fault": Revocation(
        readers=1, workers=2, faults=1, starts_as_member=False
    ),
    "a leaver, two drains, two faults": Revocation(changes=1, readers=1, workers=2, faults=2),
    "three changes, a lost look": Revocation(changes=3, readers=1, lost_looks=1),
    "two events, three faults": Writes(faults=3),
    "three events, two faults": Writes(events=3, faults=2),
}


@dataclass(frozen=True)
class Mutant:
    """`needs` is an instance in which the search finds the mutant, and `breaks` what it finds."""

    rule: str
    breaks: str
    needs: Mapping[str, Any] = field(default_factory=dict)

    def of_revocation(self) -> Revocation:
        rules = revocation_rules.Rules(**{self.rule: False})
        return Revocation(**{"readers": 1, **self.needs}, rules=rules)

    def of_writes(self) -> Writes:
        return Writes(**self.needs, rules=writes.Rules(**{self.rule: False}))


TWO_DRAINS = {"workers": 2, "changes": 1, "faults": 1}

REVOCATION_MUTANTS: Sequence[Mutant] = (
    Mutant("ledger_before_cursor", "a lost revocation", {"changes": 1, "lost_looks": 1}),
    Mutant(
        "removal_wins_in_a_slice",
        "done while access stays",
        {"readers": 2, "starts_as_member": False},
    ),
    Mutant("later_read_counts", "done while access stays", {"changes": 3, "lost_looks": 1}),
    Mutant("ledger_before_replica", "done while access stays", {"changes": 1}),
    Mutant("early_answer_is_not_final", "a lost grant"),
    Mutant("fence", "a call by a worker that was displaced", TWO_DRAINS),
    Mutant("compare_and_set", "an open row that nobody comes for", {**TWO_DRAINS, "changes": 2}),
    Mutant("mark", "an open row that nobody comes for", {**TWO_DRAINS, "changes": 2}),
)

WRITES_MUTANTS: Sequence[Mutant] = (
    Mutant("fence", "a grant after a newer revoke", {"faults": 2}),
    Mutant("looks_again_after_write", "a grant after a newer revoke"),
    Mutant("looks_again_after_loss", "a grant after a newer revoke"),
    Mutant("counts_reopenings", "a grant after a newer revoke", {"faults": 2}),
    Mutant("compare_and_set", "an open intent that nobody comes for", {"faults": 0}),
    Mutant("mark", "an open intent that nobody comes for", {"faults": 0}),
)
