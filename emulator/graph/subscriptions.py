"""Emulates subscriptions to change notifications: Graph's checks and the handshake with the
webhook."""

import ipaddress
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx

from emulator.clock import Clock, iso, parse_iso
from emulator.entra.behaviours import Switches
from emulator.graph.directory import Directory
from emulator.graph.errors import GraphError, bad_request, not_found
from emulator.graph.objects import Change

Json = dict[str, Any]

MAX_LIFETIME = 41_760 * 60.0
"""Seconds; "under 29 days" for users and groups (Graph, subscription)."""

MIN_LIFETIME = 45 * 60.0
"""Graph silently raises shorter lifetimes to this."""

MAX_CLIENT_STATE = 128

HANDSHAKE_TIMEOUT = 10.0
CHANGE_TYPES = frozenset({"updated", "deleted"})
RESOURCE = re.compile(
    r"/?(?P<kind>users|groups)(?:/(?P<id>[0-9a-f-]{36})(?:/(?:members|owners))?)?/?", re.IGNORECASE
)
VALIDATION_FAILED = (
    "Subscription validation request failed. Notification endpoint must respond with 200 OK to "
    "validation request."
)


@dataclass(slots=True)
class Subscription:
    """A subscription. `expires` is in epoch seconds of the emulated clock."""

    id: str
    resource: str
    change_types: frozenset[str]
    client_state: str | None
    url: str
    lifecycle_url: str | None
    expires: float
    application: str
    tls: str = "v1_2"

    def wants(self, change: Change) -> bool:
        match = RESOURCE.fullmatch(self.resource)
        if match is None or match["kind"].lower() != f"{change.subject.kind}s":
            return False
        only = (match["id"] or "").lower()
        kind = "deleted" if change.gone else "updated"
        return kind in self.change_types and only in {"", change.subject.id}

    def shown(self) -> Json:
        """Returns the subscription without clientState, a secret that only the answer to its
        creator contains."""
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.application,
            "changeType": ",".join(sorted(self.change_types, reverse=True)),
            "clientState": None,
            "notificationUrl": self.url,
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": iso(self.expires),
            "creatorId": self.application,
            "includeResourceData": None,
            "latestSupportedTlsVersion": self.tls,
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }


