"""The Logic Apps of Lifecycle Workflows as Azure gets them: off by default, without a secret, open
to one caller, and allowed to send to one queue."""

import json
from collections.abc import Mapping
from typing import Any

from hasten.ports import bus
from tests.integration.infra import variants
from tests.support.compiler import SUBSCRIPTION, TENANT, Deployment

WORKFLOW = "Microsoft.Logic/workflows"
RESOURCE_MANAGER = "split(environment().resourceManager, '/')[2]"
"""The host of Azure Resource Manager in the cloud of the deployment: management.azure.com."""

LIFECYCLE_WORKFLOWS = "ce79fdc4-cd1d-4ea5-8139-e74d7dbe0bb7"


def test_without_the_parameter_there_is_none() -> None:
    assert variants.plain().of(WORKFLOW) == []


def test_each_named_target_has_one_with_its_own_name_and_parameters() -> None:
    made = variants.full().of(WORKFLOW)

    by_target = {app["properties"]["parameters"]["target"]["value"]: app for app in made}
    assert set(by_target) == {"TOTAL", "expenses"}
    assert all(app["name"].endswith(f"-{target}") for target, app in by_target.items())


def test_it_takes_requests_of_lifecycle_workflows_alone_and_no_signature() -> None:
    for app in variants.full().of(WORKFLOW):
        triggers = app["properties"]["accessControl"]["triggers"]

        [policy] = triggers["openAuthenticationPolicies"]["policies"].values()
        claims = {claim["name"]: claim["value"] for claim in policy["claims"]}
        assert triggers["sasAuthenticationPolicy"] == {"state": "Disabled"}
        assert policy["type"] == "AADPOP"
        assert claims == {
            "iss": f"https://sts.windows.net/{TENANT}/",
            "aud": f"[format('https://{{0}}', {RESOURCE_MANAGER})]",
            "appid": LIFECYCLE_WORKFLOWS,
            "m": "POST",
            "u": f"[{RESOURCE_MANAGER}]",
            "p": app["id"],
        }
        assert app["id"].startswith(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/")


def test_its_own_identity_sends_to_the_queue_of_events_and_it_holds_no_secret() -> None:
    deployment = variants.full()

    for app in deployment.of(WORKFLOW):
        assert app["identity"] == {"type": "SystemAssigned"}
        assert list(deployment.roles(app["name"])) == [_sender(deployment)]
        [post] = [a for a in app["properties"]["definition"]["actions"].values() if _posts(a)]
        assert post["inputs"]["authentication"]["type"] == "ManagedServiceIdentity"
        text = json.dumps(app).lower()
        assert not any(word in text for word in ("sharedaccess", "secretvalue", "password"))


def test_the_run_history_shows_no_names() -> None:
    definition = variants.full().of(WORKFLOW)[0]["properties"]["definition"]

    steps = [definition["triggers"]["manual"], definition["actions"]["Post"]]
    for step in steps:
        secured = step["runtimeConfiguration"]["secureData"]["properties"]
        assert secured == ["inputs", "outputs"]


def _posts(action: Mapping[str, Any]) -> bool:
    return bool(action["type"] == "Http")


def _sender(deployment: Deployment) -> tuple[str, str]:
    namespace = deployment.one("Microsoft.ServiceBus/namespaces")["name"]
    scope = f"Microsoft.ServiceBus/namespaces/{namespace}/queues/{bus.ONBOARDING_EVENTS}"
    return scope, "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
