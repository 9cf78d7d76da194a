"""Breaks a set-up in one way each, and repairs it afterwards."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

from emulator.engine.target import Target
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from tests.support.tenant import Tenant

STAFF = object_id("group/All-Staff")

Broken = Callable[[Tenant], AbstractContextManager[None]]


def not_at_all(_: Tenant) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def without_permission(tenant: Tenant) -> Iterator[None]:
    tokens = tenant.graph.tenant.tokens
    before = tokens.roles
    tokens.roles = [role for role in before if role != "Synchronization.ReadWrite.All"]
    yield
    tokens.roles = before


@contextmanager
def in_quarantine(tenant: Tenant) -> Iterator[None]:
    target = _total(tenant)
    target.quarantine("EncounteredBaseEscrowThreshold")
    yield
    target.start()


@contextmanager
def wrongly_mapped(tenant: Tenant) -> Iterator[None]:
    job = _total(tenant).job
    before = job.user_mapping
    job.user_mapping = {"mail": "externalId", "department": before["department"]}
    yield
    job.user_mapping = before


def entra(**behaviours: Any) -> Broken:
    """Sets up provisioning so that Entra behaves differently (docs/emulator.md)."""

    @contextmanager
    def broken(tenant: Tenant) -> Iterator[None]:
        switches = tenant.graph.tenant.switches
        before = switches.now
        switches.now = replace(before, **behaviours)
        yield
        switches.now = before

    return broken


@contextmanager
def without_job(tenant: Tenant) -> Iterator[None]:
    job = _total(tenant).job
    job.exists = False
    yield
    job.exists = True


@contextmanager
def with_two_rules(tenant: Tenant) -> Iterator[None]:
    job = _total(tenant).job
    job.fitting_rules = 2
    yield
    job.fitting_rules = 1


@contextmanager
def nested(tenant: Tenant) -> Iterator[None]:
    """All staff are members of a member of the watched group."""
    directory = tenant.graph.tenant.directory
    directory.add_members(directory.groups[TOTAL_ENGINEERING], [STAFF])
    yield
    directory.remove_member(directory.groups[TOTAL_ENGINEERING], STAFF)


@contextmanager
def expired(tenant: Tenant) -> Iterator[None]:
    """The subscriptions."""
    subscriptions = tenant.graph.tenant.subscriptions
    live = subscriptions.live()
    ends = [subscription.expires for subscription in live]
    for subscription in live:
        subscription.expires = 0
    yield
    for subscription, end in zip(live, ends, strict=True):
        subscription.expires = end
        subscriptions._all[subscription.id] = subscription


@contextmanager
def ambiguous(tenant: Tenant) -> Iterator[None]:
    """A second app has the name of the first."""
    directory = tenant.graph.tenant.directory
    shown = dict(directory.service_principals[TOTAL].properties)
    twin = directory.create_service_principal({**shown, "appId": object_id("application/twin")})
    yield
    del directory.service_principals[twin.id]


def _total(tenant: Tenant) -> Target:
    return tenant.graph.tenant.target(TOTAL)
