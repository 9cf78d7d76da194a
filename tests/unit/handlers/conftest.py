"""The settings of an app that could run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hasten.app import app
from tests.support.app_settings import settings


@pytest.fixture(name="configured")
def _configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name, value in settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    app.cache_clear()
    yield
    app.cache_clear()
