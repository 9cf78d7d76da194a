"""The rules of the code that the model of a revocation follows."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of the code. A mutant is without one of them."""

    ledger_before_cursor: bool = True
    removal_wins_in_a_slice: bool = True
    """A lagging replica may answer the later of two reads of one slice."""

    later_read_counts: bool = True
    """A row that a later read of its slice confirms is as young as that read."""

    ledger_before_replica: bool = True
    """A replica that shows a leaver as a member is believed only once replicas have settled."""

    early_answer_is_not_final: bool = True
    fence: bool = True
    compare_and_set: bool = True
    mark: bool = True
