"""What is there for those who take the project up: the workflow and the container."""

import json
import re

import yaml

from tests.unit.infra.templates import INFRA, ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
PARAMETERS = (INFRA / "main.parameters.json").read_text()


def test_the_pipeline_passes_every_parameter_that_azd_reads() -> None:
    read = set(re.findall(r"\$\{(\w+)", PARAMETERS))

    passed = set(WORKFLOW["jobs"]["deploy"]["env"])

    assert read <= passed
    assert {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"} == passed - read


def test_a_secret_of_the_pipeline_is_stored_as_one() -> None:
    given = WORKFLOW["jobs"]["deploy"]["env"]

    assert all(("secrets." in value) == ("SECRET" in name) for name, value in given.items())


def test_nothing_is_deployed_that_was_not_checked_and_nothing_from_a_pull_request() -> None:
    deploy = WORKFLOW["jobs"]["deploy"]

    assert deploy["needs"] == "check"
    assert "github.event_name != 'pull_request'" in deploy["if"]
    assert {"run": ".ci/run"} in WORKFLOW["jobs"]["check"]["steps"]
    assert "id-token" not in WORKFLOW["permissions"]


def test_the_container_has_the_python_of_production_and_the_tools_of_the_deployment() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    [version] = re.findall(
        r"version: '([\d.]+)'", (INFRA / "app" / "function-app.bicep").read_text()
    )

    assert container["image"].endswith(f":{version}")
    assert {feature.rpartition("/")[2].partition(":")[0] for feature in container["features"]} == {
        *("node", "azure-cli", "azd", "docker-in-docker"),
    }
