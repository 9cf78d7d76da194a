"""One SQLite file serves several processes, from the moment it is made."""

import asyncio
import sys
from pathlib import Path

import pytest

from hasten.adapters.store.url import open_store
from hasten.errors import PermanentError
from tests.contract.conftest import nobody
from tests.contract.counting import COLLECTION, KEY, PARTITION

ROOT = Path(__file__).parents[2]
PROCESSES = 3
TIMES = 50


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)


async def test_processes_that_start_on_a_new_file_lose_no_update(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/not/yet/there/store.db"
    arguments = ("-m", "tests.contract.counting", url, str(TIMES))

    processes = await asyncio.gather(*(start(*arguments) for _ in range(PROCESSES)))
    codes = await asyncio.gather(*(process.wait() for process in processes))

    assert codes == [0] * PROCESSES
    store = open_store(url, credential=nobody)
    document = await store.get(COLLECTION, PARTITION, KEY)
    await store.close()
    assert document is not None
    assert document.body == {"is": PROCESSES * TIMES}


async def test_a_process_that_forgot_to_close_its_store_still_ends(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from hasten.adapters.store.url import open_store\n"
        "store = open_store(sys.argv[1], credential=None)\n"
        "asyncio.run(store.get('ledger', 'partition', 'key'))\n"
    )

    process = await start("-c", program, f"sqlite:///{tmp_path}/store.db")

    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def test_the_opener_loads_no_adapter_that_is_not_named() -> None:
    program = (
        "import sys\n"
        "import hasten.adapters.store.url\n"
        "sys.exit(bool({'sqlite3', 'azure.data.tables'} & set(sys.modules)))\n"
    )

    process = await start("-c", program)

    assert await process.wait() == 0


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///",
        "store.db",
        "http://account.table.core.windows.net",
        "https://account.blob.core.windows.net",
        "https://account.table.core.windows.net/table",
        "https://account.table.core.windows.net?sig=x",
        "https://account.table.core.windows.net ",
        "https://account.table.core.windows.net\n",
        "https://my account.table.core.windows.net",
        "https://[account.table.core.windows.net",
        "https://account].table.core.windows.net",
        "https://user:key@account.table.core.windows.net",
        "AccountName=account",
        "AccountName=account;AccountKey",
    ],
)
def test_a_bad_address_is_refused_by_the_name_of_its_setting(url: str) -> None:
    with pytest.raises(PermanentError, match="HASTEN_STORE") as refused:
        open_store(url, credential=nobody)

    assert "AccountKey" not in str(refused.value)
