"""Names held changes of a target, and chooses some by their names."""

from collections.abc import Collection, Sequence

from hasten.domain.changes import Change
from hasten.domain.intents import Intent
from hasten.operate.held import ChosenChanges


def key_of(held: Change | Intent) -> str:
    if isinstance(held, Change):
        return f"change|{held.group}|{held.user}"
    return f"intent|{held.key}"


def keys_of(chosen: ChosenChanges) -> Sequence[str]:
    return [*map(key_of, chosen.changes), *map(key_of, chosen.intents)]


def only(chosen: ChosenChanges, keys: Collection[str]) -> ChosenChanges:
    """Returns the changes with these keys."""
    return ChosenChanges(
        [change for change in chosen.changes if key_of(change) in keys],
        [intent for intent in chosen.intents if key_of(intent) in keys],
    )
