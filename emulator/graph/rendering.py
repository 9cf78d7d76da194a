"""Renders an object for an answer: as the replica has received it, with the tenant's faults."""

import json
from collections.abc import Sequence

from emulator.graph.objects import Entity, Json
from emulator.graph.tenant import Tenant

ENABLED = "accountEnabled"


def shown(tenant: Tenant, entity: Entity, select: Sequence[str] = ()) -> Json:
    return _altered(tenant, entity, tenant.replica.seen(entity).shown(select))


def text(tenant: Tenant, entity: Entity, select: Sequence[str] = (), *, typed: bool = False) -> str:
    """Returns `shown` as JSON; `typed` adds the object's type."""
    behaviours = tenant.switches.now
    if behaviours.account_enabled_null or behaviours.account_enabled_absent:
        type_name = {"@odata.type": entity.type_name} if typed else {}
        return json.dumps({**type_name, **shown(tenant, entity, select)})
    return tenant.replica.seen(entity).text(select, typed=typed)


def _altered(tenant: Tenant, entity: Entity, properties: Json) -> Json:
    behaviours = tenant.switches.now
    if entity.kind != "user" or ENABLED not in properties:
        return properties
    if behaviours.account_enabled_absent:
        return {name: value for name, value in properties.items() if name != ENABLED}
    return {**properties, ENABLED: None} if behaviours.account_enabled_null else properties
