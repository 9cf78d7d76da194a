"""Commands on two targets in memory, of which the first is broken."""

from collections.abc import Callable, Sequence

from typer.testing import Result

from hasten.context import Context
from hasten.doctor.examination import Doctor
from hasten.doctor.permissions import NEEDED_PERMISSIONS
from hasten.errors import TemporaryError
from hasten.policy import Creation, GroupPolicy
from hasten.ports.directory_values import User
from hasten.targets import Target
from tests.fakes.dead_letters import FakeParkedMessages
from tests.fakes.directory import FakeDirectory
from tests.fakes.probes import FakeProbes
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World

BROKEN = "BROKEN"

Ran = Callable[..., Result]


class Unanswering(FakeDirectory):
    """Answers no read about a person while it is down."""

    down: TemporaryError | None = None

    async def user(self, user: str) -> User | None:
        self._may_be_down()
        return await super().user(user)

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        self._may_be_down()
        return await super().assigned_through(user, service_principal)

    def _may_be_down(self) -> None:
        if self.down is not None:
            raise self.down


class CommandWorld(World):
    """BROKEN comes first: the tenant has no such app."""

    directory: Unanswering

    def __post_init__(self) -> None:
        super().__post_init__()
        self.directory = Unanswering(groups=[ENGINEERING, ADMIN])
        groups = (GroupPolicy(name="TOTAL-Newcomers", create=Creation()),)
        self.broken = Target(name=BROKEN, display_name="Gone", groups=groups)
        self.sound = Target(name=TOTAL, display_name=TOTAL, groups=groups)
        self.two = Context(self.context.settings, (self.broken, self.sound), self)
        self.directory.job_list = [{"id": "total.0000", "status": {"code": "Active"}}]
        self.parked_messages = FakeParkedMessages()

    def doctor(self, report: Callable[[str], None]) -> Doctor:
        probes = FakeProbes(frozenset(needed.name for needed in NEEDED_PERMISSIONS))
        return Doctor(self.two, probes, report)

    async def who(self) -> str:
        return "cli:0000dddd-0000-4000-8000-000000000001"
