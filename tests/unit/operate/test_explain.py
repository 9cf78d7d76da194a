"""What is gathered of a person before it is told."""

import pytest

from hasten.domain.answering import Access, answer
from hasten.domain.changes import Cause
from hasten.domain.cycle import Cycle
from hasten.domain.explaining import explain
from hasten.domain.intents import Intent, Wanted
from hasten.errors import PermanentError
from hasten.operate.explain import find_person, gather, refuse_unknown
from hasten.records import job_seen
from hasten.records.intents import Intents
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

INNER = "0000bbbb-0000-4000-8000-000000000009"


async def told(world: World, who: str) -> str:
    return " ".join(explain(await gather(world.context, world.target, who)))


@pytest.mark.parametrize("given", [user(1), user(1).upper(), "ada@x.example", "ada@mail", "E1"])
@virtual
async def test_a_person_is_found_by_each_of_their_names(given: str) -> None:
    world = World()
    world.directory.has_user(user(1), upn="ada@x.example", mail="ada@mail", employee_id="E1")

    assert await find_person(world.context, given) == user(1)


@pytest.mark.parametrize("spelling", ["{}", "{{{}}}", "urn:uuid:{}"])
@virtual
async def test_only_the_form_of_36_characters_is_an_object_id(spelling: str) -> None:
    """An employeeId may have 32 hexadecimal digits."""
    world = World()
    given = spelling.format(user(2).replace("-", ""))
    world.directory.has_user(user(1), employee_id=given)

    assert await find_person(world.context, given) == user(1)


@virtual
async def test_a_mail_that_two_people_have_is_refused_with_their_ids() -> None:
    world = World()
    for number in (1, 2):
        world.directory.has_user(user(number), mail="team@x.example")

    with pytest.raises(PermanentError, match=f"2 users have it: {user(1)}, {user(2)}"):
        await find_person(world.context, "team@x.example")


@virtual
async def test_an_unknown_name_is_refused_without_being_repeated() -> None:
    with pytest.raises(PermanentError, match="name the user by object id") as refused:
        await find_person(World().context, "nobody@x.example")

    assert "nobody" not in str(refused.value)


@pytest.mark.parametrize("known", [True, False])
@virtual
async def test_nobody_whom_the_roster_has_counts_as_without_access_before_they_are_seen_to_leave(
    *, known: bool
) -> None:
    world = World()
    await world.is_discovered()
    world.directory.has_user(user(1))
    if known:
        await world.context.roster.add(TOTAL, [user(1)], now())

    facts = await gather(world.context, world.target, user(1))

    assert (answer(facts, {}).access is Access.UNKNOWN) is known


@virtual
async def test_explain_names_the_group_of_a_joiner_and_the_next_step() -> None:
    world = World()
    await world.is_discovered()
    world.directory.has_group(ENGINEERING, "TOTAL-Engineering")
    await world.joined(ENGINEERING, user(1))

    text = await told(world, user(1))

    assert f"assigned to TOTAL through TOTAL-Engineering ({ENGINEERING})" in text
    assert "They joined TOTAL-Engineering" in text
    assert "waits for its turn" in text


@virtual
async def test_explain_says_why_a_member_nested_two_deep_is_not_provisioned() -> None:
    world = World()
    await world.is_discovered()
    middle = INNER.replace("9", "8")
    world.directory.nest(ENGINEERING, middle)
    world.directory.nest(middle, INNER, ENGINEERING)
    world.directory.join(INNER, user(1))

    text = await told(world, user(1))

    assert "They are not assigned to TOTAL." in text
    assert f"They are in {INNER} ({INNER}), which is nested" in text


@virtual
async def test_someone_deleted_is_explained_by_what_the_ledger_knows() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    del world.directory.assigned[user(1)]

    text = await told(world, user(1))

    assert "no such user in Entra ID (any more)" in text
    assert "They joined" in text


@virtual
async def test_explain_shows_intents_done_or_not() -> None:
    world = World()
    await world.is_discovered()
    world.directory.has_user(user(1))
    intent = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(1),
        wanted=Wanted.MEMBER,
        time=now(),
        cause=Cause("/hr", "event-1"),
        recorded_at=now(),
    )
    intents = Intents(world.store)
    await intents.record([intent])

    before = await told(world, user(1))
    await intents.finish([intent], "added")
    after = await told(world, user(1))

    assert "Event event-1 of /hr" in before
    assert "not carried it out yet" in before
    assert f"a member of {ENGINEERING}" in after
    assert "added." in after


@virtual
async def test_a_target_that_no_sweep_has_found_is_said_to_be_so() -> None:
    with pytest.raises(PermanentError, match="no sweep has found target TOTAL yet"):
        await told(World(), user(1))


@virtual
async def test_an_object_id_that_is_nobodys_is_refused() -> None:
    world = World()
    world.directory.has_user(user(1))
    await world.is_discovered()
    await world.joined(ENGINEERING, user(2))
    world.directory.assigned.pop(user(2))

    for known in (user(1), user(2)):
        await refuse_unknown(world.context, known)

    with pytest.raises(PermanentError, match="check the id"):
        await refuse_unknown(world.context, user(3))


class NoJob(World):
    """Graph refuses to show the provisioning job to the operator."""

    def __init__(self) -> None:
        super().__init__()

        async def refused(service_principal: str, job: str) -> None:
            raise PermanentError(f"{service_principal} {job}: 403", "grant the permission")

        self.directory.job = refused  # type: ignore[method-assign]


@virtual
async def test_without_access_to_the_job_the_cycle_is_that_of_the_last_sweep() -> None:
    world = NoJob()
    await world.is_discovered()
    world.directory.has_group(ENGINEERING, "TOTAL-Engineering")
    await world.joined(ENGINEERING, user(1))
    seen = job_seen.read("Active", Cycle(began=now()))
    await job_seen.save(world.store, TOTAL, seen, {})

    facts = await gather(world.context, world.target, user(1))

    assert not facts.unread
    assert facts.through == [ENGINEERING]
    assert facts.cycle.done_by(now()) == seen.cycle.done_by(now())


@virtual
async def test_without_access_to_the_job_its_problem_is_that_of_the_last_sweep() -> None:
    world = NoJob()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    ill = Cycle(problem="the job is in quarantine", next_action="fix the cause")
    await job_seen.save(world.store, TOTAL, job_seen.read("Quarantine", ill), {})

    text = await told(world, user(1))

    assert "Note: the job is in quarantine. What to do: fix the cause." in text
