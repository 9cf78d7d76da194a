"""Graph refuses the subscription to users, because User.Read.All is missing."""

from dataclasses import dataclass, field
from datetime import timedelta

from hasten import timers
from hasten.doctor.examination import Doctor
from hasten.doctor.findings import Level
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.operate.status import target_status
from hasten.records import discovered
from hasten.targets import Target
from tests.fakes.directory import FakeDirectory
from tests.fakes.probes import FakeProbes
from tests.support.subscriber import Subscriber, passed, resources
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL

GROUPS = sorted([f"groups/{ENGINEERING}", f"groups/{ADMIN}"])


@dataclass
class Refusing(FakeDirectory):
    """Refuses the subscription to users."""

    refuses: bool = True
    asked: int = 0

    async def subscribe(self, *, resource: str, **wanted: object) -> Json:
        if resource == "users":
            self.asked += 1
            if self.refuses:
                raise PermanentError("Graph answered 403", "grant User.Read.All")
        return await super().subscribe(resource=resource, **wanted)  # type: ignore[arg-type]


@dataclass
class Refused(Subscriber):
    target: Target = field(default_factory=lambda: Target(name=TOTAL, display_name=TOTAL))
    directory: Refusing = field(default_factory=lambda: Refusing(groups=[ENGINEERING, ADMIN]))


async def minutes(world: Refused, count: int) -> None:
    for _ in range(count):
        await timers.run(world.context, "sweep")
        await passed(timedelta(minutes=1))


@virtual
async def test_the_groups_are_subscribed_to_and_no_timer_fails() -> None:
    world = Refused()

    await minutes(world, 14)

    assert resources(world) == GROUPS
    assert world.results("timer") == []
    assert world.results("people") == ["not_watched"]
    assert world.directory.asked == 1


@virtual
async def test_it_is_asked_for_every_quarter_of_an_hour_and_forgotten_once_granted() -> None:
    world = Refused()
    await minutes(world, 31)
    assert world.directory.asked == 3
    world.directory.refuses = False

    await minutes(world, 20)

    assert resources(world) == [*GROUPS, "users"]
    assert world.directory.asked == 4
    state = await target_status(world.context, world.target)
    assert (state.accounts.why_not, state.problems) == ("", [])
    assert state.accounts.subscribed_until is not None


@virtual
async def test_status_and_doctor_name_the_permission_once() -> None:
    world = Refused()
    await minutes(world, 1)

    state = await target_status(world.context, world.target)
    found = await Doctor(world.context, FakeProbes(frozenset()), lambda _: None).examine()

    [problem] = state.problems
    assert "Graph refuses notifications about users" in problem.found
    assert "User.Read.All" in problem.fix
    assert state.accounts.why_not == problem.found
    said = [one for one in found if one.level is Level.PROBLEM and "all users" in one.found]
    assert len(said) == 1
    assert "User.Read.All" in said[0].fix


@virtual
async def test_a_permission_that_is_taken_away_later_stops_no_renewal_of_groups() -> None:
    world = Refused()
    world.directory.refuses = False
    await minutes(world, 1)

    async def renew(subscription: str, expires: object) -> Json | None:
        of_users = next(s for s in world.directory.subscribed if s["resource"] == "users")
        if subscription == of_users["id"]:
            raise PermanentError("Graph answered 403", "grant Group.Read.All")
        renewed.append(subscription)
        return {"id": subscription, "expirationDateTime": str(expires)}

    renewed: list[str] = []
    world.directory.renew = renew  # type: ignore[method-assign]
    await passed(timedelta(days=20))
    await timers.run(world.context, "renew")

    assert len(renewed) == len(GROUPS)
    assert world.results("timer") == []
    assert "not_watched" in world.results("people")


@virtual
async def test_the_status_of_people_who_are_not_watched_says_so() -> None:
    world = Subscriber()
    await world.watches(ENGINEERING)
    await timers.run(world.context, "sweep")

    state = await target_status(world.context, world.target)

    assert state.accounts.why_not == "`users: off` in targets.yaml"
    assert await discovered.load(world.store, TOTAL) is not None
