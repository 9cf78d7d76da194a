"""The settings of an app that could run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hasten.app import app

ROOT = Path(__file__).parents[3]


@pytest.fixture(name="configured")
def _configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    values = {
        "HASTEN_TENANT_ID": "0000dddd-0000-4000-8000-000000000001",
        "HASTEN_CLIENT_STATE_SECRET": "x" * 32,
        "HASTEN_PUBLIC_URL": "https://hasten.example",
        "HASTEN_STORE": f"sqlite:///{tmp_path}/hasten.db",
        "HASTEN_TARGETS": str(ROOT / "targets.yaml"),
        "ServiceBusConnection": "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;"
        "SharedAccessKey=k;UseDevelopmentEmulator=true",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    app.cache_clear()
    yield
    app.cache_clear()
