"""An app without PATCH: the account is read, changed and written back as a whole."""

import json
from typing import Any

import httpx
import pytest

from hasten.domain.app_account import PatchForm
from hasten.errors import PermanentError, TemporaryError
from tests.support.scim_server import Server, scim, user
from tests.support.virtual_time import virtual

BY_PUT = scim(patch=PatchForm.PUT)


def shown(**headers: str) -> httpx.Response:
    return httpx.Response(200, json=ACCOUNT, headers=headers)


ACCOUNT = user(
    title="Engineer",
    schemas=["urn:ietf:params:scim:schemas:core:2.0:User"],
    groups=[{"value": "1", "display": "Everybody"}],
    meta={"resourceType": "User", "version": 'W/"of-the-body"'},
)


@virtual
async def test_everything_but_active_is_written_as_it_was_read() -> None:
    server = Server(shown(), httpx.Response(200, json=user(active=False)))

    await server.application(BY_PUT).deactivate("7")

    read, written = server.requests
    assert (read.method, written.method, written.url.path) == ("GET", "PUT", "/scim/v2/Users/7")
    expected = {k: v for k, v in ACCOUNT.items() if k not in {"meta", "groups"}}
    assert json.loads(written.content) == {**expected, "active": False}


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        (shown(ETag='W/"of-the-header"'), 'W/"of-the-header"'),
        (shown(), 'W/"of-the-body"'),
        (httpx.Response(200, json=user()), None),
        (httpx.Response(200, json=user(meta={"version": 7})), None),
    ],
)
@virtual
async def test_the_version_that_was_read_is_the_condition_of_the_write(
    answer: httpx.Response, version: str | None
) -> None:
    server = Server(answer, httpx.Response(200, json=user(active=False)))

    await server.application(BY_PUT).deactivate("7")

    assert server.requests[1].headers.get("If-Match") == version


@virtual
async def test_an_account_that_somebody_else_wrote_meanwhile_is_tried_again_later() -> None:
    server = Server(shown(), httpx.Response(412))

    with pytest.raises(TemporaryError, match="412"):
        await server.application(BY_PUT).deactivate("7")


@pytest.mark.parametrize("active", [False, "false", "False"])
@virtual
async def test_an_account_that_is_inactive_is_not_written(active: object) -> None:
    server = Server(httpx.Response(200, json=user(active=active)))

    await server.application(BY_PUT).deactivate("7")

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("account", "written"),
    [
        (user(active="True"), {"active": "False"}),
        ({**{k: v for k, v in user().items() if k != "active"}, "Active": True}, {"Active": False}),
        ({k: v for k, v in user().items() if k != "active"}, {"active": False}),
    ],
)
@virtual
async def test_active_keeps_the_form_of_the_app(
    account: dict[str, Any], written: dict[str, Any]
) -> None:
    server = Server(httpx.Response(200, json=account), httpx.Response(204))

    await server.application(BY_PUT).deactivate("7")

    sent = json.loads(server.requests[1].content)
    assert {k: v for k, v in sent.items() if k.casefold() == "active"} == written


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, json=user(id="8")), TemporaryError),
        (httpx.Response(200, json=user(meta={"version": "é"})), TemporaryError),
        (httpx.Response(200, json=user(meta={"version": "1\r\nX: y"})), TemporaryError),
        (httpx.Response(200, json=user(), headers=[(b"ETag", b'"\xe9"')]), TemporaryError),
        (httpx.Response(200, text="<html>"), TemporaryError),
        (httpx.Response(200, json=[]), TemporaryError),
        (httpx.Response(503), TemporaryError),
        (httpx.Response(401), PermanentError),
    ],
    ids=[
        *("another account", "a version of other letters", "a version of two lines"),
        *("a header of other letters", "html", "a list", "503", "401"),
    ],
)
@virtual
async def test_nothing_is_written_unless_the_account_was_read(
    answer: httpx.Response, error: type[Exception]
) -> None:
    server = Server(answer)

    with pytest.raises(error):
        await server.application(BY_PUT).deactivate("7")

    assert [request.method for request in server.requests] == ["GET"]
