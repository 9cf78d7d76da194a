"""Messages over REST arrive as those over AMQP: the unmodified SDK receives them."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from emulator.azure import Azure, AzureOptions, running
from emulator.certificates import trusted
from hasten.ports.bus import ONBOARDING_EVENTS

EVENT = {"specversion": "1.0", "id": "1"}


@pytest.fixture
async def azure() -> AsyncIterator[Azure]:
    async with running(AzureOptions()) as azure:
        yield azure


def token(azure: Azure, resource: str = "https://servicebus.azure.net") -> str:
    return str(azure.graph.tenant.tokens.issue(resource)["access_token"])


async def post(azure: Azure, queue: str, bearer: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
        return await client.post(
            f"{azure.servicebus_rest}/{queue}/messages",
            headers={"Authorization": f"Bearer {bearer}", **headers},
            content=json.dumps(EVENT),
        )


async def received(azure: Azure) -> ServiceBusReceivedMessage:
    async with (
        ServiceBusClient.from_connection_string(azure.servicebus.connection_string) as client,
        client.get_queue_receiver(ONBOARDING_EVENTS) as receiver,
    ):
        [message] = await receiver.receive_messages(max_wait_time=10)
        await receiver.complete_message(message)
        return message


async def test_body_content_type_and_properties_arrive(azure: Azure) -> None:
    answer = await post(
        azure,
        ONBOARDING_EVENTS,
        token(azure),
        **{
            "Content-Type": "application/cloudevents+json",
            "BrokerProperties": '{"MessageId": "m-1", "Label": "offboard"}',
            "priority": '"High"',
        },
    )

    message = await received(azure)
    assert answer.status_code == 201
    assert json.loads(b"".join(message.body)) == EVENT
    assert message.content_type == "application/cloudevents+json"
    assert (message.message_id, message.subject) == ("m-1", "offboard")
    assert message.application_properties == {b"priority": b"High"}


@pytest.mark.parametrize(
    ("queue", "resource", "status"),
    [
        (ONBOARDING_EVENTS, "https://graph.microsoft.com", 401),
        ("no-such-queue", "https://servicebus.azure.net", 410),
    ],
)
async def test_a_token_for_something_else_and_an_unknown_queue_are_refused(
    azure: Azure, queue: str, resource: str, status: int
) -> None:
    answer = await post(azure, queue, token(azure, resource))

    assert answer.status_code == status
    assert azure.servicebus.stats()[ONBOARDING_EVENTS]["incoming"] == 0


async def test_without_a_token_nothing_is_taken(azure: Azure) -> None:
    answer = await post(azure, ONBOARDING_EVENTS, "guessed")

    assert answer.status_code == 401


async def test_broker_properties_that_are_no_json_are_refused(azure: Azure) -> None:
    answer = await post(azure, ONBOARDING_EVENTS, token(azure), BrokerProperties="{MessageId}")

    assert answer.status_code == 400
