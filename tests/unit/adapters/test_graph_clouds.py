"""In a national cloud tokens and references are for the Graph of that cloud."""

import json

import httpx
import pytest

from hasten.clouds import PUBLIC, cloud_of
from tests.support.graph_answers import USER
from tests.support.graph_wire import ALICE, BASE, GROUP, Credential, Wire, ok
from tests.support.virtual_time import virtual

CLOUDS = {
    "https://graph.microsoft.com/v1.0": "https://graph.microsoft.com",
    "https://graph.microsoft.us/v1.0": "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us/v1.0/": "https://dod-graph.microsoft.us",
    "https://MICROSOFTGRAPH.chinacloudapi.cn/v1.0": "https://microsoftgraph.chinacloudapi.cn",
    BASE: "https://graph.microsoft.com",
}


@pytest.mark.parametrize(("url", "graph"), CLOUDS.items())
def test_the_audience_of_the_token_follows_the_address_of_graph(url: str, graph: str) -> None:
    @virtual
    async def scenario() -> None:
        credential = Credential()

        await Wire(ok(USER)).directory(credential, url).user(ALICE)

        assert credential.scopes == [(f"{graph}/.default",)]

    scenario()


@pytest.mark.parametrize(("url", "graph"), CLOUDS.items())
def test_references_name_the_graph_of_the_cloud(url: str, graph: str) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(httpx.Response(204))

        await wire.directory(base=url).add_members(GROUP, [ALICE])

        sent = json.loads(wire.requests[0].content)
        assert sent["members@odata.bind"] == [f"{graph}/v1.0/directoryObjects/{ALICE}"]

    scenario()


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("graph.microsoft.us", "login.microsoftonline.us"),
        ("dod-graph.microsoft.us", "login.microsoftonline.us"),
        ("microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
    ],
)
def test_an_operator_signs_in_where_the_cloud_issues_tokens(host: str, authority: str) -> None:
    assert cloud_of(f"https://{host}/v1.0").authority == authority


def test_a_host_that_only_looks_like_a_national_cloud_is_the_public_one() -> None:
    assert cloud_of("https://graph.microsoft.us.example.com/v1.0") == PUBLIC
