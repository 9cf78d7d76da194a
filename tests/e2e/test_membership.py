"""From a change in the directory to the app: over real HTTP and AMQP, in processes of their own."""

from functools import partial

from emulator.graph.seed import TOTAL, TOTAL_ADMIN, TOTAL_ENGINEERING, object_id
from tests.support.tenant import Tenant, eventually, newcomers

ENGINEER = object_id("user/100")


async def test_a_joiner_is_in_the_app_and_the_ledger_says_so(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [joiner] = newcomers(1)

    await tenant.admin.join(TOTAL_ENGINEERING, joiner)
    await eventually(partial(tenant.are_in, [joiner]))
    await eventually(tenant.is_quiet)

    row = tenant.documents("ledger")[f"proof|{TOTAL_ENGINEERING}|{joiner}"]
    assert (row["action"], row["state"]) == ("added", "succeeded")
    await host.fire("verify")
    proven = tenant.documents("ledger")[f"done|{TOTAL_ENGINEERING}|{joiner}"]
    assert proven["state"] == "confirmed"
    assert await tenant.named_in_calls() == [joiner]


async def test_a_leaver_who_keeps_nothing_is_disabled_in_the_app(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)

    await tenant.admin.leave(TOTAL_ENGINEERING, ENGINEER)

    await eventually(partial(tenant.is_disabled, ENGINEER))


async def test_a_user_moved_between_groups_ends_in_the_new_one_alone(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)

    await tenant.admin.join(TOTAL_ADMIN, ENGINEER)
    await tenant.admin.leave(TOTAL_ENGINEERING, ENGINEER)

    async def moved() -> bool:
        account = (await tenant.admin.accounts())[ENGINEER]
        return bool(account["active"]) and account["groups"] == [TOTAL_ADMIN]

    await eventually(moved)


async def test_discovery_takes_the_right_app_and_watches_its_groups_only(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)

    found = tenant.documents("targets")["TOTAL"]
    subscribed = {row["resource"] for row in tenant.documents("subscriptions").values()}

    assert found["service_principal"] == TOTAL
    assert set(found["groups"]) == {TOTAL_ADMIN, TOTAL_ENGINEERING}
    assert subscribed == {*(f"groups/{group}" for group in found["groups"]), "users"}


async def test_a_notification_that_graph_drops_is_made_up_for_by_the_look_timer(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    tenant.graph.tenant.faults.add({"notifications": "drop", "times": 1})
    [joiner] = newcomers(1)
    await tenant.admin.join(TOTAL_ENGINEERING, joiner)

    await host.fire("look")

    await eventually(partial(tenant.are_in, [joiner]))


async def test_a_delta_that_lags_behind_its_notification_is_read_again(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    tenant.graph.tenant.replica.delay = 3.0
    [joiner] = newcomers(1)

    await tenant.admin.join(TOTAL_ENGINEERING, joiner)

    await eventually(partial(tenant.are_in, [joiner]))


async def test_nothing_secret_or_personal_is_in_the_log(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [joiner] = newcomers(1)
    user = tenant.graph.tenant.directory.users[joiner].properties
    await tenant.admin.join(TOTAL_ENGINEERING, joiner)
    await tenant.admin.leave(TOTAL_ENGINEERING, ENGINEER)
    await eventually(partial(tenant.is_disabled, ENGINEER))

    log = host.log.read_text()

    assert joiner in log
    for private in (
        user["displayName"],
        user["userPrincipalName"],
        host.settings["HASTEN_CLIENT_STATE_SECRET"],
        host.settings["IDENTITY_HEADER"],
        "Bearer",
        "clientState",
        "SharedAccessKey=",
    ):
        assert private not in log
    assert "Auth level is not applied" not in log
