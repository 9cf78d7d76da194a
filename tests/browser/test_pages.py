"""The pages in a real browser, against Hasten in a Functions host and an emulated tenant."""

import base64
import json

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.scene import JOINERS, LEAVERS, PHONE, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

VIEWS = {
    "/": "60 changes are held in TOTAL",
    "/person": "UPN, mail, object id or employee id",
    f"/person/{JOINERS[0]}": "Has access",
    "/held": "TOTAL: 60 held",
    "/changes": "joined",
    "/speed": "Access given",
    "/report": "Make the report",
}
"""The views, and what each must show."""

SERIOUS = {"serious", "critical"}


async def test_an_anonymous_browser_is_led_to_the_sign_in_and_back(scene: Scene) -> None:
    async with scene.page("/changes?state=failed", is_anonymous=True) as page:
        assert page.url == scene.url("/changes?state=failed")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Changes")


@pytest.mark.parametrize("path", VIEWS)
async def test_each_view_shows_what_happened_to_everybody(scene: Scene, path: str) -> None:
    """Whoever sees it on a phone, and whoever hears it."""
    async with scene.page(path) as page:
        body = await page.locator("main").inner_text()
        results = await Axe().run(page)
        await page.set_viewport_size(PHONE)
        width = await page.evaluate("document.documentElement.scrollWidth")

    found = [one for one in results.response["violations"] if one["impact"] in SERIOUS]
    assert VIEWS[path] in body
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert width <= PHONE["width"]


async def test_names_come_in_the_place_of_ids(scene: Scene) -> None:
    async with scene.page("/held") as page:
        first = page.locator("tbody a").first
        await expect(first).not_to_have_text(LEAVERS[0])
        assert await first.get_attribute("title") in LEAVERS


async def test_a_forged_principal_of_the_platform_is_refused(scene: Scene) -> None:
    principal = {
        "auth_typ": "aad",
        "role_typ": "roles",
        "claims": [{"typ": "roles", "val": "Hasten.Operate"}, {"typ": "oid", "val": JOINERS[0]}],
    }
    forged = {
        "X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps(principal).encode()).decode(),
        "X-MS-CLIENT-PRINCIPAL-ID": JOINERS[0],
        "X-MS-CLIENT-PRINCIPAL-NAME": "ada@contoso.example",
        "X-MS-CLIENT-PRINCIPAL-IDP": "aad",
    }
    async with httpx.AsyncClient(trust_env=False, headers=forged) as anyone:
        seen = await anyone.get(scene.url("/held"))
        asked = await anyone.post(scene.url("/held/decide"), data={"target": "TOTAL"})

    assert seen.status_code == 303
    assert "/api/ui/signin" in seen.headers["location"]
    assert asked.status_code == 401
    assert LEAVERS[0] not in seen.text


async def test_a_search_finds_a_person_and_keeps_the_name_out_of_the_address(scene: Scene) -> None:
    async with scene.page("/person") as page:
        await page.get_by_label("Person").fill(JOINERS[1])
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Has access")).to_be_visible()
        assert page.url == scene.url(f"/person/{JOINERS[1]}")


async def test_a_part_refreshes_itself(scene: Scene) -> None:
    async with scene.page("/") as page, page.expect_response(scene.url("/now")) as answered:
        pass
    answer = await answered.value

    assert answer.status == 200


async def test_held_changes_are_released_by_keyboard_alone(scene: Scene) -> None:
    """The last test: it changes what the others show."""
    async with scene.page("/held") as page:
        await _tab_to(page, "input[name=group]")
        await page.keyboard.press("Space")
        await _tab_to(page, "input[name=reason]")
        await page.keyboard.type("the project has ended")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            "Release 60 changes of TOTAL?"
        )
        await page.keyboard.press("Enter")  # the button has the focus
        await expect(page.get_by_text("60 released.")).to_be_visible()
        await expect(page.get_by_text("nothing is held")).to_be_visible()

    rows = scene.tenant.documents("ledger").values()
    assert not [row for row in rows if row.get("state") == "held"]


async def _tab_to(page: Page, selector: str) -> None:
    for _ in range(200):
        await page.keyboard.press("Tab")
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"no key leads to {selector}")
