"""The settings of a deployed app come from the outputs of its deployment."""

import json
from pathlib import Path

import pytest

from hasten import settings
from hasten.cli.environment import AZD, values
from hasten.errors import PermanentError

OUTPUTS = {
    "AZURE_CLIENT_ID": "the identity of a pipeline",
    "AZURE_ENV_NAME": "hasten",
    "HASTEN_FUNCTION_APP": "func-hasten",
    "HASTEN_PUBLIC_URL": "https://func-hasten.azurewebsites.net",
    "HASTEN_SERVICE_BUS": "sb-hasten.servicebus.windows.net",
    "HASTEN_STORE": "https://sthasten.table.core.windows.net/",
    "HASTEN_TENANT_ID": "11111111-1111-4111-8111-111111111111",
}


class Azd:
    """Stands in for azd: it takes one command and prints what it is given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answers(self, outputs: object, *, fails: str = "") -> None:
        (self._folder / "outputs").write_text(json.dumps(outputs))
        script = self._folder / "azd"
        ending = f"echo '{fails}' >&2; exit 1" if fails else f"cat {self._folder}/outputs"
        wanted = "env get-values --output json"
        script.write_text(f'#!/bin/sh\n[ "$*" = "{wanted}" ] || exit 9\n{ending}\n')
        script.chmod(0o755)


@pytest.fixture
def azd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Azd:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Azd(tmp_path)


def test_the_outputs_are_all_that_a_command_needs_but_no_secret(azd: Azd) -> None:
    azd.answers(OUTPUTS)

    loaded = settings.load(values(AZD, {}), needs_secret=False)

    assert loaded.store == OUTPUTS["HASTEN_STORE"]
    assert loaded.service_bus_namespace == OUTPUTS["HASTEN_SERVICE_BUS"]
    assert loaded.tenant == OUTPUTS["HASTEN_TENANT_ID"]
    assert loaded.identity_client_id is None
    assert loaded.client_state_secret is None


def test_the_environment_is_not_mixed_in(azd: Azd) -> None:
    azd.answers(OUTPUTS)

    assert "HASTEN_TARGETS" not in values(AZD, {"HASTEN_TARGETS": "of the environment"})


@pytest.mark.parametrize("name", ["HASTEN_TENANT_ID", "HASTEN_SERVICE_BUS"])
def test_an_environment_that_is_not_deployed_is_refused(azd: Azd, name: str) -> None:
    azd.answers({key: value for key, value in OUTPUTS.items() if key != name})

    with pytest.raises(PermanentError, match=f"has no {name}") as refused:
        values(AZD, {})

    assert "azd provision" in refused.value.next_action


def test_the_output_of_azd_is_passed_on(azd: Azd) -> None:
    azd.answers({}, fails="ERROR: no project exists")

    with pytest.raises(PermanentError, match="ERROR: no project exists"):
        values(AZD, {})


def test_the_error_without_azd_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PermanentError, match="azd, the Azure Developer CLI, is not installed"):
        values(AZD, {})
