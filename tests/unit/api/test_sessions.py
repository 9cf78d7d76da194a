"""The session of a person who has signed in: its cookies, its end, and its token in forms."""

import asyncio
import re

import pytest

from hasten.api.caller import Role
from hasten.api.session import COOKIES, FLOW, LIFETIMES, SESSION
from tests.fakes.sign_in import AUTHORITY
from tests.support.face import CSRF, ORIGIN, Face
from tests.support.signing_in import Browser, signed_in
from tests.support.virtual_time import virtual
from tests.support.world import World


@virtual
async def test_the_cookies_are_bound_to_the_host_and_no_script_reads_them() -> None:
    browser = await signed_in(Face(World()), Role.READ)

    for line in browser.set:
        name, _, attributes = line.partition(";")
        assert name.startswith("__Host-")
        assert {part.strip() for part in attributes.lower().split(";")} >= {
            "httponly",
            "secure",
            "samesite=lax",
            "path=/",
        }
        assert "domain" not in attributes.lower()


@virtual
async def test_a_session_ends_after_an_hour() -> None:
    face = Face(World())
    browser = await signed_in(face, Role.READ)

    await asyncio.sleep(LIFETIMES[SESSION].total_seconds() - 1)
    assert (await browser.get("/api/v1/targets")).status_code == 200

    await asyncio.sleep(1)
    assert (await browser.get("/api/v1/targets")).status_code == 401


@virtual
async def test_the_cookie_of_a_begun_sign_in_is_no_session() -> None:
    face = Face(World())
    browser = Browser(face)
    await browser.begins()

    forged = {"Cookie": f"{COOKIES[SESSION]}={browser.jar[COOKIES[FLOW]]}"}

    assert (await face.http.get("/api/v1/targets", headers=forged)).status_code == 401


@pytest.mark.parametrize("value", ["", "x", "gAAAAA", "ü", "a" * 5000, '"', "{}"])
@virtual
async def test_a_cookie_that_hasten_did_not_seal_is_no_session(value: str) -> None:
    headers = {b"Cookie": f"{COOKIES[SESSION]}={value}".encode()}

    assert (await Face(World()).http.get("/api/v1/targets", headers=headers)).status_code == 401


@virtual
async def test_a_changed_secret_ends_the_sessions() -> None:
    before, after = Face(World()), Face(World(secret="another secret of more than 32 letters"))
    cookie = before.cookie(Role.READ)

    assert (await before.http.get("/api/v1/targets", headers=cookie)).status_code == 200
    assert (await after.http.get("/api/v1/targets", headers=cookie)).status_code == 401


@virtual
async def test_the_forms_of_a_page_have_the_token_of_its_session() -> None:
    world = World()
    await world.is_discovered()
    face = Face(world)
    cookie = face.cookie(Role.OPERATE)

    page = await face.http.get("/api/ui/", headers=cookie)
    [token] = set(re.findall(r'name="csrf" value="([^"]*)"', page.text))
    fields = {"csrf": token, "target": "TOTAL", "reason": "a drill"}
    done = await face.http.post("/api/ui/stop", data=fields, headers={**cookie, "Origin": ORIGIN})
    forged = await face.http.post(
        "/api/ui/stop", data={**fields, "csrf": "x"}, headers={**cookie, "Origin": ORIGIN}
    )

    assert token == CSRF
    assert [done.status_code, forged.status_code] == [303, 403]


@virtual
async def test_signing_out_removes_the_session_here_and_offers_that_of_entra() -> None:
    face = Face(World())
    headers = {
        **face.cookie(Role.READ),
        "Origin": ORIGIN,
        "X-CSRF-Token": CSRF,
    }

    answer = await face.http.post("/api/ui/signout", headers=headers)

    assert answer.status_code == 200
    assert f'href="{AUTHORITY}/logout?' in answer.text
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
