"""Signing in with Entra: the code flow, and attacks on it."""

import asyncio
import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from hasten.api.caller import Role
from hasten.api.session import COOKIES, FLOW, LIFETIMES, SESSION
from hasten.api.sign_in import CALLBACK, HOME, SIGN_IN, local
from tests.fakes.sign_in import AUTHORITY, signed
from tests.support.face import CSRF, OPERATOR, ORIGIN, Face, claims
from tests.support.virtual_time import virtual
from tests.support.world import World


class Browser:
    """Keeps cookies as a browser does: by the attributes of Set-Cookie."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.jar: dict[str, str] = {}
        self.set: list[str] = []

    async def get(self, path: str, **query: str) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        answer = await self.face.http.get(path, params=query, headers={"Cookie": cookie})
        for line in answer.headers.get_list("set-cookie"):
            self.set.append(line)
            name, _, rest = line.partition("=")
            value, _, attributes = rest.partition(";")
            if "Max-Age=0" in attributes:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return answer

    async def begins(self, to: str = "/api/ui/held") -> dict[str, str]:
        """Returns what Entra is asked for."""
        answer = await self.get(SIGN_IN, to=to)
        assert answer.status_code == 302
        address = urlsplit(answer.headers["Location"])
        assert f"{address.scheme}://{address.netloc}{address.path}" == f"{AUTHORITY}/authorize"
        return dict(parse_qsl(address.query))

    async def returns(self, asked: dict[str, str], code: str = "code-1") -> httpx.Response:
        return await self.get(CALLBACK, code=code, state=asked["state"])


def id_token(nonce: str, *roles: str, **other: Any) -> str:
    found = claims(*roles, nonce=nonce, name="Olga Operator", **other)
    return signed({name: found[name] for name in found if name not in {"azp", "scp"}})


async def signed_in(face: Face, *roles: str) -> Browser:
    browser = Browser(face)
    asked = await browser.begins()
    face.world.sign_in.codes["code-1"] = id_token(asked["nonce"], *roles)
    answer = await browser.returns(asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/api/ui/held")
    return browser


@virtual
async def test_a_person_who_signs_in_has_a_session_with_their_roles() -> None:
    face = Face(World())
    browser = await signed_in(face, Role.READ)

    session = face.door.sessions.opened(browser.jar[COOKIES[SESSION]], face.world.now())

    assert session is not None
    assert (session["object_id"], session["roles"]) == (OPERATOR, [Role.READ])
    assert len(session["csrf"]) >= 40
    assert COOKIES[FLOW] not in browser.jar
    opened = await browser.get("/api/v1/targets")
    assert opened.status_code == 200


@virtual
async def test_the_code_is_redeemed_with_the_verifier_whose_challenge_entra_got() -> None:
    face = Face(World())
    browser = Browser(face)
    asked = await browser.begins()
    face.world.sign_in.codes["code-1"] = id_token(asked["nonce"])

    await browser.returns(asked)

    [redeemed] = face.world.sign_in.redeemed
    digest = hashlib.sha256(redeemed["verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    assert asked["code_challenge_method"] == "S256"
    assert redeemed["redirect_uri"] == asked["redirect_uri"] == f"{ORIGIN}{CALLBACK}"
    assert 43 <= len(redeemed["verifier"]) <= 128


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
async def test_a_replayed_code_and_a_replayed_state_begin_no_second_session() -> None:
    face = Face(World())
    browser = await signed_in(face, Role.READ)
    first = dict(browser.jar)
    asked = await browser.begins()

    replayed_code = await browser.returns(asked, code="code-1")
    replayed_state = await browser.returns(asked)

    assert [replayed_code.status_code, replayed_state.status_code] == [400, 400]
    assert browser.jar == first


@virtual
async def test_a_callback_that_another_browser_began_signs_nobody_in() -> None:
    """Else an attacker could sign a victim in as somebody else, or finish the victim's sign-in."""
    face = Face(World())
    attacker, victim = Browser(face), Browser(face)
    asked = await attacker.begins()
    face.world.sign_in.codes["code-1"] = id_token(asked["nonce"], Role.OPERATE)

    without_cookie = await victim.returns(asked)
    await victim.begins()
    other_state = await victim.returns(asked)

    assert [without_cookie.status_code, other_state.status_code] == [400, 400]
    assert COOKIES[SESSION] not in victim.jar
    assert face.world.sign_in.redeemed == []


