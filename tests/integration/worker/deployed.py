"""The settings of the deployed app: those of the evaluated templates, where what only a resource of
Azure can answer is answered by the emulator."""

from collections.abc import Mapping

from tests.integration.infra import variants

UNRESOLVED_SECRET = (
    "@Microsoft.KeyVault(SecretUri=https://kv-1.vault.azure.net/secrets/client-state)"
)
"""What the app reads for a reference that Azure cannot resolve: the text of the reference."""

NOWHERE = (
    "InstrumentationKey=00000000-0000-0000-0000-000000000000;"
    "IngestionEndpoint=http://127.0.0.1:9/;LiveEndpoint=http://127.0.0.1:9/"
)

IN_AZURE_ALONE = frozenset(
    {
        "AZURE_CLIENT_ID",
        "ServiceBusConnection__clientId",
        "ServiceBusConnection__credential",
        "ServiceBusConnection__fullyQualifiedNamespace",
    }
)
"""The identity and the namespace. The emulated bus takes a connection string, the emulated identity
has no client id."""


def settings(emulated: Mapping[str, str]) -> dict[str, str]:
    """The app settings of the quickstart's deployment. `emulated` are those of the emulator: they
    answer for the addresses, the secret and the tenant."""
    site = variants.plain().one("Microsoft.Web/sites/config")["properties"]
    declared = {name: str(value) for name, value in site.items() if name not in IN_AZURE_ALONE}
    answered = {name: emulated.get(name, value) for name, value in declared.items()}
    platform = {name: value for name, value in emulated.items() if name not in site}
    return {
        **answered,
        **platform,
        "HASTEN_TARGETS": declared["HASTEN_TARGETS"],
        "APPLICATIONINSIGHTS_CONNECTION_STRING": NOWHERE,
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    }
