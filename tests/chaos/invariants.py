"""What must hold at the end of a storm, whatever happened in it."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from emulator.servicebus.scaling import PEEKED
from hasten.domain.changes import Change, State
from hasten.domain.history import EntryKind
from hasten.domain.outcomes import OUTCOME, of_change
from hasten.json import Json
from hasten.records.history_check import Check
from hasten.records.ledger_keys import LEDGER_COLLECTION, OUTBOX_PREFIX
from tests.chaos.deployments import Seam
from tests.chaos.history import entries
from tests.chaos.limits import calls_above_the_limit
from tests.chaos.operations import Operations
from tests.chaos.reasons import lied_to
from tests.chaos.targets import apps, first_name
from tests.simulation.defaults import SECRET
from tests.simulation.oracle import differences
from tests.simulation.world import World
from tests.support.virtual_time import now

OUTCOMES = "provisioning-outcomes/subscriptions/all"
FAULT_NOISE = re.compile(r"(Conflict|TemporaryError|Displaced)\(")
"""Injected faults that leave a function as they are: Service Bus delivers the message again."""

FINAL = frozenset(
    {
        State.SUCCEEDED,
        State.IN_SYNC,
        State.CONFIRMED,
        State.DONE_BY_CYCLE,
        State.LEFT_TO_CYCLE,
        State.FAILED,
    }
)


async def broken_at_the_end(
    world: World, people: Operations, seams: Iterable[Seam], *, was_auto: bool
) -> list[str]:
    """One line for each thing that is not as it must be. `was_auto` says whether `limit_scope` was
    ever `auto`."""
    rows = await world.rows()
    return [
        *_of_apps(world),
        *_of_limits(*calls_above_the_limit(world, seams, was_auto=was_auto)),
        *_of_queues(world),
        *(line for row in rows for line in _of_row(row, lied_to(world, people))),
        *await _of_outcomes(world, rows),
        *await _of_history(world),
        *_of_failures(world),
        *await _of_privacy(world),
    ]


def _of_apps(world: World) -> Iterator[str]:
    for name, app in apps(world).items():
        for difference in differences(world.tenant, app):
            yield f"at the end, in {name}: {difference}"


def _of_limits(exceeding: int, allowed: int) -> Iterator[str]:
    if exceeding > allowed:
        yield f"{exceeding} calls above the limit of Graph"


def _of_queues(world: World) -> Iterator[str]:
    for name, count in world.bus.dead_letters().items():
        yield f"{count} messages of {name} are dead-lettered"
    for name, most in world.bus.most_scheduled.items():
        if most >= PEEKED:
            yield f"{most} scheduled messages of {name} at once hide its work from the scaler"
    if not world.is_quiet():
        yield f"queues are not empty: {world.bus.namespace.stats()}"


def _of_row(row: Change, lied: Collection[str]) -> Iterator[str]:
    about = f"row {row.group} {row.user} {row.action} {row.state}"
    if row.state not in FINAL:
        yield f"{about} is not final: {row.reason}"
    if row.needs_proof:
        yield f"{about} was never proven"
    if not (row.reason or row.answer):
        yield f"{about} has neither a reason nor an answer"
    if row.state is State.FAILED and row.user not in lied:
        yield f"{about} failed: {row.reason}"


async def _of_outcomes(world: World, rows: list[Change]) -> Iterator[str]:
    """Each end is told once: of the rows, and of those that newer changes replaced."""
    told = [message.body for message in world.bus.waiting(OUTCOMES)]
    ids = Counter(event["id"] for event in told)
    ends = Counter(_end(event["data"]) for event in told if _is_of_change(event))
    found = [f"outcome {one} was told {count} times" for one, count in ids.items() if count > 1]
    found += [f"{end} was told {count} times" for end, count in ends.items() if count > 1]
    found += [
        f"no outcome told of {row.group} {row.user} {row.action} {row.state}"
        for row in rows
        if _end(of_change(row).event["data"]) not in ends
    ]
    for target in world.store.partitions(LEDGER_COLLECTION):
        left = await world.store.scan(LEDGER_COLLECTION, target, OUTBOX_PREFIX)
        found += [f"outcome {document.key} was never told" for document in left]
    return iter(found)


async def _of_history(world: World) -> list[str]:
    """Every outcome and alert is in the history once, and the chain of the history is whole."""
    told = {message.body["id"] for message in world.bus.waiting(OUTCOMES)}
    published = [
        body["id"]
        for body in entries(world)
        if body["kind"] in {EntryKind.OUTCOME, EntryKind.ALERT}
    ]
    counts = Counter(published)
    checked = await Check(world.store, now()).run()
    return [
        *(f"outcome {one} is not in the history" for one in told - counts.keys()),
        *(f"entry {one} is in the history and was never told" for one in counts.keys() - told),
        *(
            f"entry {one} is {count} times in the history"
            for one, count in counts.items()
            if count > 1
        ),
        *(f"the history: {finding}" for finding in checked.findings),
        *([] if checked.entries > checked.unsealed else ["nothing of the history is sealed"]),
    ]


def _is_of_change(event: Json) -> bool:
    return bool(event["type"] == OUTCOME and "action" in event["data"])


def _end(data: Json) -> tuple[str, ...]:
    """A row that ended keeps its end when a later look sees the same once more, and when its target
    gets another name."""
    names = ("group", "user", "action", "result")
    times = str(data["times"].get("ended"))
    return (first_name(data["target"]), *(str(data[name]) for name in names), times)


def _of_failures(world: World) -> Iterator[str]:
    for failure, count in Counter(world.around.failures).items():
        if not FAULT_NOISE.search(failure):
            yield f"{count} times {failure}"


async def _of_privacy(world: World) -> Iterator[str]:
    """Names, addresses and secrets are in no log line, no document and no outcome."""
    outcomes = (json.dumps(dict(message.body)) for message in world.bus.waiting(OUTCOMES))
    texts = {
        "the log": "\n".join(world.around.lines),
        "an exception": "\n".join(world.around.failures),
        "the store": "\n".join(text for _, text, _ in world.store.texts()),
        "an outcome": "\n".join(outcomes),
    }
    found = [
        f"{place} has {what}"
        for place, text in texts.items()
        for what, word in [*_private(world), *_names(world, text)]
        if word in text
    ]
    return iter(found)


def _names(world: World, text: str) -> Iterator[tuple[str, str]]:
    """The names of those whose first name is in the text: few first names stand for all people."""
    users = world.tenant.directory.users.values()
    given = {user.name.partition(" ")[0] for user in users}
    there = {name for name in given if name in text}
    for user in users:
        if user.name.partition(" ")[0] in there:
            yield f"the name of {user.id}", user.name


def _private(world: World) -> Iterator[tuple[str, str]]:
    yield "an address", "@contoso.example"
    yield "the secret", SECRET
    yield "a clientState", world.around.settings.client_state
    yield "a token", world.around.token
