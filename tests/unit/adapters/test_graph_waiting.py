"""How long Graph asks to wait, and refusals that waiting or a permission cannot mend."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MAX_RETRY_AFTER, MAX_SUBSCRIPTION_LIFETIME, SUBSCRIPTION_LIFETIME
from tests.support.graph_wire import ALICE, Wire, refused
from tests.support.virtual_time import virtual
from tests.unit.adapters.test_graph_subscriptions import subscribe

SINCE = datetime(2026, 11, 23, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 09:00:00 GMT"
DEFAULT = timedelta(seconds=5)


@pytest.mark.parametrize(
    ("header", "delay"),
    [
        ("7", timedelta(seconds=7)),
        ("7.5", timedelta(seconds=7.5)),
        ("12.", timedelta(seconds=12)),
        ("0", timedelta(0)),
        ("Tue, 24 Nov 2026 09:01:30 GMT", timedelta(seconds=90)),
        ("Tue, 24 Nov 2026 09:01:30 -0000", timedelta(seconds=90)),
        ("Tue, 24 Nov 2026 08:00:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER),
        ("86400", MAX_RETRY_AFTER),
        ("9" * 400, MAX_RETRY_AFTER),
        ("12/31/9999 11:59:59 PM", DEFAULT),
        ("-1", DEFAULT),
        ("1e400", DEFAULT),
        ("nan", DEFAULT),
        ("inf", DEFAULT),
        ("soon", DEFAULT),
        ("", DEFAULT),
    ],
)
def test_a_wait_is_read_in_each_form_and_bounded(header: str, delay: timedelta) -> None:
    @virtual
    async def scenario() -> None:
        answer = refused(429, **{"Retry-After": header, "Date": DATE})

        with pytest.raises(TemporaryError) as caught:
            await Wire(answer).directory().user(ALICE)

        assert caught.value.delay == delay

    scenario()


FULL = [
    (403, "App 'a' has reached its limit of '100' 'GROUPS' subscription on tenant 't'."),
    (403, "Operation: Create; Exception: [Maximum number of subscriptions has been reached]"),
    (403, "The limit of 100 subscriptions per app and tenant is reached."),
    (403, "The directory object quota limit for the Principal has been exceeded."),
    (429, "Resource 'SubscriptionCountReached' has reached limit of '1000'."),
]


@pytest.mark.parametrize(("status", "message"), FULL)
def test_a_full_quota_is_no_missing_permission(status: int, message: str) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(refused(status, "ExtensionError", message))

        with pytest.raises(PermanentError) as caught:
            await subscribe(wire)

        assert "grant" not in caught.value.next_action
        assert "delete what" in caught.value.next_action

    scenario()


@pytest.mark.parametrize(
    "answer",
    [
        refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete."),
        httpx.Response(403, content=b"<html>quota</html>"),
    ],
)
def test_another_403_names_the_permission(answer: httpx.Response) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(PermanentError, match=r"grant the app's identity Group\.Read\.All"):
            await subscribe(Wire(answer))

    scenario()


def test_a_tenant_without_the_licence_of_the_log_is_no_missing_permission() -> None:
    @virtual
    async def scenario() -> None:
        code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
        directory = Wire(refused(403, code, "no premium license")).directory()

        with pytest.raises(PermanentError) as caught:
            await directory.provisioning_log("total.1", SINCE, {ALICE})

        assert "licence" in caught.value.next_action
        assert "grant" not in caught.value.next_action

    scenario()


def test_an_expiry_is_asked_for_with_an_hour_of_margin() -> None:
    assert timedelta(hours=1) == MAX_SUBSCRIPTION_LIFETIME - SUBSCRIPTION_LIFETIME
