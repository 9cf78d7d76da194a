"""Reads the settings from the environment. An error is one line that names the bad setting."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PrivateAttr,
    SecretStr,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from hasten.clouds import cloud_of
from hasten.errors import PermanentError
from hasten.host_names import must_be_host
from hasten.scim import TOKEN_PREFIX
from hasten.wrong_values import Text, wanted

ADDRESS_PREFIX = "HASTEN_NOTIFY_"
"""Prefix of the settings with addresses of destinations. Whoever knows an address may post there,
so it is a secret."""

DESCRIBED = "the README describes each setting"

MIN_SECRET_LENGTH = 32
"""Characters: what `openssl rand -hex 16` prints."""

GRAPH_VERSION = re.compile(r"/(v\d+(\.\d+)?|beta)/*$", re.IGNORECASE)

DEVELOPMENT_HOSTS = ("127.0.0.1", "localhost")

UNRESOLVED = "@Microsoft.KeyVault("
"""Prefix of a setting whose Key Vault reference Azure could not resolve. Used as a secret, anyone
could guess it."""


def _long_enough(secret: SecretStr | None) -> SecretStr | None:
    """Accepts a secret that nobody can guess. Spaces around it make it no harder to guess."""
    if secret is not None and len(secret.get_secret_value().strip()) < MIN_SECRET_LENGTH:
        raise PydanticCustomError("secret", "it must have 32 characters or more")
    return secret


class NotSetError(PermanentError):
    """A setting is missing. On the machine of an operator that is no fault of a secret that the
    vault alone holds."""

    def __init__(self, name: str, next_action: str) -> None:
        super().__init__(f"setting {name} is missing", next_action)
        self.name = name


class Settings(BaseModel):
    """The settings. Each field names its environment variable as alias."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tenant_id: Annotated[UUID, Field(alias="HASTEN_TENANT_ID")]
    """The Entra tenant that Hasten watches; notifications of other tenants are refused."""

    client_state_secret: Annotated[
        SecretStr | None, Field(alias="HASTEN_CLIENT_STATE_SECRET"), AfterValidator(_long_enough)
    ] = None
    """Proves that a notification comes from one of Hasten's subscriptions. The command line does
    not need it."""

    client_state_secret_previous: Annotated[
        SecretStr | None,
        Field(alias="HASTEN_CLIENT_STATE_SECRET_PREVIOUS"),
        AfterValidator(_long_enough),
    ] = None
    """The previous secret, while subscriptions created with it are being replaced."""

    public_url: Annotated[HttpUrl, Field(alias="HASTEN_PUBLIC_URL")]
    """The address at which Graph reaches this app, without a path:
    https://<app>.azurewebsites.net."""

    store: Annotated[Text, Field(alias="HASTEN_STORE")]
    """sqlite:///path, https://<account>.table.core.windows.net or a storage connection string."""

    targets_file: Annotated[Text, Field(alias="HASTEN_TARGETS")] = "targets.yaml"

    graph_url: Annotated[HttpUrl, Field(alias="HASTEN_GRAPH_URL")] = HttpUrl(
        "https://graph.microsoft.com/v1.0"
    )

    service_bus: Annotated[SecretStr | None, Field(alias="ServiceBusConnection")] = None
    """A connection string. In Azure, the next setting with the app's identity replaces it."""

    service_bus_namespace: Annotated[
        str | None,
        Field(alias="ServiceBusConnection__fullyQualifiedNamespace"),
        AfterValidator(must_be_host),
    ] = None

    identity_client_id: Annotated[UUID | None, Field(alias="AZURE_CLIENT_ID")] = None
    """The user-assigned managed identity; without it Hasten uses the system-assigned one."""

    api_client_id: Annotated[UUID | None, Field(alias="HASTEN_API_CLIENT_ID")] = None
    """The client id of Hasten's app registration, for which the tokens of the API are issued and at
    which people sign in. Without it the API and the pages are closed."""

    sign_in_url: Annotated[HttpUrl | None, Field(alias="HASTEN_SIGN_IN_URL")] = None
    """Root address of Entra's sign-in; by default that of the cloud of HASTEN_GRAPH_URL."""

    _addresses: Mapping[str, SecretStr] = PrivateAttr(default_factory=dict)
    """Addresses of destinations by the name of their setting."""

    _scim_tokens: Mapping[str, SecretStr] = PrivateAttr(default_factory=dict)
    """Tokens by the name of their setting; targets.yaml says which target uses which."""

    def scim_token(self, name: str) -> SecretStr:
        """Returns the token of an app. Raises NotSetError if its setting is missing, and
        PermanentError that names the setting if its value is no token. A target without a token
        hinders no other target."""
        token = _usable(name, self._scim_tokens.get(name, SecretStr("")).get_secret_value())
        if not token:
            raise NotSetError(name, f"set {name} to the app's token")
        if not token.isascii() or not token.isprintable() or " " in token:
            raise PermanentError(
                f"setting {name} is no bearer token", "put the token alone into the vault"
            )
        return SecretStr(token)

    def notify_address(self, name: str) -> SecretStr:
        """Returns the address of a destination. Raises NotSetError if its setting is missing, and
        PermanentError that names the setting if it is unresolved or no text."""
        address = _usable(name, self._addresses.get(name, SecretStr("")).get_secret_value())
        if not address:
            raise NotSetError(name, f"set {name} to the address")
        return SecretStr(address)

    @property
    def is_local(self) -> bool:
        """Returns whether Hasten runs on a developer's machine: its own address is the loopback."""
        return self.public_url.host in DEVELOPMENT_HOSTS

    @property
    def tenant(self) -> str:
        return str(self.tenant_id)

    @property
    def notification_url(self) -> str:
        return f"{str(self.public_url).rstrip('/')}/api/graph/notifications"

    @property
    def lifecycle_url(self) -> str:
        return f"{str(self.public_url).rstrip('/')}/api/graph/lifecycle"

    @property
    def origin(self) -> str:
        """The origin of the pages, as browsers send it."""
        return str(self.public_url).rstrip("/")

    @property
    def authority(self) -> str:
        """Address of Entra's sign-in for this tenant."""
        root = self.sign_in_url or f"https://{cloud_of(str(self.graph_url)).authority}"
        return f"{str(root).rstrip('/')}/{self.tenant}"

    def keys_for(self, purpose: str) -> list[bytes]:
        """Returns 32 bytes that only this app knows, for one purpose: those of the current secret,
        then those of the previous one. Raises PermanentError if the secret is not set."""
        if self.client_state_secret is None:
            raise _no_secret()
        secrets = [self.client_state_secret, self.client_state_secret_previous]
        return [
            hmac.digest(
                secret.get_secret_value().encode(),
                f"hasten:{self.tenant}:{purpose}".encode(),
                "sha256",
            )
            for secret in secrets
            if secret is not None
        ]

    @property
    def client_state(self) -> str:
        """The clientState of Hasten's subscriptions. It is derived from the secret, so that the
        secret itself is never sent.

        It has 64 characters; Graph allows 128. Raises PermanentError if the secret is not set.
        """
        if self.client_state_secret is None:
            raise _no_secret()
        return self._derived(self.client_state_secret)

    def client_state_check(self) -> Callable[[str], bool]:
        """Checks a clientState against the current and the previous secret. It compares in constant
        time, whatever characters JSON contains, and derives nothing, so that a body of many forged
        notifications costs little."""
        secrets = (self.client_state_secret, self.client_state_secret_previous)
        ours = [self._derived(secret).encode() for secret in secrets if secret is not None]

        def is_ours(presented: str) -> bool:
            given = presented.encode("utf-8", "surrogatepass")
            matches = [hmac.compare_digest(given, known) for known in ours]
            return any(matches)

        return is_ours

    def _derived(self, secret: SecretStr) -> str:
        key = secret.get_secret_value().encode()
        return hmac.new(key, f"hasten:{self.tenant}".encode(), hashlib.sha256).hexdigest()


