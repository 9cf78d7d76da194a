"""Doctor finds an API or pages that let a stranger in, and a missing app registration."""

from datetime import timedelta

import pytest

from hasten.doctor.door import CHECK, PROBED_PATHS, check_door, check_registration
from hasten.doctor.examination import Doctor
from hasten.doctor.findings import Level
from hasten.errors import TemporaryError
from hasten.ports.probes import AnonymousAnswer
from tests.fakes.probes import FakeProbes
from tests.support.virtual_time import virtual
from tests.support.world import World

AUTHORITY = "https://login.microsoftonline.com/0000aaaa-0000-4000-8000-000000000001"


async def level(answer: AnonymousAnswer, path: str = PROBED_PATHS[0]) -> Level:
    probes = FakeProbes(answers={path: answer})
    [finding] = await check_door(probes, World().context.settings, path)
    assert (finding.level is Level.OK) is not bool(finding.fix)
    return finding.level


@pytest.mark.parametrize("path", PROBED_PATHS)
@pytest.mark.parametrize(
    "answer",
    [
        AnonymousAnswer(401),
        AnonymousAnswer(403),
        AnonymousAnswer(303, "/api/ui/signin?to=%2Fapi%2Fui%2F"),
        AnonymousAnswer(302, f"{AUTHORITY}/oauth2/v2.0/authorize?client_id=x"),
        AnonymousAnswer(302, "https://hasten.example/api/ui/signin"),
    ],
)
@virtual
async def test_a_refusal_is_fine(path: str, answer: AnonymousAnswer) -> None:
    assert await level(answer, path) is Level.OK


@pytest.mark.parametrize("path", PROBED_PATHS)
@pytest.mark.parametrize(
    "answer",
    [
        AnonymousAnswer(200),
        AnonymousAnswer(204),
        AnonymousAnswer(404),
        AnonymousAnswer(500),
        AnonymousAnswer(302),
        AnonymousAnswer(302, "/api/ui/held"),
        AnonymousAnswer(302, "https://hasten.example.evil/api/ui/signin"),
        AnonymousAnswer(302, "https://login.microsoftonline.com.evil/"),
    ],
)
@virtual
async def test_anything_else_is_a_problem(path: str, answer: AnonymousAnswer) -> None:
    assert await level(answer, path) is Level.PROBLEM


@virtual
async def test_a_closed_app_is_a_warning() -> None:
    assert await level(AnonymousAnswer(503)) is Level.WARNING


@virtual
async def test_a_missing_registration_is_a_warning_with_its_fix() -> None:
    [found] = check_registration(World(api_client_id="").context.settings)
    [fine] = check_registration(World().context.settings)

    assert (found.level, fine.level) == (Level.WARNING, Level.OK)
    assert "api.bicep" in found.fix


@virtual
async def test_the_examination_asks_the_api_and_the_pages() -> None:
    probes = FakeProbes(answers={PROBED_PATHS[1]: AnonymousAnswer(200)})

    findings = await Doctor(World().context, probes, lambda _: None).examine()

    levels = [finding.level for finding in findings if finding.check == CHECK]
    assert sorted(levels) == sorted([Level.OK, Level.OK, Level.PROBLEM])


@virtual
async def test_an_app_that_does_not_answer_is_a_problem() -> None:
    down = TemporaryError("the app did not answer", timedelta(minutes=1))

    findings = await Doctor(
        World().context, FakeProbes(errors={"anonymous": down}), lambda _: None
    ).examine()

    levels = [finding.level for finding in findings if finding.check == CHECK]
    assert levels.count(Level.PROBLEM) == len(PROBED_PATHS)
