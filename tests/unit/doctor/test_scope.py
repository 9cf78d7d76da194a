"""Whom the job provisions, and whether it deprovisions who goes out of scope."""

from datetime import timedelta

import pytest

from hasten.doctor import scope
from hasten.doctor.findings import Level
from hasten.errors import PermanentError, TemporaryError
from tests.fakes.directory import SERVICE_PRINCIPAL, FakeDirectory


@pytest.mark.parametrize(
    ("settings", "levels", "found"),
    [
        ({"SyncAll": "False"}, [Level.OK, Level.OK], "is not set"),
        ({"SyncAll": "false", "SkipOutOfScopeDeletions": "False"}, [Level.OK, Level.OK], "not set"),
        (
            {"SyncAll": "False", "SkipOutOfScopeDeletions": "True"},
            [Level.PROBLEM, Level.OK],
            "their accounts stay active",
        ),
        (
            {"SyncAll": "False", "SkipOutOfScopeDeletions": "perhaps"},
            [Level.WARNING, Level.OK],
            "neither True nor False",
        ),
        ({"SyncAll": "true"}, [Level.OK, Level.PROBLEM], "nobody loses access"),
        ({}, [Level.WARNING, Level.WARNING], "Graph does not show SyncAll"),
        ({"SyncAll": ""}, [Level.WARNING, Level.WARNING], "does not show SkipOutOfScopeDeletions"),
    ],
)
async def test_the_scope_is_judged(
    settings: dict[str, str], levels: list[Level], found: str
) -> None:
    findings = await scope.check(FakeDirectory(scope=settings), SERVICE_PRINCIPAL)

    assert [finding.level for finding in findings] == levels
    assert any(found in finding.found for finding in findings)


async def test_a_scope_that_may_not_be_read_is_to_be_checked_by_hand() -> None:
    refused = FakeDirectory(scope_refused=PermanentError("Graph answered 403", "grant it"))

    [finding] = await scope.check(refused, SERVICE_PRINCIPAL)

    assert finding.level is Level.WARNING
    assert finding.found == "it cannot be read: Graph answered 403"
    assert "check by hand" in finding.fix
    assert "SkipOutOfScopeDeletions" in finding.fix


async def test_a_scope_that_cannot_be_read_now_is_not_judged() -> None:
    away = FakeDirectory(scope_refused=TemporaryError("no answer", timedelta(seconds=5)))

    with pytest.raises(TemporaryError):
        await scope.check(away, SERVICE_PRINCIPAL)
