"""One emulated tenant, one Functions host and one browser for all tests of the pages."""

import gc
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.browser.scene import Scene, play
from tests.support.browser import found
from tests.support.launching import warm
from tests.support.tenant import emulated

if found() is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(autouse=True)
def _garbage_is_collected_here() -> Iterator[None]:
    yield
    gc.collect()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("browser")
    async with emulated(folder, launch=warm) as tenant, async_playwright() as playwright:
        host = await tenant.host()
        browser = await playwright.chromium.launch(executable_path=found())
        made = Scene(tenant=tenant, host=host, browser=browser)
        await play(made)
        yield made
        await browser.close()
