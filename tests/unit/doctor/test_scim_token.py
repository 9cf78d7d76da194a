"""The doctor on the machine of an operator, where the vault alone holds the token of an app."""

from dataclasses import dataclass

import pytest

from hasten import settings
from hasten.doctor import application
from hasten.doctor.examination import Doctor
from hasten.doctor.findings import Finding, Level
from hasten.ports.application import Application
from hasten.scim import Scim
from hasten.targets import Target
from tests.fakes.probes import FakeProbes
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

TOKEN = "HASTEN_SCIM_TOKEN_TOTAL"
TARGET = Target.model_validate(
    {
        "name": TOTAL,
        "display_name": TOTAL,
        "scim": {
            "url": "https://app.example",
            "token": TOKEN,
            "match": {"app": "externalId", "entra": "id"},
        },
    }
)


@dataclass
class Operators(World):
    token: str = ""

    def application(self, scim: Scim) -> Application:
        """Reads the token first, as the ports of production do."""
        environment = {
            "HASTEN_TENANT_ID": "0000dddd-0000-4000-8000-000000000001",
            "HASTEN_CLIENT_STATE_SECRET": "x" * 32,
            "HASTEN_PUBLIC_URL": self.public_url,
            "HASTEN_STORE": "memory",
            "ServiceBusConnection": "fake",
            TOKEN: self.token,
        }
        settings.load(environment).scim_token(scim.token)
        return self.app


async def examined(token: str) -> list[Finding]:
    world = Operators(target=TARGET, token=token)
    world.directory.join(ENGINEERING, user(1))
    world.app.add(user(1))
    found = await Doctor(world.context, FakeProbes(), lambda _: None).examine()
    of_match = "scim.match"  # the job of the fakes maps nothing
    return [one for one in found if one.check == application.CHECK and of_match not in one.found]


@virtual
async def test_a_token_that_is_not_set_here_is_not_checked_and_no_problem() -> None:
    found = [one for one in await examined("") if one.level is not Level.OK]

    assert [one.level for one in found] == [Level.WARNING]
    assert f"{TOKEN} is not set here" in found[0].found
    assert "vault" in found[0].fix
    assert found[0].target == TOTAL


@pytest.mark.parametrize("token", ["two words", "@Microsoft.KeyVault(SecretUri=https://v/s/t)"])
def test_a_token_that_is_set_and_wrong_is_a_problem(token: str) -> None:
    @virtual
    async def scenario() -> None:
        levels = [one.level for one in await examined(token)]

        assert Level.PROBLEM in levels

    scenario()


@virtual
async def test_a_token_that_is_set_here_is_used() -> None:
    assert {one.level for one in await examined("a-token")} == {Level.OK}
