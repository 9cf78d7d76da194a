"""Each setting that the code reads is in the sample, and the code reads each one in it.

tests/integration/infra has the settings in Azure, as the compiler evaluates them."""

import json
import os

import pytest

from hasten import settings
from hasten.errors import PermanentError
from hasten.settings import Settings
from tests.unit.infra.templates import ROOT

READ = {field.alias for field in Settings.model_fields.values()}

LOCAL_PLATFORM = {
    "AzureWebJobsStorage",
    "FUNCTIONS_WORKER_RUNTIME",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
}

NOT_LOCAL = {"AZURE_CLIENT_ID", "ServiceBusConnection__fullyQualifiedNamespace"}
"""They belong to the identity, which a machine does not have."""

UNRESOLVED = "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/client-state-secret)"


def in_the_sample() -> dict[str, str]:
    document = json.loads((ROOT / "local.settings.sample.json").read_text())
    values: dict[str, str] = document["Values"]
    return values


def test_the_sample_sets_what_the_code_and_the_platform_read_and_nothing_else() -> None:
    assert set(in_the_sample()) == READ - NOT_LOCAL | LOCAL_PLATFORM


def test_the_sample_is_accepted_as_it_is() -> None:
    loaded = settings.load(in_the_sample())

    assert loaded.notification_url.startswith("http://127.0.0.1")


def test_a_reference_that_azure_could_not_resolve_is_not_taken_for_the_secret() -> None:
    with pytest.raises(PermanentError, match=r"HASTEN_CLIENT_STATE_SECRET .* could not resolve"):
        settings.load({**in_the_sample(), "HASTEN_CLIENT_STATE_SECRET": UNRESOLVED})


@pytest.mark.parametrize("name", sorted(str(one.alias) for one in Settings.model_fields.values()))
def test_a_setting_that_is_no_utf_8_is_named(name: str) -> None:
    spoiled = os.fsdecode(b"0123456789abcdef\xab0123456789abcdef")

    with pytest.raises(PermanentError, match=rf"setting {name} has bytes that are no UTF-8"):
        settings.load({**in_the_sample(), name: spoiled})


@pytest.mark.parametrize("value", ["\udcab", "token\udcab", UNRESOLVED, f" {UNRESOLVED}", " "])
def test_an_address_and_a_token_that_are_no_text_are_named_when_they_are_needed(value: str) -> None:
    names = {"HASTEN_NOTIFY_TEAM": value, "HASTEN_SCIM_TOKEN_TOTAL": value}
    loaded = settings.load({**in_the_sample(), **names})

    with pytest.raises(PermanentError, match="HASTEN_NOTIFY_TEAM"):
        loaded.notify_address("HASTEN_NOTIFY_TEAM")
    with pytest.raises(PermanentError, match="HASTEN_SCIM_TOKEN_TOTAL"):
        loaded.scim_token("HASTEN_SCIM_TOKEN_TOTAL")


def test_an_empty_previous_secret_is_none() -> None:
    loaded = settings.load({**in_the_sample(), "HASTEN_CLIENT_STATE_SECRET_PREVIOUS": ""})

    assert loaded.client_state_secret_previous is None
