"""Every state of small instances of the protocol keeps the invariants, and no rule can be left
out."""

import pytest

from model.revocation_rules import Rules as RevocationRules
from model.search import explore
from model.writes import Rules as WritesRules
from tests.model.instances import REVOCATION_MUTANTS, SMALL, WRITES_MUTANTS, Mutant, searched


@pytest.mark.xdist_group("small instances")
@pytest.mark.parametrize("name", SMALL)
def test_no_state_of_a_small_instance_breaks_an_invariant(name: str) -> None:
    found = searched(name)

    assert found.broken == "", found.path
    assert found.states > 1000


@pytest.mark.parametrize("mutant", REVOCATION_MUTANTS, ids=lambda mutant: mutant.rule)
def test_a_revocation_without_one_of_its_rules_is_found(mutant: Mutant) -> None:
    found = explore(mutant.of_revocation())

    assert found.broken == mutant.breaks


@pytest.mark.parametrize("mutant", WRITES_MUTANTS, ids=lambda mutant: mutant.rule)
def test_writes_without_one_of_their_rules_are_found(mutant: Mutant) -> None:
    found = explore(mutant.of_writes())

    assert found.broken == mutant.breaks


def test_each_rule_has_its_mutant() -> None:
    of_revocation = {mutant.rule for mutant in REVOCATION_MUTANTS}
    of_writes = {mutant.rule for mutant in WRITES_MUTANTS}

    assert of_revocation == set(RevocationRules.__dataclass_fields__)
    assert of_writes == set(WritesRules.__dataclass_fields__)
