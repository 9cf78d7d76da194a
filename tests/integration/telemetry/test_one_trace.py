"""One trace links the webhook with the verdict: through every message, retries included, and
through Service Bus itself."""

import ast
import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from azure.identity.aio import ManagedIdentityCredential
from azure.servicebus.aio import ServiceBusClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from emulator.servicebus import ServiceBusServer, load_entities
from hasten.adapters import telemetry
from hasten.adapters.servicebus import AzureServiceBus, encoded, service_bus
from hasten.adapters.telemetry.traces import carried, carried_by_name, continued
from hasten.errors import TemporaryError
from hasten.messages import Look, Wake
from hasten.ports.bus import ALARM, DIRECTORY_CHANGES, PROVISIONING, Message
from hasten.ports.telemetry import Event
from hasten.provision.drain import drain
from hasten.records.subscriptions import SubscriptionRecord, save
from hasten.watch.look import look, start_watching
from hasten.watch.webhook import Receiving
from tests.fakes.bus import FakeBus
from tests.support.delivery import deliver
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, World, user

ROOT = Path(__file__).parents[3]
TENANT = "0000dddd-0000-4000-8000-000000000001"
SUBSCRIPTION = "0000eeee-0000-4000-8000-000000000001"


class Told(list[Event]):
    """Events that are told as in production, and kept."""

    def append(self, event: Event) -> None:
        super().append(event)
        telemetry.emit(event)


class CarryingBus(FakeBus):
    """Keeps with each message what the adapter would send along."""

    def __init__(self) -> None:
        super().__init__()
        self.properties: list[Mapping[Any, Any]] = []

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        await super().send(queue, messages)
        self.properties += [
            encoded(message)[0].application_properties or {} for message in messages
        ]

    def carried(self) -> Mapping[str, str]:
        return carried_by_name()

    def taken(self, queue: str) -> list[tuple[Message, Mapping[Any, Any]]]:
        """The messages of a queue, as its function receives them; they are gone then."""
        both = list(zip(self.sent, self.properties, strict=True))
        self.sent = [sent for sent, _ in both if sent[0] != queue]
        self.properties = [told for sent, told in both if sent[0] != queue]
        return [(sent[1], told) for sent, told in both if sent[0] == queue]


def notification() -> bytes:
    item = {
        "changeType": "updated",
        "clientState": "ours",
        "resource": f"Groups/{ENGINEERING}",
        "resourceData": {"id": ENGINEERING, "members@delta": [{"id": user(1)}]},
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
    }
    return json.dumps({"value": [item]}).encode()


async def watching_world(bus: CarryingBus) -> World:
    world = World(bus=bus, events=Told())
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    record = SubscriptionRecord(
        id=SUBSCRIPTION,
        resource=f"groups/{ENGINEERING}",
        expires=now() + timedelta(days=29),
        state="",
    )
    await save(world.store, record)
    return world


@virtual
async def test_webhook_look_drain_and_call_are_one_trace(spans: InMemorySpanExporter) -> None:
    bus = CarryingBus()
    world = await watching_world(bus)
    world.directory.join(ENGINEERING, user(1))
    receiving = Receiving(
        store=world.store,
        bus=bus,
        emit=world.events.append,
        now=now,
        tenant=TENANT,
        is_ours=lambda presented: presented == "ours",
    )

    with continued("graph_notifications"):
        await receiving.receive(notification())
    found, properties = bus.taken(DIRECTORY_CHANGES)[0]
    with continued("directory_changes", properties):
        await deliver(world.context, partial(look, world.context), Look.parse(found.body))
    wake, properties = bus.taken(PROVISIONING)[0]
    with continued("provisioning", properties):
        await deliver(world.context, partial(drain, world.context), Wake.parse(wake.body))

    assert lineage(spans, "provisionOnDemand") == [
        "provisionOnDemand",
        "provisioning",
        "directory_changes",
        "graph_notifications",
    ]
    [call] = [span for span in spans.get_finished_spans() if span.name == "provisionOnDemand"]
    assert call.attributes is not None
    assert call.attributes["hasten.result"] == "succeeded"
    assert call.attributes["hasten.target"] == world.target.name


