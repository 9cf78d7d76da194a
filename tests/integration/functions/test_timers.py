"""Timers: by their schedule, at the start, and by hand."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.functions.hosting import APPS, Host, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAIT = {"x-wait": "true"}
SLOW = re.compile("slow (begins|ends)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    log = tmp_path_factory.mktemp("timers") / "log"
    async with Host(APPS / "timers", log) as host:
        await host.runs()
        yield host


async def test_a_timer_runs_at_the_start_when_it_says_so(host: Host) -> None:
    await eventually(lambda: "at_startup ran, past due: False" in host.text)


async def test_a_timer_keeps_its_schedule(host: Host) -> None:
    before = host.text.count("each_second ran")

    await eventually(lambda: host.text.count("each_second ran") >= before + 2, within=4)


async def test_a_timer_fired_by_hand_is_done_when_the_answer_comes(host: Host) -> None:
    before = host.text.count("slow ends")

    answer = await host.http.post("/admin/functions/slow", headers=WAIT, json={})

    assert answer.status_code == 200
    assert host.text.count("slow ends") == before + 1


async def test_a_timer_fired_without_waiting_is_accepted(host: Host) -> None:
    before = host.text.count("slow ends")

    answer = await host.http.post("/admin/functions/slow")

    assert answer.status_code == 202
    await eventually(lambda: host.text.count("slow ends") == before + 1)


async def test_a_timer_never_overlaps_itself(host: Host) -> None:
    before = len(SLOW.findall(host.text))
    fire = [host.http.post("/admin/functions/slow", headers=WAIT) for _ in range(3)]

    await asyncio.gather(*fire)

    assert SLOW.findall(host.text)[before:] == ["begins", "ends"] * 3


async def test_the_caller_who_fires_a_timer_gets_its_error(host: Host) -> None:
    answer = await host.http.post("/admin/functions/fails", headers=WAIT)

    assert answer.status_code == 500
    assert answer.json() == {"error": "ValueError: not today, past due: False"}


async def test_an_unknown_function_cannot_be_fired(host: Host) -> None:
    answer = await host.http.post("/admin/functions/nothing", headers=WAIT)

    assert answer.status_code == 404
