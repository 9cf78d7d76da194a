"""Runs commands on two targets in memory."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hasten.cli import running
from hasten.cli.environment import TENANT
from hasten.cli.main import app
from tests.unit.cli.two_targets import CommandWorld, Ran


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> CommandWorld:
    world = CommandWorld()

    @asynccontextmanager
    async def opened(_: Mapping[str, str]) -> AsyncIterator[Any]:
        yield SimpleNamespace(
            context=world.two,
            doctor=world.doctor,
            who=world.who,
        )

    monkeypatch.setattr(running, "opened", opened)
    monkeypatch.setenv(TENANT, "of this test")
    return world


@pytest.fixture
def ran() -> Ran:
    def run(*command: str) -> Result:
        return CliRunner().invoke(app, [*command], catch_exceptions=False)

    return run
