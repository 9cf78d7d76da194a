"""What an operator does with `python -m hasten release`."""

from collections.abc import Mapping

from hasten.operate.release import Releasing
from hasten.operate.release_intents import ReleasingIntents
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId
from hasten.ports.store import Store
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.targets import Target
from tests.support.virtual_time import now


async def release(targets: Mapping[str, Target], store: Store, bus: Bus, new_id: NewId) -> int:
    """All that is held of all targets; how many."""
    outbox = Outbox(store, bus)
    rows = Releasing(
        store=store,
        ledger=Ledger(store),
        outbox=outbox,
        bus=bus,
        targets=targets,
        now=now,
        new_id=new_id,
    )
    intents = ReleasingIntents(
        intents=Intents(store), outbox=outbox, bus=bus, targets=targets, now=now, new_id=new_id
    )
    released = 0
    for target in targets:
        changes = await rows.held(target, groups=(), users=())
        released += len(await rows.release(target, changes))
        wanted = await intents.held(target, groups=(), users=())
        released += len(await intents.release(target, wanted))
    return released
