"""The ids of roles. Who has which one is in tests/integration/infra, as the compiler sees it."""

import json

import pytest

from tests.unit.infra.templates import INFRA

BUILT_IN = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "serviceBusDataReceiver": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "serviceBusDataSender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
"""Azure built-in roles (Azure RBAC documentation)."""


def test_the_ids_are_those_of_azure() -> None:
    assert json.loads((INFRA / "app" / "roles.json").read_text()) == BUILT_IN


@pytest.mark.parametrize("id_", BUILT_IN.values())
def test_an_id_stands_in_one_file_only(id_: str) -> None:
    files = [path for path in INFRA.rglob("*") if path.is_file() and id_ in path.read_text()]

    assert [path.name for path in files] == ["roles.json"]
