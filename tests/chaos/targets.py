"""The targets of a storm: one to three, each with a `grants_by` and a `release_by_two`. Their draws
are their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from uuid import UUID

from emulator.graph.seed import TOTAL_ADMIN, TOTAL_ENGINEERING, object_id
from hasten.domain.planning import GrantsBy
from hasten.domain.shared_pace import LimitScope
from hasten.policy import Allowance, GroupPolicy
from hasten.scim import Scim
from hasten.targets import Target
from tests.simulation.world import World

MOST_TARGETS = 3

RENAMED = "_"
"""Parts the first name of a target from a number, after a rename."""

BY_TWO = 0.5
"""How likely two operators must agree before held changes of a target are released."""

POLICY = (
    GroupPolicy(id=UUID(TOTAL_ENGINEERING)),
    GroupPolicy(id=UUID(TOTAL_ADMIN), admin=True),
    GroupPolicy(name="New-*"),
    GroupPolicy(name="Made-*"),
)


@dataclass(frozen=True)
class Targets:
    """`all` begins with TOTAL, the only one that events are about and whose app Hasten reads."""

    all: tuple[Target, ...]
    limit_scope: LimitScope

    @property
    def users_alone(self) -> frozenset[str]:
        """The apps that have no groups."""
        return frozenset(t.name for t in self.all if t.grants_by is GrantsBy.USER)


def draw(random: Random, scim: Scim | None) -> Targets:
    others = random.randrange(MOST_TARGETS)
    grants_by = [random.choice(list(GrantsBy)) for _ in range(MOST_TARGETS)]
    total = Target(
        name="TOTAL",
        display_name="TOTAL",
        direct=Allowance.ALLOW,
        groups=POLICY,
        scim=scim,
        grants_by=grants_by[0],
    )
    more = [
        Target(name=f"App-{number}", display_name=f"App-{number}", grants_by=grants_by[number])
        for number in range(1, others + 1)
    ]
    scope = random.choice((LimitScope.AUTO, LimitScope.TENANT))
    every = [
        target.model_copy(update={"release_by_two": random.random() < BY_TWO})
        for target in (total, *more)
    ]
    return Targets(tuple(every), scope)


def apps(world: World) -> Mapping[str, str]:
    """Service principals by the name of their target, of those in targets.yaml."""
    return {target.name: app_of(target.name) for target in world.around.targets}


def app_of(name: str) -> str:
    """The service principal of the target that has, or had, the name."""
    return object_id(f"servicePrincipal/{first_name(name)}")


def first_name(name: str) -> str:
    """The name that the target had when the storm began."""
    return name.partition(RENAMED)[0]


def renamed(name: str, number: int) -> str:
    return f"{first_name(name)}{RENAMED}{number}"