class Subscriptions:
    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        http: httpx.AsyncClient,
        application: str,
        switches: Switches,
    ) -> None:
        self._switches = switches
        self._directory = directory
        self._clock = clock
        self._http = http
        self._application = application
        self._all: dict[str, Subscription] = {}

    def live(self) -> list[Subscription]:
        now = self._clock.time()
        self._all = {key: sub for key, sub in self._all.items() if sub.expires > now}
        return list(self._all.values())

    def get(self, subscription_id: str) -> Subscription:
        for subscription in self.live():
            if subscription.id == subscription_id.lower():
                return subscription
        raise not_found(subscription_id)

    async def create(self, body: Mapping[str, Any]) -> Json:
        subscription = self._checked(body)
        self._refuse_another(subscription)
        for url in filter(None, (subscription.url, subscription.lifecycle_url)):
            await self._shake_hands(url)
        self._refuse_another(subscription)
        self._all[subscription.id] = subscription
        return subscription.shown() | {"clientState": subscription.client_state}

    async def update(self, subscription_id: str, body: Mapping[str, Any]) -> Json:
        """Changes a subscription; only the expiry and the notification URL can be changed."""
        subscription = self.get(subscription_id)
        fixed = set(body) - {"expirationDateTime", "notificationUrl", "@odata.type"}
        if fixed:
            raise bad_request(f"Property '{min(fixed)}' cannot be updated.", "InvalidRequest")
        expires = subscription.expires
        if "expirationDateTime" in body:
            expires = self._expiry(body["expirationDateTime"])
        url = subscription.url
        if "notificationUrl" in body:
            url = _url(body["notificationUrl"], "notificationUrl")
            await self._shake_hands(url)
        subscription.expires, subscription.url = expires, url
        return subscription.shown()

    def clear(self) -> None:
        """Deletes all subscriptions without notifying anyone."""
        self._all.clear()

    def delete(self, subscription_id: str) -> None:
        subscription = self.get(subscription_id)  # also drops expired subscriptions
        del self._all[subscription.id]

    def _checked(self, body: Mapping[str, Any]) -> Subscription:
        missing = [
            name
            for name in ("changeType", "notificationUrl", "resource", "expirationDateTime")
            if not body.get(name)
        ]
        if missing:
            raise bad_request(f"Property '{missing[0]}' is required.", "InvalidRequest")
        change_types = frozenset(str(body["changeType"]).replace(" ", "").lower().split(","))
        if not change_types <= CHANGE_TYPES:
            raise bad_request(
                "The change types supported are updated and deleted.", "InvalidRequest"
            )
        client_state = body.get("clientState")
        if client_state is not None and len(str(client_state)) > MAX_CLIENT_STATE:
            raise bad_request(
                f"clientState must not exceed {MAX_CLIENT_STATE} characters.", "InvalidRequest"
            )
        lifecycle_url = body.get("lifecycleNotificationUrl")
        return Subscription(
            id=self._directory.new_id(),
            resource=self._resource(str(body["resource"])),
            change_types=change_types,
            client_state=str(client_state) if client_state is not None else None,
            url=_url(body["notificationUrl"], "notificationUrl"),
            lifecycle_url=_url(lifecycle_url, "lifecycleNotificationUrl")
            if lifecycle_url
            else None,
            expires=self._expiry(body["expirationDateTime"]),
            application=self._application,
            tls=str(body.get("latestSupportedTlsVersion") or "v1_2"),
        )

    def _resource(self, resource: str) -> str:
        match = RESOURCE.fullmatch(resource)
        if match is None:
            raise bad_request(f"Resource '{resource}' is not supported.", "InvalidRequest")
        if match["id"] and self._directory.find(match["id"]) is None:
            raise not_found(match["id"])
        return resource

    def _expiry(self, text: Any) -> float:
        now = self._clock.time()
        try:
            expires = parse_iso(str(text))
        except ValueError:
            raise bad_request("expirationDateTime is not a time.", "InvalidRequest") from None
        if expires <= now:
            raise bad_request("Subscription expiration must be in the future.", "InvalidRequest")
        if expires > now - self._switches.now.clock_behind + MAX_LIFETIME:
            raise bad_request(
                "Subscription expiration can only be 41760 minutes in the future.",
                "InvalidRequest",
            )
        return max(expires, now + MIN_LIFETIME)

    def _refuse_another(self, wanted: Subscription) -> None:
        live = self.live()
        for other in live:
            same_resource = other.resource.strip("/").lower() == wanted.resource.strip("/").lower()
            if same_resource and other.change_types == wanted.change_types:
                raise GraphError(
                    409,
                    "Conflict",
                    f"Subscription Id {other.id} already exists for the requested combination",
                )
        limit = self._switches.now.subscription_limit
        if len(live) >= limit:
            raise GraphError(
                403,
                "Forbidden",
                f"The limit of {limit} subscriptions per app and tenant is reached.",
            )

    async def _shake_hands(self, url: str) -> None:
        """Sends the handshake. Its token has characters that must be decoded for a correct echo."""
        token = (
            "Validation: Testing client application reachability for subscription "
            f"Request-Id: {uuid.uuid4()}"
        )
        separator = "&" if urlsplit(url).query else "?"
        try:
            answer = await self._http.post(
                f"{url}{separator}validationToken={quote_plus(token)}",
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=HANDSHAKE_TIMEOUT,
            )
        except httpx.RequestError as error:
            raise bad_request(f"{VALIDATION_FAILED} ({error!r})", "ValidationError") from None
        media_type = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if (
            answer.status_code != HTTPStatus.OK
            or media_type != "text/plain"
            or answer.text != token
        ):
            raise bad_request(VALIDATION_FAILED, "ValidationError")


def _url(text: Any, name: str) -> str:
    """Returns the URL, which must be HTTPS as Graph requires; plain HTTP only on this machine."""
    parts = urlsplit(str(text))
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return str(text)
    raise bad_request(f"{name} must be an HTTPS URL.", "InvalidRequest")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
