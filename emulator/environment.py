"""Builds the settings with which Hasten runs on the emulated tenant."""

import json
from collections.abc import Mapping
from pathlib import Path

from emulator.sign_in.registration import API_CLIENT_ID

CLIENT_STATE_SECRET = "for-local-use-only-and-not-a-secret"  # noqa: S105 - as it says


def environment(
    *,
    graph_url: str,
    functions_url: str,
    servicebus: str,
    tenant_id: str,
    identity_endpoint: str,
    identity_header: str,
    state_dir: Path,
    app_dir: Path,
    targets: Path | None = None,
) -> dict[str, str]:
    """Returns the settings. `servicebus` is a connection string; the identity is that of App
    Service."""
    return {
        "HASTEN_TENANT_ID": tenant_id,
        "HASTEN_CLIENT_STATE_SECRET": CLIENT_STATE_SECRET,
        "HASTEN_PUBLIC_URL": functions_url,
        "HASTEN_STORE": f"sqlite:///{state_dir}/hasten.db",
        "HASTEN_TARGETS": str(targets or app_dir / "targets.yaml"),
        "HASTEN_GRAPH_URL": f"{graph_url}/v1.0",
        "HASTEN_API_CLIENT_ID": API_CLIENT_ID,
        "HASTEN_SIGN_IN_URL": graph_url,
        "ServiceBusConnection": servicebus,
        "IDENTITY_ENDPOINT": identity_endpoint,
        "IDENTITY_HEADER": identity_header,
    }


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Writes local.settings.json, which the Functions tools and Hasten's command line read. Only
    the owner may read it: anyone with the identity's header acts as Hasten."""
    values = {"FUNCTIONS_WORKER_RUNTIME": "python", **settings}
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"IsEncrypted": False, "Values": values}, indent=2) + "\n")
