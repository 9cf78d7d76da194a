"""Requests to the app over SCIM, and the answers that Hasten accepts."""

import json
from typing import Any

import httpx
import pytest

from hasten.domain.app_account import AppAccount, NoAccount, PatchForm, SeveralAccounts
from hasten.errors import PermanentError
from hasten.ports.application import Capabilities
from hasten.scim import Match
from tests.support.scim_server import ADA, TOKEN, Server, scim, user
from tests.support.virtual_time import virtual

OTHER = "0000cccc-0000-4000-8000-000000000002"


def listed(*resources: Any, total: Any = None) -> httpx.Response:
    body = {"totalResults": len(resources) if total is None else total, "Resources": resources}
    return httpx.Response(200, json=body)


@virtual
async def test_it_asks_for_the_matching_attribute_with_the_token() -> None:
    server = Server(listed(user()))

    found = await server.application().find(ADA)

    [request] = server.requests
    assert found == AppAccount(id="7", active=True)
    assert request.url.raw_path.startswith(b"/scim/v2/Users?filter=externalId%20eq%20%22")
    assert request.url.params["filter"] == f'externalId eq "{ADA}"'
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["User-Agent"] == "Hasten"


@virtual
async def test_a_value_cannot_leave_its_place_in_the_filter() -> None:
    server = Server(listed(total=0))
    match = Match(app="userName", entra="userPrincipalName")

    await server.application(scim(match=match)).find('a" or active eq "true\\')

    asked = server.requests[0].url.params["filter"]
    assert asked == 'userName eq "a\\" or active eq \\"true\\\\"'


@virtual
async def test_no_match_and_several_matches_are_different_answers() -> None:
    server = Server(
        httpx.Response(200, json={"totalResults": 0}),
        listed(user(), user(id="8")),
        listed(user(), total=40),
    )
    application = server.application()

    assert await application.find(ADA) == NoAccount()
    assert await application.find(ADA) == SeveralAccounts(2)
    assert await application.find(ADA) == SeveralAccounts(40)


@virtual
async def test_the_matching_attribute_is_compared_without_regard_to_case() -> None:
    server = Server(listed(user(externalId=ADA.upper())))

    assert await server.application().find(ADA) == AppAccount(id="7", active=True)


@virtual
async def test_the_address_for_work_is_one_of_several() -> None:
    emails = [
        {"type": "home", "value": "ada@home.test"},
        {"type": "work", "value": "ada@x.test"},
    ]
    by_mail = scim(match=Match(app='emails[type eq "work"].value', entra="mail"))
    server = Server(listed(user(emails=emails)), listed(user(emails=emails)))

    assert isinstance(await server.application(by_mail).find("ada@x.test"), AppAccount)
    with pytest.raises(PermanentError, match="not the one asked for"):
        await server.application(by_mail).find("ada@home.test")


@virtual
async def test_an_app_that_ignores_the_filter_is_found_out() -> None:
    server = Server(listed(user(externalId=OTHER)), listed(user(), user(externalId=OTHER)))
    application = server.application()

    for _ in range(2):
        with pytest.raises(PermanentError, match="not the one asked for"):
            await application.find(ADA)


@pytest.mark.parametrize(
    ("shown", "active"),
    [(True, True), (False, False), ("True", True), ("false", False), ("no", None), (None, None)],
)
@virtual
async def test_active_is_read_as_apps_write_it(shown: object, active: object) -> None:
    server = Server(httpx.Response(200, json=user(active=shown)))

    found = await server.application().read("7")

    assert found is not None
    assert found.active is active


PATCHES: dict[PatchForm, object] = {
    PatchForm.BOOLEAN: {"op": "replace", "path": "active", "value": False},
    PatchForm.STRING: {"op": "Replace", "path": "active", "value": "False"},
    PatchForm.WITHOUT_PATH: {"op": "replace", "value": {"active": False}},
}


@pytest.mark.parametrize("form", PATCHES)
@pytest.mark.parametrize(
    "answer",
    [httpx.Response(204), httpx.Response(200, json=user(active=False))],
    ids=["204", "200"],
)
@virtual
async def test_the_only_write_makes_one_account_inactive(
    form: PatchForm, answer: httpx.Response
) -> None:
    server = Server(answer)

    await server.application(scim(patch=form)).deactivate("7/../8")

    [request] = server.requests
    assert (request.method, request.url.raw_path) == ("PATCH", b"/scim/v2/Users/7%2F..%2F8")
    assert request.headers["Content-Type"] == "application/scim+json"
    assert json.loads(request.content) == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [PATCHES[form]],
    }


@virtual
async def test_the_capabilities_are_those_that_the_app_states() -> None:
    server = Server(
        httpx.Response(200, json={"patch": {"supported": True}, "filter": {"supported": "yes"}})
    )

    assert await server.application().capabilities() == Capabilities(patch=True, filter=None)
