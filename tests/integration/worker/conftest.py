"""The worker of production runs on Python 3.13 and newer; on an older one there is nothing to test.
Continuous integration runs the tests with both. The settings of the deployed artefact are those of
the evaluated templates, which takes a Bicep compiler."""

import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from emulator.azure import Azure, AzureOptions, running
from tests.integration.worker.front import Front
from tests.integration.worker.worker import ROOT, Worker, started
from tests.support import compiler
from tests.support.tenant import ACTING

if sys.version_info < (3, 13):
    collect_ignore_glob = ["test_*.py"]
elif not compiler.found():
    collect_ignore_glob = ["test_artefact.py"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def azure() -> AsyncIterator[Azure]:
    async with running(AzureOptions()) as azure:
        yield azure


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    state, front = tmp_path_factory.mktemp("worker"), Front()
    await front.server.start()
    settings = azure.environment(
        functions_url=front.server.url, state_dir=state, app_dir=ROOT, targets=ACTING
    )
    async with started(settings, state / "log") as worker:
        front.worker = worker
        yield worker
    await front.server.stop()
