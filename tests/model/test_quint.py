"""The readable models in Quint: random traces keep the invariants and find mutants."""

from collections.abc import Mapping

import pytest

from tests.model.quint import REVOCATION, WRITES, run


@pytest.mark.parametrize(("module", "constants"), [("revocation", REVOCATION), ("writes", WRITES)])
def test_random_traces_keep_the_invariants(module: str, constants: Mapping[str, str]) -> None:
    done = run(module, constants, samples=15)

    assert not done.is_violated, done.report


def test_random_traces_find_a_cursor_that_is_written_before_the_ledger() -> None:
    """The search finds all mutants: random traces miss some that need several steps in a row."""
    mutant = {**REVOCATION, "LEDGER_BEFORE_CURSOR": "false"}

    done = run("revocation", mutant, samples=150, seed=2)

    assert done.is_violated
