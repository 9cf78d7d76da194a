"""Rights in Azure: who has which role, each on the one resource that needs it."""

import json

import pytest

from hasten.ports import bus
from tests.integration.infra import variants
from tests.integration.infra.variants import OPERATOR, READER, SECOND_OPERATOR, SENDER
from tests.support.compiler import ROOT, Deployment

NAMES = {id_: name for name, id_ in json.loads((ROOT / "infra/app/roles.json").read_text()).items()}
"""The roles by id: tests/unit/infra/test_access.py holds them against Azure's."""


def roles(deployment: Deployment, principal: str) -> set[tuple[str, str]]:
    found = [(scope, NAMES[role]) for scope, role in deployment.roles(principal)]
    assert len(found) == len(set(found))
    return set(found)


def at(deployment: Deployment, kind: str, *below: str) -> str:
    return "/".join([kind, deployment.one(kind)["name"], *below])


def storage(deployment: Deployment) -> str:
    return at(deployment, "Microsoft.Storage/storageAccounts")


def namespace(deployment: Deployment, *below: str) -> str:
    return at(deployment, "Microsoft.ServiceBus/namespaces", *below)


def test_the_app_has_six_roles_each_on_one_resource() -> None:
    deployment = variants.plain()
    [identity] = deployment.of("Microsoft.ManagedIdentity/userAssignedIdentities")

    assert roles(deployment, identity["id"]) == {
        (storage(deployment), "storageBlobDataOwner"),
        (storage(deployment), "storageTableDataContributor"),
        (namespace(deployment), "serviceBusDataReceiver"),
        (namespace(deployment), "serviceBusDataSender"),
        (at(deployment, "Microsoft.KeyVault/vaults"), "keyVaultSecretsUser"),
        (at(deployment, "Microsoft.Insights/components"), "monitoringMetricsPublisher"),
    }


def test_nobody_else_has_a_role_unless_one_is_named() -> None:
    deployment = variants.plain()

    assert len(deployment.of("Microsoft.Authorization/roleAssignments")) == 6


@pytest.mark.parametrize("operator", [OPERATOR, SECOND_OPERATOR])
def test_an_operator_may_use_the_ledger_and_the_queues_and_nothing_else(operator: str) -> None:
    deployment = variants.full()

    assert roles(deployment, operator) == {
        (storage(deployment), "storageTableDataContributor"),
        (namespace(deployment), "serviceBusDataReceiver"),
        (namespace(deployment), "serviceBusDataSender"),
    }


def test_a_sender_of_events_may_send_to_their_queue_and_nothing_else() -> None:
    deployment = variants.full()

    scope = namespace(deployment, "queues", bus.ONBOARDING_EVENTS)
    assert roles(deployment, SENDER) == {(scope, "serviceBusDataSender")}


def test_a_reader_of_outcomes_may_receive_from_their_subscription_and_nothing_else() -> None:
    deployment = variants.full()

    scope = namespace(deployment, "topics", bus.PROVISIONING_OUTCOMES, "subscriptions", "all")
    assert roles(deployment, READER) == {(scope, "serviceBusDataReceiver")}


def test_no_resource_lets_anyone_in_with_a_key() -> None:
    deployment = variants.full()

    account = deployment.one("Microsoft.Storage/storageAccounts")["properties"]
    assert account["allowSharedKeyAccess"] is False
    assert account["allowBlobPublicAccess"] is False
    assert deployment.one("Microsoft.ServiceBus/namespaces")["properties"]["disableLocalAuth"]
    assert deployment.one("Microsoft.Insights/components")["properties"]["DisableLocalAuth"]
    assert deployment.one("Microsoft.KeyVault/vaults")["properties"]["enableRbacAuthorization"]
    policies = deployment.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert [policy["properties"]["allow"] for policy in policies] == [False, False]