def load(environment: Mapping[str, str], *, needs_secret: bool = True) -> Settings:
    """Reads the settings. Raises PermanentError with one line that names the first bad or missing
    setting."""
    for name in (str(field.alias) for field in Settings.model_fields.values()):
        _usable(name, environment.get(name, ""))
    try:
        settings = Settings.model_validate(
            {name: value for name, value in environment.items() if value}
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0])
        problem = "is missing" if first["type"] == "missing" else f"is wrong: {wanted(first)}"
        raise PermanentError(f"setting {name} {problem}", f"set {name}; {DESCRIBED}") from None
    settings._addresses = {  # noqa: SLF001 - of this module
        name: SecretStr(value)
        for name, value in environment.items()
        if name.startswith(ADDRESS_PREFIX)
    }
    settings._scim_tokens = {  # noqa: SLF001 - of this module
        name: SecretStr(value)
        for name, value in environment.items()
        if name.startswith(TOKEN_PREFIX)
    }
    if needs_secret and settings.client_state_secret is None:
        raise _no_secret()
    if settings.service_bus is None and settings.service_bus_namespace is None:
        raise PermanentError(
            "setting ServiceBusConnection is missing",
            "set ServiceBusConnection__fullyQualifiedNamespace, or ServiceBusConnection to a "
            "connection string",
        )
    _refuse_bad_urls(settings)
    return settings


def _usable(name: str, value: str) -> str:
    """Returns the value without spaces around it. Raises PermanentError if it is a reference that
    Azure could not resolve, or no text: Python reads bytes that are no UTF-8 as surrogates."""
    text = value.strip()
    if text.startswith(UNRESOLVED):
        raise PermanentError(
            f"setting {name} is a Key Vault reference that Azure could not resolve",
            "put the secret into the vault, and give the app's identity the role "
            '"Key Vault Secrets User" on it',
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PermanentError(
            f"setting {name} has bytes that are no UTF-8 text", f"set {name} again, as UTF-8"
        ) from None
    return text


def _no_secret() -> PermanentError:
    return PermanentError(
        "setting HASTEN_CLIENT_STATE_SECRET is missing",
        f"set HASTEN_CLIENT_STATE_SECRET; {DESCRIBED}",
    )


def _refuse_bad_urls(settings: Settings) -> None:
    """Refuses addresses without https, because Graph notifies over https only, and tokens must be
    encrypted; and those with parts to which nothing can be appended."""
    public, graph, sign_in = settings.public_url, settings.graph_url, settings.sign_in_url
    for name, url, like in (
        ("HASTEN_PUBLIC_URL", public, "https://<app>.azurewebsites.net"),
        ("HASTEN_GRAPH_URL", graph, "https://graph.microsoft.com/v1.0, or the same of your cloud"),
        ("HASTEN_SIGN_IN_URL", sign_in, "https://login.microsoftonline.com"),
    ):
        if url is not None and (problem := _problem_of(url, has_version=url is graph)):
            raise PermanentError(
                f"setting {name} is wrong: it must {problem}", f"set {name} to {like}"
            )


def _problem_of(url: HttpUrl, *, has_version: bool) -> str:
    if url.scheme != "https" and url.host not in DEVELOPMENT_HOSTS:
        return "be https"
    if url.username or url.password or url.query or url.fragment:
        return "have no user, no query and no fragment"
    if has_version:
        return "" if GRAPH_VERSION.search(url.path or "") else "end with the version of Graph"
    return "" if url.path in {None, "/"} else "have no path"
