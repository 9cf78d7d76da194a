"""Each setting the code reads is set in Azure and in the sample, and each one set is read."""

import json

import pytest

from hasten import settings
from hasten.errors import PermanentError
from hasten.settings import Settings
from tests.support.bicep import properties, string_in, text_of, walk
from tests.unit.infra.templates import ROOT, template

READ = {field.alias for field in Settings.model_fields.values()}

CONNECTION_STRING = "ServiceBusConnection"
"""Never set in Azure: the namespace refuses keys, and the identity enters instead."""

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

LOCAL_PLATFORM = {
    "AzureWebJobsStorage",
    "FUNCTIONS_WORKER_RUNTIME",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
}

NOT_LOCAL = {"AZURE_CLIENT_ID", "ServiceBusConnection__fullyQualifiedNamespace"}
"""Of the identity, which a machine has not."""


def in_azure() -> dict[str, str]:
    """The app's settings as written: name and expression."""
    found: dict[str, str] = {}
    for node in walk(template("app/function-app.bicep").root):
        if node.type == "object":
            values = properties(node)
            if {"HASTEN_STORE", "HASTEN_CLIENT_STATE_SECRET_PREVIOUS"} & set(values):
                found |= {name: text_of(value) for name, value in values.items()}
    return found


def in_the_sample() -> dict[str, str]:
    document = json.loads((ROOT / "local.settings.sample.json").read_text())
    values: dict[str, str] = document["Values"]
    return values


def test_azure_sets_what_the_code_and_the_platform_read_and_nothing_else() -> None:
    assert set(in_azure()) == READ - {CONNECTION_STRING} | PLATFORM


def test_the_sample_sets_what_the_code_and_the_platform_read_and_nothing_else() -> None:
    assert set(in_the_sample()) == READ - NOT_LOCAL | LOCAL_PLATFORM


def test_the_sample_is_accepted_as_it_is() -> None:
    loaded = settings.load(in_the_sample())

    assert loaded.notification_url.startswith("http://127.0.0.1")


def test_no_secret_stands_in_the_settings_of_the_app() -> None:
    secrets = {name: value for name, value in in_azure().items() if "SECRET" in name}

    assert len(secrets) == 2
    assert all(value.startswith("'@Microsoft.KeyVault(SecretUri=") for value in secrets.values())


def test_a_reference_that_azure_could_not_resolve_is_not_taken_for_the_secret() -> None:
    written = in_azure()["HASTEN_CLIENT_STATE_SECRET"].strip("'")

    with pytest.raises(PermanentError, match=r"HASTEN_CLIENT_STATE_SECRET .* could not resolve"):
        settings.load({**in_the_sample(), "HASTEN_CLIENT_STATE_SECRET": written})


def test_the_runtime_is_the_python_that_the_tests_of_the_worker_run_on() -> None:
    [runtime] = [
        properties(node)
        for node in walk(template("app/function-app.bicep").root)
        if node.type == "object" and {"name", "version"} <= set(properties(node))
    ]

    assert (string_in(runtime["name"]), string_in(runtime["version"])) == ("python", "3.13")
