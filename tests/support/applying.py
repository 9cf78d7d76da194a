"""A world with a policy."""

from hasten.domain.applying import StepKind
from hasten.ensure.applier import Applier
from hasten.ensure.apply_policy import apply_policy, plan_policy
from hasten.policy import Creation, GroupPolicy
from hasten.targets import Mode, Target
from tests.support.ensuring import Onboarding
from tests.support.world import ADMIN, ENGINEERING, TOTAL

ADMINS = GroupPolicy(name="TOTAL-Admin", admin=True)
MONITORED = GroupPolicy(
    name="TOTAL - Engineering", create=Creation(), also_members_of=("TOTAL-Admin",)
)


class Policed(Onboarding):
    async def applies(self) -> list[StepKind]:
        carried = await apply_policy(self.context, self.target, Applier("os:kim", "a test"))
        if carried.error is not None:
            raise carried.error
        return [step.kind for step in carried.steps]

    async def plans(self) -> list[str]:
        return [step.sentence for step in await plan_policy(self.context, self.target)]

    @property
    def problems(self) -> list[str]:
        told = [e for e in self.events if e.name == "policy" and e.problem]
        return [str(event.fields["reason"]) for event in told]


async def world_with(
    *groups: GroupPolicy, mode: Mode | None = None, monitored: bool = True
) -> Policed:
    target = Target(name=TOTAL, display_name=TOTAL, groups=groups, mode=mode)
    world = Policed(target=target)
    await world.is_discovered()
    world.directory.has_group(ADMIN, "TOTAL-Admin")
    if monitored:
        world.directory.has_group(ENGINEERING, "TOTAL - Engineering")
    return world
