"""Rights: the ids are those of Azure's roles, each used, each on one resource."""

import json
import re

import pytest

from tests.support.bicep import body, properties, text_of, walk
from tests.unit.infra.templates import INFRA, template

BUILT_IN = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "serviceBusDataReceiver": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "serviceBusDataSender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
"""Azure built-in roles (Azure RBAC documentation)."""

ROLE = re.compile(r"roles\.(\w+)")


def assignments() -> list[dict[str, str]]:
    return [
        {name: text_of(value) for name, value in properties(body(node)).items()}
        for node in walk(template("app/access.bicep").root)
        if node.type == "resource_declaration" and "roleAssignments@" in text_of(node)
    ]


def test_the_ids_are_those_of_azure() -> None:
    assert json.loads((INFRA / "app" / "roles.json").read_text()) == BUILT_IN


def test_every_role_is_assigned_and_every_assigned_one_is_known() -> None:
    named = {name for item in assignments() for name in ROLE.findall(item["properties"])}

    assert named == set(BUILT_IN)


def test_an_assignment_is_on_one_resource_and_named_after_all_that_makes_it() -> None:
    for item in assignments():
        [role] = set(ROLE.findall(item["properties"]))
        assert item["scope"] in {"storage", "namespace", "onboarding", "vault", "insights"}
        assert item["name"].startswith(f"guid({item['scope']}.id, ")
        assert item["name"].endswith(f", roles.{role})")


@pytest.mark.parametrize("id_", BUILT_IN.values())
def test_an_id_stands_in_one_file_only(id_: str) -> None:
    files = [path for path in INFRA.rglob("*") if path.is_file() and id_ in path.read_text()]

    assert [path.name for path in files] == ["roles.json"]
