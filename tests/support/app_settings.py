"""The settings of an app that could run."""

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def settings(folder: Path) -> Mapping[str, str]:
    """The environment of an app whose store is in the folder, and whose Service Bus is down."""
    return {
        "HASTEN_TENANT_ID": "0000dddd-0000-4000-8000-000000000001",
        "HASTEN_CLIENT_STATE_SECRET": "x" * 32,
        "HASTEN_PUBLIC_URL": "https://hasten.example",
        "HASTEN_STORE": f"sqlite:///{folder}/hasten.db",
        "HASTEN_TARGETS": str(ROOT / "targets.yaml"),
        "ServiceBusConnection": "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;"
        "SharedAccessKey=k;UseDevelopmentEmulator=true",
    }
