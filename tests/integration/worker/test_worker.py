"""Every function of the app in Microsoft's own worker runtime, on the Python of production."""

import asyncio
from pathlib import Path

import pytest

from emulator.azure import Azure
from tests.integration.worker.samples import SAMPLES, Bus, Http, Timer, given
from tests.integration.worker.worker import Worker, started

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS = {Http: "httpTrigger", Bus: "serviceBusTrigger", Timer: "timerTrigger"}

QUEUES = [name for name, sample in SAMPLES.items() if isinstance(sample, Bus)]
WEBHOOKS = [name for name, one in SAMPLES.items() if isinstance(one, Http) and one.body]
TIMERS = [name for name, sample in SAMPLES.items() if isinstance(sample, Timer)]


def sample_of(name: str) -> Bus:
    sample = SAMPLES[name]
    assert isinstance(sample, Bus)
    return sample


async def test_the_runtime_finds_every_function_of_the_app_and_no_other(worker: Worker) -> None:
    found = {name: function.kind for name, function in worker.functions.items()}

    assert found == {name: KINDS[type(sample)] for name, sample in SAMPLES.items()}


async def test_the_names_of_the_triggers_reach_the_host(worker: Worker, azure: Azure) -> None:
    queues = azure.servicebus.stats()

    for name in QUEUES:
        trigger = worker.functions[name].trigger
        assert trigger["queueName"] in queues
        assert trigger["connection"] == "ServiceBusConnection"
        assert not trigger.get("isSessionsEnabled")


@pytest.mark.parametrize("name", WEBHOOKS)
async def test_a_webhook_answers_the_handshake(worker: Worker, name: str) -> None:
    answer = await worker.http(name, query={"validationToken": "Gültig: 1+1"})

    assert (answer["status"], answer["body"]) == (200, "Gültig: 1+1")
    assert answer["headers"]["content-type"].startswith("text/plain")


@pytest.mark.parametrize("name", WEBHOOKS)
async def test_a_webhook_takes_what_is_not_from_graph_and_does_nothing(
    worker: Worker, name: str
) -> None:
    before, sample = len(worker.events()), SAMPLES[name]
    assert isinstance(sample, Http)

    answer = await worker.http(name, body=sample.body)

    told = worker.events()[before:]
    results = [event["result"] for event in told if event["event"] != "backlog"]
    # On a busy machine the store may be too slow to note what came.
    assert answer["status"] == 202
    assert [result for result in results if result != "not_noted"] == ["wrong_client_state"]


@pytest.mark.parametrize("name", TIMERS)
async def test_a_timer_does_its_work(worker: Worker, name: str) -> None:
    before = len(worker.events())

    answer = await worker.invoke(name)

    assert answer["ok"], answer["error"]
    assert [event for event in worker.events()[before:] if event["event"] == "timer"] == []


@pytest.mark.parametrize("name", QUEUES)
async def test_a_queue_function_takes_its_own_kind_of_message(worker: Worker, name: str) -> None:
    before = len(worker.events())

    answer = await worker.invoke(name, **given(sample_of(name).message))

    assert answer["ok"], answer["error"]
    assert [event for event in worker.events()[before:] if event["event"] == "message"] == []


@pytest.mark.parametrize("name", [name for name in QUEUES if sample_of(name).wrong is not None])
async def test_a_queue_function_reports_what_it_cannot_read_and_tries_again_later(
    worker: Worker, name: str
) -> None:
    before, sample = len(worker.events()), sample_of(name)

    answer = await worker.invoke(name, **{**given(sample.message), "body": sample.wrong})

    assert answer["ok"], answer["error"]
    told = [event for event in worker.events()[before:] if event["event"] == "message"]
    assert [event["result"] for event in told] == ["crashed"]


async def test_graph_believes_the_handshake_that_the_worker_answers(worker: Worker) -> None:
    await worker.invoke("sweep")

    told = {event["result"] for event in worker.events() if event["event"] == "subscription"}
    assert "created" in told


async def test_invocations_run_side_by_side(worker: Worker) -> None:
    answers = await asyncio.gather(*(worker.invoke("wake") for _ in range(5)))

    assert all(answer["ok"] for answer in answers)


async def test_an_app_with_a_bad_setting_is_indexed_and_each_function_names_it(
    tmp_path: Path,
) -> None:
    async with started({"HASTEN_TENANT_ID": ""}, tmp_path / "log") as worker:
        assert set(worker.functions) == set(SAMPLES)
        for name in TIMERS:
            answer = await worker.invoke(name)
            assert not answer["ok"]
            assert "setting HASTEN_TENANT_ID is missing" in answer["error"]
        for name in WEBHOOKS:
            assert (await worker.http(name, body="{}"))["status"] == 503

        refused = [e["function"] for e in worker.events() if e["event"] == "configuration"]

    assert refused == [*TIMERS, *WEBHOOKS]
