"""The model at length: every state of larger instances, and thousands of random traces in Quint."""

import sys
import time
from collections.abc import Mapping

from model.search import explore
from tests.model.instances import LARGE, REVOCATION_MUTANTS, SMALL, WRITES_MUTANTS
from tests.model.quint import REVOCATION, WRITES, run

TRACES = 4000


def main() -> str | None:
    """Prints a line for each instance. Returns what is wrong."""
    wrong = []
    for name, model in {**SMALL, **LARGE}.items():
        began = time.monotonic()
        found = explore(model)
        seconds = time.monotonic() - began
        print(f"{name}: {found.states} states, {found.broken or 'kept'}, {seconds:.0f} s")
        if found.broken:
            wrong.append(f"{name}: {found.broken}: {' / '.join(found.path)}")
    for mutant, broken in [
        *((mutant, explore(mutant.of_revocation()).broken) for mutant in REVOCATION_MUTANTS),
        *((mutant, explore(mutant.of_writes()).broken) for mutant in WRITES_MUTANTS),
    ]:
        print(f"without {mutant.rule}: {broken or 'not found'}")
        if broken != mutant.breaks:
            wrong.append(f"without {mutant.rule}: {broken or 'not found'}")
    for module, constants in (("revocation", REVOCATION), ("writes", WRITES)):
        done = run(module, constants, samples=TRACES)
        print(f"{module} in Quint: {TRACES} traces, {'violated' if done.is_violated else 'kept'}")
        if done.is_violated:
            wrong.append(done.report)
        rules = [name for name, value in constants.items() if value == "true"]
        for rule in [name for name in rules if name != "STARTS_AS_MEMBER"]:
            print(f"{module} in Quint without {rule}: {_found_after(module, constants, rule)}")
    return "\n".join(wrong) or None


def _found_after(module: str, constants: Mapping[str, str], rule: str) -> str:
    """Random traces may miss a mutant that the search finds."""
    mutant = {**constants, rule: "false"}
    for seed in range(1, TRACES // 1000 + 1):
        if run(module, mutant, samples=1000, seed=seed).is_violated:
            return f"found within {seed * 1000} traces"
    return f"not found in {TRACES} traces"


if __name__ == "__main__":
    sys.exit(main())
