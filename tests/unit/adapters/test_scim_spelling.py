"""Bodies of SCIM servers that write names in another case, or numbers and schemas as texts."""

import json
from typing import Any

import httpx
import pytest

from hasten.adapters.scim.answers import UnreadableAccountError
from hasten.domain.app_account import AppAccount, NoAccount, NotFound, SeveralAccounts
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.application import Capabilities
from hasten.scim import Match
from tests.support.scim_server import ADA, Server, scim, user
from tests.support.virtual_time import virtual

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
FOUND = AppAccount(id="7", active=False)


def respelled(value: Any, spell: Any) -> Any:
    """The value with each name in another spelling."""
    if isinstance(value, dict):
        return {spell(name): respelled(inner, spell) for name, inner in value.items()}
    if isinstance(value, list):
        return [respelled(inner, spell) for inner in value]
    return value


SPELLINGS = pytest.mark.parametrize("spell", [str.lower, str.upper, str.capitalize])


@SPELLINGS
@virtual
async def test_the_case_of_a_name_does_not_matter_in_a_list(spell: Any) -> None:
    of_mail = Match(app='emails[type eq "work"].value', entra="mail")
    mine = user(active=False, emails=[{"type": "Work", "value": "ada@x.test"}])
    body = {"totalResults": 1, "Resources": [mine]}
    server = Server(*[httpx.Response(200, json=respelled(body, spell)) for _ in range(3)])

    assert await server.application().find(ADA) == FOUND
    assert await server.application(scim(match=of_mail)).find("ada@x.test") == FOUND
    with pytest.raises(PermanentError, match="not the one asked for"):
        await server.application().find("somebody else")


@SPELLINGS
@virtual
async def test_the_case_of_a_name_does_not_matter_in_an_account(spell: Any) -> None:
    shown = user(active="False", groups=[{"value": "g", "display": "Sales"}])
    server = Server(httpx.Response(200, json=respelled(shown, spell)))

    found = await server.application().read("7")

    assert found == AppAccount(id="7", active=False, groups=frozenset({"sales"}))


@pytest.mark.parametrize("twice", [{"Active": False}, {"ID": "8"}, {"Groups": []}])
@virtual
async def test_an_attribute_that_is_there_twice_proves_nothing(twice: dict[str, Any]) -> None:
    server = Server(httpx.Response(200, json={**user(groups=[]), **twice}))

    with pytest.raises(UnreadableAccountError, match="more than once"):
        await server.application().read("7")


@pytest.mark.parametrize(
    ("total", "found"),
    [("0", NoAccount()), ("1", FOUND), ("40", SeveralAccounts(40))],
)
@virtual
async def test_a_total_can_be_a_text(total: str, found: object) -> None:
    listed = [] if total == "0" else [user(active=False)]
    server = Server(httpx.Response(200, json={"totalResults": total, "Resources": listed}))

    assert await server.application().find(ADA) == found


@pytest.mark.parametrize("total", ["", " 1", "-1", "1.0", "one", "٣", "1" * 10, None, True, 1.0])
@virtual
async def test_what_is_no_total_proves_nothing(total: object) -> None:
    body = {"totalResults": total, "Resources": [user()]}
    server = Server(httpx.Response(200, content=json.dumps(body)))

    with pytest.raises(UnreadableAccountError):
        await server.application().find(ADA)


@pytest.mark.parametrize(
    "body",
    [
        {"schemas": [ERROR]},
        {"schemas": ERROR},
        {"schema": [ERROR]},
        {"Schemas": ["urn:x", ERROR.lower()]},
    ],
)
@virtual
async def test_an_error_is_known_by_its_schema(body: dict[str, Any]) -> None:
    said = {**body, "detail": "no such user", "status": "404"}
    answers = [httpx.Response(404, json=said), httpx.Response(404, json=said)]
    server = Server(*answers, httpx.Response(200, json=said))
    application = server.application()

    assert await application.read("7") is None
    assert await application.find(ADA) == NotFound()
    with pytest.raises(UnreadableAccountError, match="an error with the status of success"):
        await application.read("7")


@pytest.mark.parametrize(
    "body",
    [
        {"schemas": []},
        {"schemas": None},
        {"schemas": {"0": ERROR}},
        {"schemas": [[ERROR]]},
        {"detail": ERROR},
        {"response": {"schemas": [ERROR]}},
        {"Errors": {"description": "user_not_found", "code": 404}},
        {"error": "not found"},
    ],
)
@virtual
async def test_any_other_404_does_not_say_that_the_account_is_gone(body: dict[str, Any]) -> None:
    server = Server(httpx.Response(404, json=body))

    with pytest.raises(TemporaryError):
        await server.application().read("7")


@SPELLINGS
@virtual
async def test_the_case_of_a_name_does_not_matter_in_the_configuration(spell: Any) -> None:
    config = {"patch": {"supported": True}, "filter": {"supported": False}}
    server = Server(httpx.Response(200, json=respelled(config, spell)))

    assert await server.application().capabilities() == Capabilities(patch=True, filter=False)


@SPELLINGS
@virtual
async def test_a_version_goes_with_a_put_in_whatever_case_the_app_names_it(spell: Any) -> None:
    shown = respelled(user(meta={"version": 'W/"3"', "location": "x"}), spell)
    server = Server(httpx.Response(200, json=shown), httpx.Response(200, json=shown))

    await server.application(scim(patch="put")).deactivate("7")

    sent = server.requests[1]
    assert sent.headers["If-Match"] == 'W/"3"'
    assert json.loads(sent.content)[spell("active")] is False
    assert spell("meta") not in json.loads(sent.content)
