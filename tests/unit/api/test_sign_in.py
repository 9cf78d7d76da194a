"""Signing in with Entra: the code flow, and attacks on it."""

import asyncio
import base64
import hashlib
from typing import Any

import pytest

from hasten.api.caller import Role
from hasten.api.session import COOKIES, FLOW, LIFETIMES, SESSION
from hasten.api.sign_in import CALLBACK_PATH, HOME_PATH, SIGN_IN_PATH, local
from tests.support.face import OPERATOR, ORIGIN, Face
from tests.support.signing_in import Browser, id_token, signed_in
from tests.support.virtual_time import virtual
from tests.support.world import World


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
    assert redeemed["redirect_uri"] == asked["redirect_uri"] == f"{ORIGIN}{CALLBACK_PATH}"
    assert 43 <= len(redeemed["verifier"]) <= 128


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
        CALLBACK_PATH, state=asked["state"], error="access_denied", error_description="<script>"
    )

    assert answer.status_code == 400
    assert "script" not in answer.text


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/api/ui/held?target=TOTAL", "/api/ui/held?target=TOTAL"),
        ("/api/ui/", HOME_PATH),
        ("", HOME_PATH),
        ("https://evil.example/api/ui/", HOME_PATH),
        ("//evil.example/api/ui/", HOME_PATH),
        ("/\\evil.example", HOME_PATH),
        ("/api/ui/\\evil", HOME_PATH),
        ("/api/ui/../../evil", HOME_PATH),
        ("/api/ui/signin?to=/api/ui/signin", HOME_PATH),
        ("/api/ui/\r\nSet-Cookie: a=b", HOME_PATH),
        ("javascript:alert(1)", HOME_PATH),
        ("/api/uix", HOME_PATH),
        ("/api/v1/targets", HOME_PATH),
        ("/api/ui/" + "a" * 2000, HOME_PATH),
        ("http://[/api/ui/", HOME_PATH),
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
    assert script.headers["HX-Redirect"].startswith(SIGN_IN_PATH)
