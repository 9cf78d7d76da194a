"""Doctor looks at the app over SCIM and writes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from hasten.doctor import application
from hasten.doctor.examination import Doctor
from hasten.doctor.findings import Finding, Level
from hasten.domain.app_account import Found, NoAccount, NotFound, PatchForm
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.application import Capabilities
from hasten.scim import Match, Scim
from hasten.targets import Target
from tests.fakes.application import FakeApplication
from tests.fakes.directory import SERVICE_PRINCIPAL
from tests.fakes.probes import FakeProbes
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

BY_ID = Match(app="externalId", entra="id")
BY_NAME = Match(app="userName", entra="userPrincipalName")
PEOPLE = [user(number) for number in range(9)]


def scim(match: Match = BY_ID) -> Scim:
    return Scim.model_validate(
        {"url": "https://app.example", "token": "HASTEN_SCIM_TOKEN_TOTAL", "match": match}
    )


async def examined(world: World, match: Match = BY_ID) -> list[Finding]:
    world.directory.join(ENGINEERING, *PEOPLE)
    return await application.check(world.context, scim(match), SERVICE_PRINCIPAL)


def levels(findings: list[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


@virtual
async def test_five_people_with_one_account_each_are_fine_and_nothing_is_written() -> None:
    world = World()
    for person in PEOPLE:
        world.app.add(person)

    findings = await examined(world)

    assert levels(findings) == [Level.OK, Level.OK]
    assert findings[1].found == "5 of 5 people have exactly one account"
    assert world.app.writes == []


@virtual
async def test_duplicates_are_a_problem_and_missing_accounts_a_warning() -> None:
    world = World()
    for person in PEOPLE[:3]:
        world.app.add(person)
    world.app.add(PEOPLE[0])

    findings = await examined(world)

    assert levels(findings) == [Level.OK, Level.OK, Level.PROBLEM, Level.WARNING]
    assert "1 of 5 people have several accounts" in findings[2].found
    assert "2 of 5 assigned people have no account" in findings[3].found


@pytest.mark.parametrize(("found", "level"), [(0, Level.PROBLEM), (1, Level.WARNING)])
@virtual
async def test_an_app_that_answers_every_search_with_404_has_a_wrong_address(
    found: int, level: Level
) -> None:
    class Answers404(FakeApplication):
        async def find(self, value: str) -> Found:
            known = await super().find(value)
            return NotFound() if known == NoAccount() else known

    world = World(app=Answers404())
    for person in PEOPLE[:found]:
        world.app.add(person)

    [*_, last] = await examined(world)

    assert last.level is level
    assert ("scim.url" in last.fix) is (found == 0)


@virtual
async def test_people_are_matched_by_the_property_that_graph_shows() -> None:
    world = World()
    world.directory.has_user(PEOPLE[0])
    world.directory.change(PEOPLE[0], userPrincipalName="ada@contoso.example")
    world.app.add("ada@contoso.example")

    findings = await examined(world, BY_NAME)

    assert "1 of 5 people have exactly one account" in findings[1].found


@pytest.mark.parametrize("lacks", ["patch", "filter"])
@virtual
async def test_an_app_that_cannot_do_it_is_a_problem(lacks: str) -> None:
    world = World()
    abilities: dict[str, Any] = {"patch": True, "filter": True, lacks: False}
    world.app.can = Capabilities(**abilities)

    findings = await examined(world)

    assert findings[0].level is Level.PROBLEM
    assert f"does not support {lacks}" in findings[0].found


@virtual
async def test_an_app_without_patch_is_fine_where_whole_accounts_are_written() -> None:
    world = World()
    world.app.can = Capabilities(patch=False, filter=True)
    by_put = scim().model_copy(update={"patch": PatchForm.PUT})

    findings = await application.check(world.context, by_put, SERVICE_PRINCIPAL)

    assert findings[0].level is Level.OK


@virtual
async def test_an_app_that_does_not_show_its_config_is_looked_at_all_the_same() -> None:
    world = World()
    for person in PEOPLE:
        world.app.add(person)
    world.app.errors = [TemporaryError("the app answered 404", timedelta(seconds=1))]

    assert levels(await examined(world)) == [Level.WARNING, Level.OK]


@virtual
async def test_a_refused_token_surfaces() -> None:
    world = World()
    world.app.errors = [PermanentError("the app answered 401", "renew the token")] * 2

    with pytest.raises(PermanentError, match="401"):
        await examined(world)


@virtual
async def test_without_people_nothing_can_be_looked_for() -> None:
    findings = await application.check(World().context, scim(), SERVICE_PRINCIPAL)

    assert levels(findings) == [Level.OK, Level.WARNING]


@pytest.mark.parametrize(
    ("match", "source", "level"),
    [
        (BY_ID, "[objectId]", Level.OK),
        (BY_ID, "[mailNickname]", Level.PROBLEM),
        (BY_NAME, "[userPrincipalName]", Level.OK),
        (BY_NAME, None, Level.PROBLEM),
    ],
)
def test_the_match_must_be_what_the_job_maps(
    match: Match, source: str | None, level: Level
) -> None:
    mapped = [] if source is None else [mapping_of(match.app, source)]
    rule = {
        "id": "rule",
        "objectMappings": [{"sourceObjectName": "User", "attributeMappings": mapped}],
    }

    assert application.check_match([rule], "rule", match).level is level


@pytest.mark.parametrize(
    ("source", "level", "found"),
    [
        ("[objectId]", Level.OK, "externalId with id"),
        ("ToLower([mail])", Level.PROBLEM, "the job matches externalId with ToLower([mail])"),
    ],
)
def test_without_a_match_that_of_the_job_is_checked(source: str, level: Level, found: str) -> None:
    mapped = {**mapping_of("externalId", source), "matchingPriority": 1}
    rule = {
        "id": "rule",
        "objectMappings": [{"sourceObjectName": "User", "attributeMappings": [mapped]}],
    }

    finding = application.check_match([rule], "rule", None)

    assert (finding.level, found in finding.found) == (level, True)
    assert level is Level.OK or "set scim.match in targets.yaml" in finding.fix


@pytest.mark.parametrize(("matches", "findings"), [(True, 3), (False, 1)])
@virtual
async def test_people_are_looked_for_as_the_job_matches(*, matches: bool, findings: int) -> None:
    without = scim().model_copy(update={"match": None})
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=without))
    world.directory.join(ENGINEERING, *PEOPLE)
    if matches:
        mapping = world.directory.rule_list[0]["objectMappings"][0]
        mapping["attributeMappings"] = [
            {**mapping_of("externalId", "[objectId]"), "matchingPriority": 1}
        ]

    found = await Doctor(world.context, FakeProbes(frozenset()), lambda _: None).examine()

    assert len([one for one in found if one.check == application.CHECK]) == findings + matches


def mapping_of(app: str, expression: str) -> dict[str, Any]:
    return {"targetAttributeName": app, "source": {"expression": expression}}


@virtual
async def test_the_examination_of_a_target_with_scim_has_the_check_and_reports_trouble() -> None:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=scim()))
    world.directory.join(ENGINEERING, *PEOPLE)
    world.app.errors = [PermanentError("the app answered 401", "renew the token")] * 2

    findings = await Doctor(world.context, FakeProbes(frozenset()), lambda _: None).examine()

    found = [finding for finding in findings if finding.check == application.CHECK]
    unmapped, refused = found
    assert "the job maps nothing to it" in unmapped.found
    assert (refused.level, refused.target, refused.fix) == (Level.PROBLEM, TOTAL, "renew the token")
