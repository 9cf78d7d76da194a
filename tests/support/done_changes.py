"""Reads the finished rows of a target, which Hasten itself never lists."""

from hasten.domain.changes import Change
from hasten.ports.store import Store
from hasten.records.ledger_keys import DONE_PREFIX
from hasten.records.ledger_rows import MAPPING
from hasten.records.repository import Repository


async def done_changes(store: Store, target: str) -> list[Change]:
    """Returns every finished row of which nothing is to be proven."""
    return await Repository(store, MAPPING).listed(target, DONE_PREFIX)
