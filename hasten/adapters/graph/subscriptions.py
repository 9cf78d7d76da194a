"""Creates, renews and deletes subscriptions to change notifications."""

from datetime import datetime
from typing import Any

from msgraph.generated.models.subscription import Subscription
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph import bodies
from hasten.adapters.graph.answers import UnreadableError
from hasten.adapters.graph.refusals import already_exists
from hasten.adapters.graph.wire import Wire, or_none
from hasten.domain.subscribing import USERS_RESOURCE
from hasten.json import Json
from hasten.ports.directory_values import ListedSubscriptions

GROUPS_PERMISSION, USERS_PERMISSION = "Group.Read.All", "User.Read.All"


class Subscriptions:
    def __init__(self, client: GraphServiceClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def subscriptions(self) -> ListedSubscriptions:
        request = self._client.subscriptions.to_get_request_information()
        found = await self._wire.listed(request, _readable, needs=GROUPS_PERMISSION)
        return ListedSubscriptions(
            [one for one in found if not isinstance(one, str)],
            [one for one in found if isinstance(one, str)],
        )

    async def subscribe(
        self,
        *,
        resource: str,
        url: str,
        lifecycle_url: str,
        client_state: str,
        expires: datetime,
    ) -> Json:
        """Creates a subscription. Never retried: Graph may have created it without an answer, and
        lists it later. Graph reports the permanent deletion of a user as `deleted`."""
        is_of_people = resource == USERS_RESOURCE
        wanted = Subscription(
            resource=resource,
            change_type="updated,deleted" if is_of_people else "updated",
            notification_url=url,
            lifecycle_notification_url=lifecycle_url,
            client_state=client_state,
            expiration_date_time=expires,
            latest_supported_tls_version="v1_2",
        )
        request = self._client.subscriptions.to_post_request_information(wanted)
        with already_exists():
            needs = USERS_PERMISSION if is_of_people else GROUPS_PERMISSION
            return await self._wire.write_once(request, bodies.SUBSCRIPTION.read, needs=needs)

    async def renew(self, subscription: str, expires: datetime) -> Json | None:
        item = self._client.subscriptions.by_subscription_id(subscription)
        request = item.to_patch_request_information(Subscription(expiration_date_time=expires))
        parse = bodies.RENEWED.of(subscription)
        return await or_none(self._wire.write_and_read(request, parse, needs=GROUPS_PERMISSION))

    async def unsubscribe(self, subscription: str) -> None:
        item = self._client.subscriptions.by_subscription_id(subscription)
        await or_none(
            self._wire.write(item.to_delete_request_information(), needs=GROUPS_PERMISSION)
        )


def _readable(listed: Any) -> Json | str:
    """Returns a subscription, or the id of one that cannot be read, "" if it is not known."""
    try:
        return bodies.SUBSCRIPTION.read(listed)
    except UnreadableError:
        return bodies.known_id(listed)
