"""The command line against an emulated tenant, as an operator would use it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED
from tests.support import broken
from tests.support.broken import Broken
from tests.support.command_line import CommandLine
from tests.support.launching import warm
from tests.support.tenant import emulated

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CommandLine]:
    """All is well, but that the app was stopped once it had subscribed."""
    async with emulated(tmp_path_factory.mktemp("tenant"), launch=warm) as tenant:
        host = await tenant.host()
        await tenant.watched_by(host)
        line = CommandLine(tenant, host.url)
        line.healthy = await line.json("doctor")
        host.stop()
        yield line


async def test_status_shows_the_job_and_when_the_subscription_expires(
    line: CommandLine,
) -> None:
    result = await line.run("status")
    status = await line.status("TOTAL")
    [shown] = status["targets"]

    assert result.exit_code == 0
    assert status["app"]["problems"] == []
    assert "sweep" in {t["timer"] for t in status["app"]["timers"] if t["succeeded_at"]}
    assert (shown["job_state"], shown["problems"]) == ("Active", [])
    assert all(group["subscribed_until"] for group in shown["groups"])
    assert "Active" in result.stdout


async def test_explain_says_why_a_member_of_a_nested_group_is_not_provisioned(
    line: CommandLine,
) -> None:
    with broken.nested(line.tenant):
        result = await line.run("explain", "E00400")

    assert result.exit_code == 0
    assert "They are not assigned to TOTAL." in result.stdout
    assert "nested in the assigned group TOTAL-Engineering" in result.stdout


async def test_a_target_that_does_not_exist_is_bad_usage_and_names_those_that_do(
    line: CommandLine,
) -> None:
    result = await line.run("release", "TOTLA")

    assert result.exit_code == 2
    assert result.stderr == "no target TOTLA; targets.yaml has: TOTAL\n"


async def test_a_bad_setting_is_one_line_that_names_it(line: CommandLine) -> None:
    result = await line.run("status", HASTEN_TENANT_ID="contoso")

    assert result.exit_code == 2
    assert result.stderr.startswith("setting HASTEN_TENANT_ID is wrong")
    assert result.stderr.count("\n") == 1


async def test_a_rejected_event_is_shown_and_then_posted_again(line: CommandLine) -> None:
    servicebus = line.tenant.servicebus
    event = ServiceBusMessage(
        '{"id": "joiner-1"}', application_properties={"reason": "unknown_user"}
    )
    async with (
        ServiceBusClient.from_connection_string(servicebus.connection_string) as client,
        client.get_queue_sender(ONBOARDING_REJECTED) as sender,
    ):
        await sender.send_messages(event)
    command = ["replay", "--queue", ONBOARDING_REJECTED, "--id", "joiner-1"]

    shown = await line.run(*command, "--dry-run")
    status = await line.status()
    before = servicebus.stats()
    replayed = await line.run(*command, "--yes")

    after = servicebus.stats()
    assert "unknown_user" in shown.stdout
    assert status["app"]["parked"] == 1
    assert any("1 rejected events are parked" in p["found"] for p in status["app"]["problems"])
    assert (before[ONBOARDING_REJECTED]["active"], before[ONBOARDING_EVENTS]["active"]) == (1, 0)
    assert replayed.exit_code == 0
    assert (after[ONBOARDING_REJECTED]["active"], after[ONBOARDING_EVENTS]["active"]) == (0, 1)


async def test_a_queue_that_the_app_reads_is_only_replayed_from_its_dead_letters(
    line: CommandLine,
) -> None:
    result = await line.run("replay", "--queue", "provisioning")

    assert result.exit_code == 2
    assert "--dead-letters" in result.stderr


POLICY = """
targets:
  - name: TOTAL
    display_name: TOTAL
    groups:
      - name: TOTAL-Newcomers
        create: {}
"""


async def test_the_plan_of_the_policy_is_shown_and_done_only_when_asked(line: CommandLine) -> None:
    policy = {"HASTEN_TARGETS": line.targets(POLICY)}

    planned = await line.run("apply", "TOTAL", **policy)
    again = await line.run("apply", "TOTAL", **policy)
    done = await line.run("apply", "TOTAL", "--yes", **policy)
    after = await line.run("apply", "TOTAL", **policy)

    assert "1. Create the group TOTAL-Newcomers." in planned.stdout
    assert (planned.exit_code, again.stdout) == (0, planned.stdout)
    assert "TOTAL: done" in done.stdout
    assert after.stdout == "Nothing is missing.\n"


UNASSIGNED = """
targets:
  - name: TOTAL
    display_name: TOTAL
    groups:
      - name: All-Staff
