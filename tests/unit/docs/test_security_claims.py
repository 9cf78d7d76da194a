"""What docs/security.md says of the code and of infra, where no other test holds it."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn

import pytest

from hasten.ensure.groups import properties
from hasten.errors import TemporaryError
from hasten.policy import Creation
from hasten.watch.webhook import Receiving
from tests.fakes.bus import FakeBus
from tests.fakes.memory_store import MemoryStore

ROOT = Path(__file__).parents[3]
GRAPH = ROOT / "hasten" / "adapters" / "graph"

WRITES = {
    "subscriptions.post": "POST subscriptions",
    "subscriptions.by_subscription_id.patch": "PATCH subscriptions/{id}",
    "subscriptions.by_subscription_id.delete": "DELETE subscriptions/{id}",
    "provision_on_demand.post": "POST …/jobs/{id}/provisionOnDemand",
    "pause.post": "POST …/jobs/{id}/pause",
    "groups.post": "POST groups",
    "groups.by_group_id.patch": "PATCH groups/{id}",
    "members.by_directory_object_id.ref.delete": "DELETE groups/{id}/members/{id}/$ref",
    "app_role_assigned_to.post": "POST servicePrincipals/{id}/appRoleAssignedTo",
    "app_role_assigned_to.by_app_role_assignment_id.delete": (
        "DELETE servicePrincipals/{id}/appRoleAssignedTo/{id}"
    ),
    "revoke_sign_in_sessions.post": "POST users/{id}/revokeSignInSessions",
    "microsoft_graph_identity_governance_resume.post": "POST …/taskProcessingResults/{id}/resume",
}
"""How the SDK's builders name a write → how the page does."""


def writes(source: str) -> list[str]:
    """The requests other than reads that the code builds, with the builders they hang on."""
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [write for function in functions for write in _writes(function)]


def _writes(function: ast.AST) -> Iterator[str]:
    assigned = {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute):
            verb = re.fullmatch(r"to_(post|patch|put|delete)_request_information", node.attr)
            if verb:
                builder = ast.unparse(node.value)
                plain = re.sub(r"\(.*?\)", "", assigned.get(builder, builder))
                yield f"{plain}.{verb[1]}"


def test_graph_is_written_to_by_the_requests_of_the_page_and_no_others() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    built = [write for file in sorted(GRAPH.glob("*.py")) for write in writes(file.read_text())]

    named = [next((end for end in WRITES if write.endswith(end)), write) for write in built]

    assert sorted(named) == sorted(WRITES)
    assert [request for request in WRITES.values() if f"`{request}`" not in page] == []


def test_no_other_way_of_writing_is_used() -> None:
    methods = {
        found
        for file in GRAPH.glob("*.py")
        for found in re.findall(r"Method\.\w+", file.read_text())
    }

    assert methods == {"Method.GET"}


def test_a_write_that_the_page_does_not_name_would_be_found() -> None:
    source = """
async def disable(self, user):
    item = self._client.users.by_user_id(user)
    await self._wire.write(item.to_patch_request_information(body))
"""

    assert writes(source) == ["self._client.users.by_user_id.patch"]


@pytest.mark.parametrize("rule", ["", '(user.department -eq "Sales")'])
def test_a_group_that_hasten_makes_is_a_plain_security_group(rule: str) -> None:
    made = properties("TOTAL-Sales", "nickname", Creation(rule=rule))

    assert "isAssignableToRole" not in made
    assert (made["securityEnabled"], made["mailEnabled"]) == (True, False)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("core/storage.bicep", "allowSharedKeyAccess: false"),
        ("core/storage.bicep", "minimumTlsVersion: 'TLS1_2'"),
        ("core/service-bus.bicep", "disableLocalAuth: true"),
        ("core/service-bus.bicep", "minimumTlsVersion: '1.2'"),
        ("core/monitoring.bicep", "DisableLocalAuth: true"),
        ("app/function-app.bicep", "httpsOnly: true"),
        ("app/function-app.bicep", "minTlsVersion: '1.2'"),
        ("app/function-app.bicep", "maximumInstanceCount: 40"),
    ],
)
def test_no_key_opens_anything_and_tls_is_the_least(file: str, line: str) -> None:
    written = [at.strip() for at in (ROOT / "infra" / file).read_text().splitlines()]

    assert any(line in at and not at.startswith("//") for at in written)


def test_nobody_publishes_by_password() -> None:
    text = (ROOT / "infra" / "app" / "function-app.bicep").read_text()

    policies = re.findall(
        r"'basicPublishingCredentialsPolicies' = \{\s+name: '(\w+)'"
        r"\s+properties: \{ allow: (\w+) \}",
        text,
    )

    assert dict(policies) == {"ftp": "false", "scm": "false"}


async def test_a_webhook_that_must_read_a_store_out_of_reach_answers_503_so_graph_sends_again() -> (
    None
):
    class OutOfReach(MemoryStore):
        async def scan(self, *_: object, **__: object) -> NoReturn:
            raise TemporaryError("Azure Tables did not answer", timedelta(seconds=5))

    receiving = Receiving(
        store=OutOfReach(),
        bus=FakeBus(),
        emit=lambda _: None,
        now=lambda: datetime(2026, 11, 24, tzinfo=UTC),
        tenant="t",
        is_ours=lambda _: True,
    )
    item = {
        "clientState": "ours",
        "tenantId": "t",
        "subscriptionId": "s",
        "resource": "Groups/14b0fed8-8714-4140-b0da-f05759d10b5d",
    }

    status = await receiving.receive(json.dumps({"value": [item]}).encode())

    assert status is HTTPStatus.SERVICE_UNAVAILABLE
