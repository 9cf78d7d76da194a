"""Stores outcomes that belong to no ledger row until Service Bus and the history both have them.

The commit that stores an outcome decides that it is published. Without it, a crash could leave the
outcome in only one of the two, and the next try can come to another result.
"""

from collections.abc import Sequence

from hasten.domain.outcomes import Outcome
from hasten.ports.store import Document, Put, Store
from hasten.records.fields import moment
from hasten.records.first_times import first_times
from hasten.records.missing import put_missing

UNSENT_OUTCOMES_COLLECTION = "outcomes"
UNSENT_OUTCOMES_PARTITION = "unsent"


async def add(store: Store, outcomes: Sequence[Outcome]) -> None:
    """Stores the outcomes, each with the time at which one with its id was first passed here.
    Raises TemporaryError and PermanentError of the store."""
    events = {outcome.id: outcome.event for outcome in outcomes}
    times = {name: moment(event["time"]) for name, event in events.items()}
    first = await first_times(store, times)
    puts = [
        [Put(name, {**event, "time": first[name].isoformat()})] for name, event in events.items()
    ]
    await put_missing(store, UNSENT_OUTCOMES_COLLECTION, UNSENT_OUTCOMES_PARTITION, puts)


async def some(store: Store, limit: int, after: str) -> Sequence[Document]:
    """Returns at most `limit` of them, after the key `after`; the key is the id and the body the
    event."""
    return await store.scan(
        UNSENT_OUTCOMES_COLLECTION, UNSENT_OUTCOMES_PARTITION, "", limit, after=after
    )
