"""What every page has in common: who may see it, its headers, and its assets."""

import re
from dataclasses import replace

import pytest

from hasten.api.caller import Role
from hasten.domain.changes import State
from hasten.page.rendering import CONTENT_SECURITY_POLICY
from hasten.timers import run
from tests.support.pages import READER, Pages, caller
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user

READS = [
    "/",
    "/now",
    "/person",
    f"/person/{user(1)}",
    f"/person/{user(1)}/now",
    "/held",
    "/changes",
]
WRITES = ["/held/review", "/held/decide", "/stop", "/start", "/cancel", "/provision"]


async def world() -> World:
    made = World()
    await made.is_discovered()
    made.directory.has_user(user(1))
    await made.joined(ENGINEERING, user(1))
    return made


@pytest.mark.parametrize("path", READS)
@virtual
async def test_a_reader_sees_each_view_and_the_browser_keeps_none(path: str) -> None:
    pages = Pages(await world(), caller(READER, Role.READ))

    answer = await pages.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", READS)
@virtual
async def test_who_has_no_role_to_read_sees_nothing(path: str) -> None:
    pages = Pages(await world(), caller(READER, Role.SEND))

    answer = await pages.get(path)

    assert answer.status_code == 403
    assert ENGINEERING not in answer.text


@pytest.mark.parametrize("path", WRITES)
@virtual
async def test_a_reader_decides_nothing(path: str) -> None:
    pages = Pages(await world(), caller(READER, Role.READ))

    answer = await pages.post(path, target="TOTAL", reason="because", decision="release")

    assert answer.status_code == 403


@pytest.mark.parametrize("path", WRITES)
@virtual
async def test_nothing_is_decided_without_a_reason(path: str) -> None:
    pages = Pages(await world())

    answer = await pages.post(path, target="TOTAL", reason="  ", decision="release")

    assert answer.status_code == 400
    assert "the field `reason` is empty" in answer.text.casefold()


@pytest.mark.parametrize("reason", ["x\x1b[2J", "x\x9b31m", "${REASON}"])
@pytest.mark.parametrize("path", WRITES)
@virtual
async def test_a_reason_that_the_api_refuses_is_refused_on_the_page(path: str, reason: str) -> None:
    pages = Pages(await world())

    answer = await pages.post(path, target="TOTAL", reason=reason, decision="release")

    assert answer.status_code == 400
    assert "the field `reason`: it " in answer.text.casefold()


@virtual
async def test_pages_contain_no_inline_script_and_no_inline_style() -> None:
    pages = Pages(await world())

    for path in READS:
        text = (await pages.get(path)).text
        assert re.search(r"<script(?![^>]*\bsrc=)", text) is None, path
        assert re.search(r"<[^>]*\s(?:style|on\w+)=", text) is None, path
        assert re.search(r"(?:src|href)=\"(?:https?:)?//", text) is None, path


@virtual
async def test_assets_are_kept_for_good_under_a_name_that_changes_with_them() -> None:
    pages = Pages(await world())
    linked = re.findall(r"/api/ui(/assets/[^\"]+)", (await pages.get("/")).text)

    assert len(linked) == 3
    for path in linked:
        answer = await pages.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await pages.get("/assets/hasten.css")).status_code == 404


@virtual
async def test_text_from_outside_is_shown_and_never_run() -> None:
    made = await world()
    evil = "<script>alert(1)</script>"
    await made.ledger.move(
        await made.ledger.open_changes("TOTAL"),
        lambda row: replace(row, state=State.FAILED, finished_at=made.now(), reason=evil),
    )

    await run(made.context, "wake")
    pages = Pages(made)
    for path in ("/", f"/person/{user(1)}"):
        text = (await pages.get(path)).text
        assert evil not in text
        assert "&lt;script&gt;" in text


@virtual
async def test_a_form_that_is_too_long_is_refused() -> None:
    pages = Pages(await world())

    answer = await pages.post("/held/review", target="TOTAL", reason="x" * 70_000)

    assert answer.status_code == 413


@virtual
async def test_an_unknown_target_is_refused_with_those_that_exist() -> None:
    pages = Pages(await world())

    answer = await pages.get("/held?target=NOPE")

    assert answer.status_code == 404
    assert "targets.yaml has these: TOTAL" in answer.text
