"""docs/costs-and-limits.md: what is counted and computed there, counted and computed again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import azure.functions as func
import pytest
from croniter import croniter

from handlers import schedules
from hasten import settings
from hasten.context import Context
from hasten.domain.pacing import Pace
from hasten.limits import CALL_WINDOW, CALL_WINDOW_MARGIN, CALLS_PER_WINDOW, MAX_MEMBERS_PER_CALL
from hasten.ports.application import Application
from hasten.ports.clock import NewId, Now
from hasten.ports.dead_letters import ParkedMessages
from hasten.ports.notifier import Notifier
from hasten.ports.sign_in import SignIn
from hasten.ports.telemetry import Emit, Event
from hasten.scim import Scim
from hasten.timers import run
from tests.fakes.application import no_application
from tests.fakes.bus import FakeBus
from tests.fakes.dead_letters import FakeParkedMessages
from tests.fakes.directory import FakeDirectory
from tests.fakes.memory_store import MemoryStore
from tests.fakes.notifier import FakeNotifier
from tests.fakes.receiver import FakeReceiver
from tests.fakes.sign_in import FakeSignIn
from tests.support.costs_page import number, table
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import now, virtual
from tests.support.world import World, user

MONTH = timedelta(days=30)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def timers() -> Mapping[str, str]:
    """Each timer's schedule."""
    app = func.FunctionApp()
    app.register_functions(schedules.blueprint)
    found = [
        (str(function.get_function_name()), binding.get_dict_repr())
        for function in app.get_functions()
        for binding in function.get_bindings()
    ]
    return {name: shown["schedule"] for name, shown in found if "schedule" in shown}


def runs(schedule: str) -> int:
    """In a month: every day is like the other."""
    just_before = BEGIN - timedelta(seconds=1)
    times = croniter(schedule, just_before, ret_type=datetime, second_at_beginning=True)
    a_day = 0
    while times.get_next() < BEGIN + timedelta(days=1):
        a_day += 1
    return a_day * MONTH.days


def test_every_timer_is_listed_with_its_runs_in_a_month() -> None:
    said = {name: number(row[1]) for name, row in table("### Runs of the timers").items()}

    counted: dict[str, float] = {name: runs(schedule) for name, schedule in timers().items()}
    assert said == {**counted, "all": sum(counted.values())}


def last_call(calls: int) -> timedelta:
    """When the last of so many could be made, the first at once."""
    return Pace().times(BEGIN, calls)[-1] - BEGIN


def test_the_throughput_is_that_of_the_window() -> None:
    window = CALL_WINDOW + CALL_WINDOW_MARGIN
    calls = CALLS_PER_WINDOW * timedelta(minutes=1) / window

    said = {kind: number(row[0]) for kind, row in table("### People a minute").items()}

    assert said["called by the group"] == int(calls * MAX_MEMBERS_PER_CALL)
    assert said["called one by one"] == int(calls)


@pytest.mark.parametrize("people", [100, 1_000, 5_000])
def test_the_times_of_the_table_are_those_of_the_pace(people: int) -> None:
    row = table("### How long many people take")[f"{people:,}"]

    by_group = last_call(-(-people // MAX_MEMBERS_PER_CALL))
    by_user = last_call(people)

    assert [spelt(by_group), spelt(by_user)] == list(row)


def spelt(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@dataclass(frozen=True)
class Ports:
    """What `hasten.ports.ports.Ports` asks for, of one World."""

    store: CountingStore
    events: list[Event]
    bus: FakeBus
    directory: FakeDirectory
    receiver: FakeReceiver
    now: Now
    new_id: NewId
    application: Callable[[Scim], Application] = no_application
    parked_messages: ParkedMessages = field(default_factory=FakeParkedMessages)
    sign_in: SignIn = field(default_factory=FakeSignIn)
    notifier: Notifier = field(default_factory=FakeNotifier)

    @property
    def emit(self) -> Emit:
        return self.events.append

    def jitter(self) -> float:
        return 0.5


async def quiet_runs() -> Mapping[str, tuple[int, int]]:
    """Each timer's requests to the store and its lines of log, when nothing has changed."""
    world, store = World(), CountingStore(MemoryStore())
    ports = Ports(
        store, world.events, world.bus, world.directory, world.receiver, now, world.new_id
    )
    loaded = settings.load(
        {
            "HASTEN_TENANT_ID": user(1),
            "HASTEN_CLIENT_STATE_SECRET": "not-a-secret-but-thirty-two-long",
            "HASTEN_PUBLIC_URL": "https://hasten.example.com",
            "HASTEN_STORE": "sqlite://",
            "ServiceBusConnection": "none",
        }
    )
    context = Context(loaded, (world.target,), ports)
    spent = {}
    for name in timers():
        await run(context, name)
    for name in timers():
        store.requests, lines = 0, len(world.events)
        await run(context, name)
        spent[name] = (store.requests, len(world.events) - lines)
    return spent


def test_the_page_states_the_cost_of_the_timers() -> None:
    measured: dict[str, tuple[int, int]] = {}

    @virtual
    async def run() -> None:
        measured.update(await quiet_runs())

    run()
    told = table("### Runs of the timers")

    for column in (2, 3):
        each = {name: number(told[name][column]) for name in measured}
        assert {n: each[n] for n in each if abs(each[n] - measured[n][column - 2]) > 1} == {}
        assert number(told["all"][column]) == sum(n * number(told[k][1]) for k, n in each.items())
