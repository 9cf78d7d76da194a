"""A dry run of what is deployed: the artefact, unpacked in an empty folder, with the settings that
the templates give it, in Microsoft's worker runtime. Nothing else of this repository is at hand."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from emulator.azure import Azure
from tests.integration.worker import artefact, deployed
from tests.integration.worker.front import Front
from tests.integration.worker.samples import SAMPLES, Bus, Http, given
from tests.integration.worker.worker import Worker, started

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # Runs where the templates are evaluated: the settings come from them.
    pytest.mark.xdist_group("infra"),
]

SECRET = "HASTEN_CLIENT_STATE_SECRET"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "wwwroot"
    artefact.build(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front() -> AsyncIterator[Front]:
    front = Front()
    await front.server.start()
    yield front
    await front.server.stop()


@pytest.fixture(scope="module")
def settings(azure: Azure, front: Front, unpacked: Path) -> dict[str, str]:
    emulated = azure.environment(
        functions_url=front.server.url, state_dir=unpacked.parent, app_dir=unpacked
    )
    return deployed.settings(emulated)


@asynccontextmanager
async def running(
    unpacked: Path, settings: dict[str, str], log: Path, *, pause: str = ""
) -> AsyncIterator[Worker]:
    """The artefact in a Python that has no packages but those of the artefact. `pause` are the
    seconds before a queue function that cannot run gives its message back, if not the real ones."""
    environment = {
        "HOME": str(unpacked.parent),
        "PYTHONPATH": str(unpacked / artefact.PACKAGES),
        "TEST_PAUSE": pause,
    }
    python = (sys.executable, "-S")
    async with started(settings, log, app=unpacked, python=python, inherited=environment) as worker:
        yield worker


async def invoked(worker: Worker, name: str) -> str:
    """Invokes a function once with what it is made for. Returns the error, or the status of an HTTP
    function that answers one; nothing when it did its work."""
    sample = SAMPLES[name]
    if isinstance(sample, Http):
        method = "POST" if sample.body else "GET"
        answer = await worker.http(name, method=method, url=sample.url, body=sample.body)
        status = answer["status"]
        return "" if status < 400 or status == sample.answers else str(status)
    answer = await worker.invoke(name, **(given(sample.message) if isinstance(sample, Bus) else {}))
    return "" if answer["ok"] else str(answer["error"])


async def test_every_function_of_the_artefact_does_its_work(
    unpacked: Path, settings: dict[str, str], front: Front, tmp_path: Path
) -> None:
    async with running(unpacked, settings, tmp_path / "log") as worker:
        front.worker = worker
        assert set(worker.functions) == set(SAMPLES)

        names = ["sweep", *SAMPLES]  # events wait for the first sweep
        failed = {name: error for name in names if (error := await invoked(worker, name))}

        problems = {"configuration", "message", "timer"}
        logged = worker.events()
    assert failed == {}
    assert [event for event in logged if event["event"] in problems] == []
    assert {"subscription", "heartbeat"} <= {event["event"] for event in logged}


async def test_a_secret_that_azure_cannot_resolve_is_named_by_each_function_until_it_is_mended(
    unpacked: Path, settings: dict[str, str], front: Front, tmp_path: Path
) -> None:
    unresolved = {**settings, SECRET: deployed.UNRESOLVED_SECRET}

    async with running(unpacked, unresolved, tmp_path / "bad", pause="0") as worker:
        assert set(worker.functions) == set(SAMPLES)
        said = {name: await invoked(worker, name) for name in SAMPLES}
        refused = [event for event in worker.events() if event["event"] == "configuration"]

    webhooks = {name for name, sample in SAMPLES.items() if isinstance(sample, Http)}
    line = f"setting {SECRET} is a Key Vault reference that Azure could not resolve"
    assert {name: said[name] for name in webhooks} == dict.fromkeys(webhooks, "503")
    assert [name for name in SAMPLES if name not in webhooks and line not in said[name]] == []
    assert {(event["function"], event["reason"]) for event in refused} == {
        (name, line) for name in SAMPLES
    }

    async with running(unpacked, settings, tmp_path / "mended") as worker:
        front.worker = worker
        assert {name: await invoked(worker, name) for name in SAMPLES} == dict.fromkeys(SAMPLES, "")


async def test_a_package_that_is_missing_from_the_artefact_is_missed(
    unpacked: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    """So that the tests above can fail: nothing comes from the environment of the tests."""
    package = unpacked / artefact.PACKAGES / "pydantic"
    package.rename(package.with_name("gone"))
    try:
        with pytest.raises(AssertionError, match="No module named 'pydantic'"):
            async with running(unpacked, settings, tmp_path / "log"):
                pass
    finally:
        package.with_name("gone").rename(package)
