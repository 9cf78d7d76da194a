"""The function app: its settings, its runtime, what is kept ready, and its network."""

import ast
from collections.abc import Mapping

from hasten.settings import Settings
from tests.integration.infra import variants
from tests.support.compiler import ROOT, TENANT, Deployment

CONNECTION_STRING = "ServiceBusConnection"
"""Never set in Azure: the namespace refuses keys."""

PLATFORM = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    "OTEL_TRACES_SAMPLER",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
    "ServiceBusConnection__clientId",
    "ServiceBusConnection__credential",
}
"""Read by the host and the worker."""


def app_settings(deployment: Deployment) -> Mapping[str, str]:
    values: Mapping[str, str] = deployment.one("Microsoft.Web/sites/config")["properties"]
    return values


def ready(deployment: Deployment) -> Mapping[str, int]:
    config = deployment.one("Microsoft.Web/sites")["properties"]["functionAppConfig"]
    kept = config["scaleAndConcurrency"]["alwaysReady"]
    return {group["name"]: group["instanceCount"] for group in kept}


def functions() -> set[str]:
    return {
        str(ast.literal_eval(call.args[0]))
        for file in (ROOT / "handlers").glob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "function_name"
    }


def test_azure_sets_what_the_code_and_the_platform_read_and_nothing_else() -> None:
    read = {str(field.alias) for field in Settings.model_fields.values()}

    assert set(app_settings(variants.plain())) == read - {CONNECTION_STRING} | PLATFORM


def test_the_secrets_are_references_to_the_vault() -> None:
    values = app_settings(variants.full())
    secrets = {name: value for name, value in values.items() if "SECRET" in name}

    assert len(secrets) == 2
    assert all("format('@Microsoft.KeyVault(SecretUri=" in value for value in secrets.values())


def test_the_token_of_an_app_is_a_reference_to_the_secret_of_that_name() -> None:
    values = app_settings(variants.full())
    tokens = {name: value for name, value in values.items() if "TOKEN" in name}

    assert set(tokens) == {"HASTEN_SCIM_TOKEN_TOTAL", "HASTEN_SCIM_TOKEN_WIKI"}
    for name, value in tokens.items():
        assert value.startswith("[format('@Microsoft.KeyVault(SecretUri={0}secrets/{1})'")
        assert value.endswith(f"'{name.lower().replace('_', '-')}')]")


def test_the_address_of_a_destination_is_a_reference_to_the_secret_of_that_name() -> None:
    value = app_settings(variants.full())["HASTEN_NOTIFY_IAM_TEAM"]

    assert value.startswith("[format('@Microsoft.KeyVault(SecretUri={0}secrets/{1})'")
    assert value.endswith("'hasten-notify-iam-team')]")


def test_without_a_previous_secret_its_setting_is_empty_which_is_none() -> None:
    """A reference that cannot be resolved would stop the app."""
    assert app_settings(variants.plain())["HASTEN_CLIENT_STATE_SECRET_PREVIOUS"] == ""


def test_the_runtime_is_the_python_that_the_tests_of_the_worker_run_on() -> None:
    site = variants.plain().one("Microsoft.Web/sites")

    assert site["properties"]["functionAppConfig"]["runtime"] == {
        "name": "python",
        "version": "3.13",
    }


def test_azd_finds_the_service_in_the_tag_of_the_site() -> None:
    tag = variants.plain().one("Microsoft.Web/sites")["tags"]["azd-service-name"]

    assert f"\n  {tag}:\n" in (ROOT / "azure.yaml").read_text()


def test_every_function_between_a_notification_and_a_call_is_kept_ready() -> None:
    assert ready(variants.plain()) == {
        "http": 1,
        "function:directory_changes": 1,
        "function:provisioning": 1,
    }


def test_the_functions_of_events_have_a_switch_of_their_own() -> None:
    assert ready(variants.full()) == {"function:onboarding_events": 1, "function:ensure": 1}


def test_a_function_that_is_kept_ready_is_one_of_the_app() -> None:
    kept = {**ready(variants.plain()), **ready(variants.full())}
    named = {name.partition(":")[2] for name in kept if ":" in name}

    assert len(named) == 4
    assert named <= functions()


def test_the_one_identity_reads_the_secret_and_the_package() -> None:
    deployment = variants.plain()
    identity = deployment.one("Microsoft.ManagedIdentity/userAssignedIdentities")["id"]

    site = deployment.one("Microsoft.Web/sites")

    storage = site["properties"]["functionAppConfig"]["deployment"]["storage"]
    assert list(site["identity"]["userAssignedIdentities"]) == [identity]
    assert site["properties"]["keyVaultReferenceIdentity"] == identity
    assert storage["authentication"]["userAssignedIdentityResourceId"] == identity


def test_a_private_network_closes_storage_and_vault_and_leaves_the_webhook_open() -> None:
    public, private = variants.plain(), variants.full()

    for kind in ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"):
        assert public.one(kind)["properties"]["publicNetworkAccess"] == "Enabled"
        assert private.one(kind)["properties"]["publicNetworkAccess"] == "Disabled"
    site = private.one("Microsoft.Web/sites")["properties"]
    assert site["publicNetworkAccess"] == "Enabled"
    assert site["virtualNetworkSubnetId"].endswith("/subnets/app")
    assert len(private.of("Microsoft.Network/privateEndpoints")) == 3
    assert public.one("Microsoft.Web/sites")["properties"]["virtualNetworkSubnetId"] is None
    assert public.of("Microsoft.Network/privateEndpoints") == []


def test_the_app_is_in_the_subnet_that_is_delegated_to_flex_consumption() -> None:
    network = variants.full().one("Microsoft.Network/virtualNetworks")["properties"]

    [app] = [subnet for subnet in network["subnets"] if subnet["name"] == "app"]
    [delegation] = app["properties"]["delegations"]
    assert delegation["properties"]["serviceName"] == "Microsoft.App/environments"


def test_the_outputs_are_the_settings_that_the_command_line_reads() -> None:
    outputs = variants.plain().outputs

    assert outputs["HASTEN_TENANT_ID"] == TENANT
    assert {"HASTEN_KEY_VAULT", "HASTEN_PUBLIC_URL", "HASTEN_STORE", "HASTEN_SERVICE_BUS"} <= set(
        outputs
    )
