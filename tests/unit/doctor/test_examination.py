"""The whole examination, on fakes."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from azure.core.exceptions import ClientAuthenticationError
from pydantic import SecretStr

from hasten.doctor.examination import Doctor
from hasten.doctor.findings import Finding, Level
from hasten.doctor.permissions import NEEDED_PERMISSIONS
from hasten.errors import NoTokenError, PermanentError, TemporaryError
from hasten.ports.bus import ENSURE
from hasten.records import job_seen
from hasten.targets import Target
from tests.fakes.directory import JOB, SERVICE_PRINCIPAL
from tests.fakes.probes import FakeProbes
from tests.support.virtual_time import now, virtual
from tests.support.world import World

URL = "https://hasten.example/api/graph/notifications"
ALL = frozenset(needed.name for needed in NEEDED_PERMISSIONS)
REFUSED = PermanentError("Graph answered 403", "grant it")


@dataclass
class Examined:
    world: World = field(default_factory=World)
    probes: FakeProbes = field(default_factory=lambda: FakeProbes(ALL))
    has_previous_secret: bool = False
    has_secret: bool = True
    told: list[str] = field(default_factory=list)

    async def ill(self) -> list[Finding]:
        """All that is not ok."""
        return [found for found in await self.all() if found.level is not Level.OK]

    async def all(self) -> list[Finding]:
        status = {"code": "Active", "lastExecution": {"timeBegan": now().isoformat()}}
        self.world.directory.job_list = [{"id": JOB, "status": status}]
        secrets: dict[str, SecretStr | None] = (
            {"client_state_secret_previous": SecretStr("old")} if self.has_previous_secret else {}
        )
        context = self.world.context
        if not self.has_secret:
            secrets["client_state_secret"] = None
        context.settings = context.settings.model_copy(update=secrets)
        doctor = Doctor(context, self.probes, self.told.append)
        return await doctor.examine()


@virtual
async def test_every_check_runs_and_is_announced_as_it_begins() -> None:
    examined = Examined()

    checks = {finding.check for finding in await examined.all()}

    assert {"secret", "token", "permission", "clock", "store", "queue", "webhook"} < checks
    assert {"target", "provisioning job", "app role", "assigned groups"} < checks
    assert {"clock", "target TOTAL", "subscription"} <= set(examined.told)
    assert examined.probes.handshakes == [URL]


@virtual
async def test_a_check_of_one_target_names_it() -> None:
    found = await Examined().all()

    assert {f.target for f in found if f.check == "provisioning job"} == {"TOTAL"}
    assert {f.target for f in found if f.check == "queue"} == {""}


@pytest.mark.parametrize("error", [REFUSED, TemporaryError("no answer", timedelta(seconds=5))])
@pytest.mark.parametrize(
    ("probe", "check"),
    [("token", "token"), ("clock_ahead", "clock"), ("reach", "queue"), ("handshake", "webhook")],
)
@virtual
async def test_a_check_that_fails_is_a_problem_and_the_others_go_on(
    probe: str, check: str, error: Exception
) -> None:
    examined = Examined()
    examined.probes.errors[probe] = error

    ill = [found for found in await examined.ill() if found.check == check]

    assert {found.level for found in ill} == {Level.PROBLEM}
    assert all(found.fix for found in ill)
    assert "target TOTAL" in examined.told


@virtual
async def test_a_queue_out_of_reach_is_named_with_the_setting_to_look_at() -> None:
    examined = Examined()
    examined.probes.errors["reach"] = TemporaryError("Service Bus: closed", timedelta(seconds=5))

    ill = [found for found in await examined.ill() if found.check == "queue"]

    assert "ensure is out of reach: Service Bus: closed" in {found.found for found in ill}
    assert all("ServiceBusConnection" in found.fix for found in ill)


@virtual
async def test_whoever_is_not_signed_in_reads_so_at_every_check() -> None:
    examined = Examined()
    error = NoTokenError("Service Bus", ClientAuthenticationError("x"), timedelta(seconds=5))
    examined.probes.errors["reach"] = error

    ill = [found for found in await examined.ill() if found.check == "queue"]

    assert {found.found for found in ill} == {"no token for Service Bus: ClientAuthenticationError"}
    assert all("az login" in found.fix for found in ill)


@virtual
async def test_an_app_that_does_not_answer_is_looked_for_at_its_own_address() -> None:
    examined = Examined()
    examined.probes.errors["anonymous"] = TemporaryError("no answer", timedelta(seconds=5))

    ill = [found for found in await examined.ill() if "no answer" in found.found]

    assert ill
    assert all("HASTEN_PUBLIC_URL" in found.fix for found in ill)


@virtual
async def test_a_target_that_is_not_found_ends_its_own_checks_alone() -> None:
    examined = Examined()
    examined.world.directory.principals.clear()

    found = [finding for finding in await examined.all() if finding.target == "TOTAL"]

    assert [finding.check for finding in found] == ["target"]
    assert "no such enterprise application" in found[0].found


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.OK), (-5, Level.OK), (6, Level.WARNING), (-60, Level.WARNING), (61, Level.PROBLEM)],
)
@virtual
async def test_the_clock_may_be_a_little_wrong(seconds: int, level: Level) -> None:
    examined = Examined(probes=FakeProbes(ALL, ahead=timedelta(seconds=seconds)))

    [found] = [finding for finding in await examined.all() if finding.check == "clock"]

    assert found.level is level


@virtual
async def test_dead_letters_are_reported_with_how_to_replay_them() -> None:
    examined = Examined(probes=FakeProbes(ALL, dead={ENSURE: 3}))

    [found] = [finding for finding in await examined.ill() if finding.check == "queue"]

    assert "ensure has 3 dead letters" in found.found
    assert "replay --queue ensure --dead-letters" in found.fix


@virtual
async def test_without_the_secret_all_but_the_subscriptions_secret_is_checked() -> None:
    [found] = [f for f in await Examined(has_secret=False).ill() if "secret" in f.found.lower()]

    assert found.level is Level.WARNING
    assert "HASTEN_CLIENT_STATE_SECRET is not set here" in found.found


async def test_a_previous_secret_that_is_still_set_is_worth_a_warning() -> None:
    [found] = [f for f in await Examined(has_previous_secret=True).ill() if f.check == "secret"]

    assert found.level is Level.WARNING


@virtual
async def test_nothing_is_left_behind_in_the_store() -> None:
    examined = Examined()

    await examined.all()

    assert await examined.world.store.scan("doctor", "probe") == []


@virtual
async def test_a_token_of_another_tenant_is_a_problem_of_the_tenant_not_of_the_secret() -> None:
    probes = FakeProbes(ALL, tenant="0000eeee-0000-4000-8000-000000000009")

    [found] = [f for f in await Examined(probes=probes).ill() if f.check == "token"]

    assert found.level is Level.PROBLEM
    assert "0000eeee-0000-4000-8000-000000000009, but HASTEN_TENANT_ID is" in found.found
    assert "correct HASTEN_TENANT_ID" in found.fix


@virtual
async def test_two_targets_that_are_one_app_are_a_problem() -> None:
    examined = Examined()
    context = examined.world.context
    twin = Target(name="TWIN", service_principal_id=UUID(SERVICE_PRINCIPAL))
    context.targets["TWIN"] = twin

    found = await Doctor(context, examined.probes, examined.told.append).examine()

    [twice] = [f for f in found if "are one app" in f.found]
    assert twice.level is Level.PROBLEM
    assert "TOTAL and TWIN" in twice.found


@virtual
async def test_a_target_that_the_app_has_not_read_for_ten_minutes_is_a_problem() -> None:
    examined = Examined()
    seen = job_seen.unread(TemporaryError("Graph answered 503", timedelta()), now())
    await job_seen.save(examined.world.store, "TOTAL", seen, {})

    before = [found.found for found in await examined.ill()]
    await asyncio.sleep(job_seen.UNREAD_TOLERATED.total_seconds())
    after = [found.found for found in await examined.ill()]

    shown = [found for found in after if "no sweep could read" in found]
    assert len(shown) == 1
    assert not any("no sweep could read" in found for found in before)
