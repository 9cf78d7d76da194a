"""A page of another site cannot write with the session of a person."""

from urllib.parse import urlencode

import pytest

from hasten.api.caller import Role
from tests.support.face import CSRF, ORIGIN, Face
from tests.support.virtual_time import virtual
from tests.support.world import World

PATH = "/api/ui/signout"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({"Origin": ORIGIN, "X-CSRF-Token": CSRF}, ""),
        ({"Origin": ORIGIN, "Content-Type": FORM}, urlencode({"csrf": CSRF})),
        ({"Origin": ORIGIN, "Content-Type": f"{FORM}; charset=utf-8"}, f"a=b&csrf={CSRF}"),
    ],
)
@virtual
async def test_a_page_of_hasten_can_write(headers: dict[str, str], form: str) -> None:
    face = Face(World())

    answer = await face.http.post(PATH, headers={**face.cookie(Role.READ), **headers}, content=form)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "form", "status"),
    [
        ({"X-CSRF-Token": CSRF}, "", 403),
        ({"Origin": "null", "X-CSRF-Token": CSRF}, "", 403),
        ({"Origin": "https://evil.example", "X-CSRF-Token": CSRF}, "", 403),
        ({"Origin": f"{ORIGIN}.evil.example", "X-CSRF-Token": CSRF}, "", 403),
        ({"Origin": "http://hasten.example", "X-CSRF-Token": CSRF}, "", 403),
        ({"Origin": ORIGIN, "X-CSRF-Token": "other"}, "", 403),
        ({"Origin": ORIGIN, "X-CSRF-Token": ""}, "", 403),
        ({"Origin": ORIGIN, "Content-Type": FORM}, "", 403),
        ({"Origin": ORIGIN, "Content-Type": FORM}, "csrf=", 403),
        ({"Origin": ORIGIN, "Content-Type": FORM}, f"csrf=other&csrf={CSRF}", 403),
        ({"Origin": ORIGIN, "Content-Type": FORM}, "csrf=%ff", 400),
        ({"Origin": ORIGIN, "Content-Type": FORM}, "&".join(["a=b"] * 1001), 400),
        ({"Origin": ORIGIN, "Content-Type": FORM}, "a=" + "b" * 70_000, 413),
        ({"Origin": ORIGIN, "Content-Type": "text/plain"}, f"csrf={CSRF}", 415),
        ({"Origin": ORIGIN}, f"csrf={CSRF}", 415),
    ],
)
@virtual
async def test_any_other_write_is_refused(headers: dict[str, str], form: str, status: int) -> None:
    face = Face(World())

    answer = await face.http.post(
        PATH, headers={**face.cookie(Role.READ, Role.OPERATE), **headers}, content=form
    )

    assert answer.status_code == status


@virtual
async def test_a_session_beside_a_bad_token_is_not_asked() -> None:
    face = Face(World())
    headers = {**face.cookie(Role.READ), "Authorization": "Bearer x"}

    assert (await face.http.get("/api/v1/targets", headers=headers)).status_code == 401