"""


async def test_the_doctor_finds_no_problem_where_there_is_none(line: CommandLine) -> None:
    assert [found for found in line.healthy if found["level"] != "ok"] == []


@pytest.mark.parametrize(
    ("broken_by", "settings", "check", "says"),
    [
        (
            broken.without_permission,
            {},
            "permission",
            (
                "Synchronization.ReadWrite.All is missing",
                "grant the app's identity Synchronization.ReadWrite.All",
            ),
        ),
        (
            broken.in_quarantine,
            {},
            "provisioning job",
            ("in quarantine: EncounteredBaseEscrowThreshold", "restart the job"),
        ),
        (
            broken.wrongly_mapped,
            {},
            "attribute mapping",
            ("externalId comes from mail, not objectId", "map objectId to externalId"),
        ),
        (
            broken.entra(skip_out_of_scope=True),
            {},
            "provisioning scope",
            ("their accounts stay active", "set SkipOutOfScopeDeletions to False"),
        ),
        (
            broken.entra(sync_all=True),
            {},
            "provisioning scope",
            ("it is all users and groups", "Sync only assigned users and groups"),
        ),
        (
            broken.entra(secrets_unreadable=True),
            {},
            "provisioning scope",
            ("it cannot be read: Graph answered 403", "check by hand"),
        ),
        (
            broken.entra(no_delete_flow=True),
            {},
            "target object actions",
            ("people who leave keep their accounts", "tick Delete"),
        ),
        (
            broken.entra(no_update_flow=True),
            {},
            "target object actions",
            ("neither changed nor disabled", "tick Update"),
        ),
        (
            broken.entra(no_active_mapping=True),
            {},
            "active mapping",
            ("active is not mapped", "map Switch([IsSoftDeleted]"),
        ),
        (
            broken.without_job,
            {},
            "provisioning job",
            ("no provisioning job", "set Provisioning Mode to Automatic"),
        ),
        (
            broken.with_two_rules,
            {},
            "provisioning rule",
            ("2 rules for User", "name the one to use as `rule`"),
        ),
        (
            broken.not_at_all,
            {"HASTEN_TARGETS": UNASSIGNED},
            "policy group",
            ("All-Staff", "python -m hasten apply TOTAL --yes"),
        ),
        (
            broken.nested,
            {},
            "group members",
            (
                "1 nested group: 800 people in them are not provisioned",
                "add these people to the group itself",
            ),
        ),
        (
            broken.expired,
            {},
            "subscription",
            ("Graph reports no change", "the sweep timer makes it"),
        ),
        (
            broken.ambiguous,
            {},
            "target",
            ("2 enterprise applications have this name", "name it by service_principal_id"),
        ),
        (
            broken.not_at_all,
            {"HASTEN_CLIENT_STATE_SECRET": "another-secret-than-that-of-the-subscriptions"},
            "subscription",
            ("made with another HASTEN_CLIENT_STATE_SECRET", "HASTEN_CLIENT_STATE_SECRET_PREVIOUS"),
        ),
    ],
)
async def test_the_doctor_finds_what_is_broken_and_says_what_to_do(
    line: CommandLine,
    broken_by: Broken,
    settings: dict[str, str],
    check: str,
    says: tuple[str, str],
) -> None:
    found, fix = says
    if "HASTEN_TARGETS" in settings:
        settings = {"HASTEN_TARGETS": line.targets(settings["HASTEN_TARGETS"])}

    with broken_by(line.tenant):
        findings = await line.json("doctor", **settings)

    ill = [f for f in findings if f["check"] == check and f["level"] != "ok"]
    assert any(found in f["found"] and fix in f["fix"] for f in ill), ill


async def test_a_secret_that_is_too_short_is_one_line_that_names_it(line: CommandLine) -> None:
    result = await line.run("doctor", HASTEN_CLIENT_STATE_SECRET="short")

    assert result.exit_code == 2
    assert result.stderr.startswith("setting HASTEN_CLIENT_STATE_SECRET is wrong")
    assert result.stderr.count("\n") == 1


async def test_a_problem_is_shown_in_the_table_and_ends_with_one(line: CommandLine) -> None:
    with broken.in_quarantine(line.tenant):
        result = await line.run("doctor")

    assert result.exit_code == 1
    assert "problem" in result.stdout
    assert "in quarantine" in result.stdout