@virtual
async def test_a_scheduled_copy_goes_on_in_the_trace_of_the_message_that_failed(
    spans: InMemorySpanExporter,
) -> None:
    bus = CarryingBus()
    world = World(bus=bus, events=Told())

    async def fails(_: Wake) -> None:
        raise TemporaryError("Graph is down", timedelta(seconds=5))

    with continued("graph_notifications"):
        begun = carried()
    with continued("provisioning", begun):
        await deliver(world.context, fails, Wake(target=world.target.name))
    [(copy, properties)] = bus.taken(PROVISIONING)
    with continued("provisioning", properties):
        pass

    assert copy.at == START + timedelta(seconds=5)
    assert len({span.context.trace_id for span in spans.get_finished_spans()}) == 1
    assert lineage(spans, "provisioning") == ["provisioning"] * 2 + ["graph_notifications"]


@virtual
async def test_a_copy_that_waits_in_the_store_goes_on_in_the_same_trace(
    spans: InMemorySpanExporter,
) -> None:
    bus = CarryingBus()
    world = World(bus=bus, events=Told(), keeps_agenda=True)

    async def fails(_: Wake) -> None:
        raise TemporaryError("Graph is down", timedelta(seconds=5))

    with continued("graph_notifications"):
        begun = carried()
    with continued("provisioning", begun):
        await deliver(world.context, fails, Wake(target=world.target.name))
    await asyncio.sleep(5)
    with continued("wake"):
        await world.context.agenda.post_due(PROVISIONING, now())
    copies = [told for message, told in bus.taken(PROVISIONING) if ALARM not in message.properties]
    with continued("provisioning", copies[0]):
        pass

    assert lineage(spans, "provisioning") == ["provisioning"] * 2 + ["graph_notifications"]


async def test_the_trace_travels_through_service_bus_beside_other_properties(
    spans: InMemorySpanExporter, bus: AzureServiceBus, server: ServiceBusServer
) -> None:
    with continued("directory_changes"):
        properties = {"result": "succeeded"}
        message = Message(message_id="m", properties=properties)
        await bus.send(PROVISIONING, [message])

    client = ServiceBusClient.from_connection_string(server.connection_string)
    async with client, client.get_queue_receiver(PROVISIONING) as receiver:
        [received] = await receiver.receive_messages(max_wait_time=10)
        told = received.application_properties or {}
        await receiver.complete_message(received)
    with continued("provisioning", told):
        pass

    assert told[b"result"] == b"succeeded"
    assert {b"traceparent", b"Diagnostic-Id"} <= set(told)
    assert lineage(spans, "provisioning") == ["provisioning", "directory_changes"]


@pytest.fixture
async def server() -> AsyncIterator[ServiceBusServer]:
    server = ServiceBusServer(load_entities(ROOT / "infra" / "entities.json"))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def bus(server: ServiceBusServer) -> AsyncIterator[AzureServiceBus]:
    bus = AzureServiceBus(
        service_bus(
            connection_string=server.connection_string,
            namespace=None,
            credential=ManagedIdentityCredential,
        )
    )
    yield bus
    await bus.close()


@pytest.mark.parametrize("handler", sorted((ROOT / "handlers").glob("*.py")), ids=lambda p: p.stem)
def test_each_function_runs_in_a_span_of_its_name_with_what_its_message_carries(
    handler: Path,
) -> None:
    for function in ast.walk(ast.parse(handler.read_text())):
        if not isinstance(function, ast.AsyncFunctionDef) or len(function.decorator_list) < 2:
            continue  # a helper, which no trigger calls
        runs = [
            node.items[0].context_expr for node in ast.walk(function) if isinstance(node, ast.With)
        ]
        of_messages = "service_bus" in ast.unparse(function.decorator_list[1])
        wanted = f"continued({function.name!r}"
        wanted += ", message.application_properties)" if of_messages else ")"
        assert [ast.unparse(run) for run in runs] == [wanted]


def lineage(spans: InMemorySpanExporter, name: str) -> list[str]:
    """The names of the last span of that name, of its parent, and so on."""
    finished = spans.get_finished_spans()
    by_id = {span.context.span_id: span for span in finished}
    found = [span for span in finished if span.name == name][-1]
    return [span.name for span in _upwards(found, by_id)]


def _upwards(span: ReadableSpan, by_id: Mapping[int, ReadableSpan]) -> Iterator[ReadableSpan]:
    yield span
    if span.parent is not None and span.parent.span_id in by_id:
        yield from _upwards(by_id[span.parent.span_id], by_id)