@virtual
async def test_a_sign_in_must_end_within_ten_minutes() -> None:
    face = Face(World())
    browser = Browser(face)
    asked = await browser.begins()
    face.world.sign_in.codes["code-1"] = id_token(asked["nonce"])

    await asyncio.sleep(LIFETIMES[FLOW].total_seconds())

    assert (await browser.returns(asked)).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "of another sign-in"},
        {"aud": "0000dddd-0000-4000-8000-000000000009"},
        {"tid": "0000dddd-0000-4000-8000-000000000009"},
        {"exp": 1},
    ],
)
@virtual
async def test_an_id_token_that_is_not_of_this_sign_in_begins_no_session(
    wrong: dict[str, Any],
) -> None:
    face = Face(World())
    browser = Browser(face)
    asked = await browser.begins()
    nonce = wrong.pop("nonce", asked["nonce"])
    face.world.sign_in.codes["code-1"] = id_token(nonce, Role.OPERATE, **wrong)

    answer = await browser.returns(asked)

    assert answer.status_code == 400
    assert COOKIES[SESSION] not in browser.jar


@virtual
async def test_an_error_of_entra_signs_nobody_in_and_its_text_is_not_repeated() -> None:
    face = Face(World())
    browser = Browser(face)
    asked = await browser.begins()

    answer = await browser.get(
        CALLBACK, state=asked["state"], error="access_denied", error_description="<script>"
    )

    assert answer.status_code == 400
    assert "script" not in answer.text


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


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/api/ui/held?target=TOTAL", "/api/ui/held?target=TOTAL"),
        ("/api/ui/", HOME),
        ("", HOME),
        ("https://evil.example/api/ui/", HOME),
        ("//evil.example/api/ui/", HOME),
        ("/\\evil.example", HOME),
        ("/api/ui/\\evil", HOME),
        ("/api/ui/../../evil", HOME),
        ("/api/ui/signin?to=/api/ui/signin", HOME),
        ("/api/ui/\r\nSet-Cookie: a=b", HOME),
        ("javascript:alert(1)", HOME),
        ("/api/uix", HOME),
        ("/api/v1/targets", HOME),
        ("/api/ui/" + "a" * 2000, HOME),
        ("http://[/api/ui/", HOME),
    ],
)
def test_the_way_back_leads_to_a_page_of_hasten(path: str, leads_to: str) -> None:
    assert local(path) == leads_to


@virtual
async def test_a_browser_without_a_session_is_sent_to_the_sign_in_and_back() -> None:
    face = Face(World())

    page = await face.http.get("/api/ui/held?target=TOTAL")
    part = await face.http.get("/api/ui/now", headers={"HX-Request": "true"})
    signed_out = await face.http.post("/api/ui/signout")
    script = await face.http.post("/api/ui/signout", headers={"HX-Request": "true"})

    assert page.status_code == 303
    assert page.headers["Location"] == "/api/ui/signin?to=%2Fapi%2Fui%2Fheld%3Ftarget%3DTOTAL"
    assert page.text == ""
    assert part.status_code == 401
    assert signed_out.status_code == 401
    assert script.status_code == 401
    assert script.headers["HX-Redirect"].startswith(SIGN_IN)


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
async def test_signing_out_removes_the_session_here_and_in_entra() -> None:
    face = Face(World())
    headers = {
        **face.cookie(Role.READ),
        "Origin": ORIGIN,
        "X-CSRF-Token": CSRF,
    }

    answer = await face.http.post("/api/ui/signout", headers=headers)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{AUTHORITY}/logout?")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
