"""The app registration of infra/graph/api.bicep fits the code that checks its tokens."""

import json
import re

from emulator.sign_in import registration
from hasten.adapters.sign_in import EXCHANGE_AUDIENCE
from hasten.api.caller import Role
from hasten.api.sign_in import CALLBACK_PATH
from hasten.api.tokens import SCOPE
from tests.unit.infra.templates import INFRA

TEMPLATE = (INFRA / "graph" / "api.bicep").read_text()
ROLES = json.loads((INFRA / "graph" / "api-roles.json").read_text())


def test_the_roles_are_those_of_the_code_for_people_and_programs() -> None:
    assert {role["value"] for role in ROLES} == set(Role)
    assert set(re.findall(r"role: '([\w.]+)'", TEMPLATE)) == set(Role)
    assert re.search(r"allowedMemberTypes: \[\s*'User'\s*,?\s*'Application'\s*\]", TEMPLATE)


def test_the_tokens_have_the_version_and_the_scope_that_the_code_expects() -> None:
    assert "requestedAccessTokenVersion: 2" in TEMPLATE
    assert f"value: '{SCOPE}'" in TEMPLATE


def test_entra_sends_browsers_to_the_callback_of_the_code_and_to_no_other_address() -> None:
    [address] = re.findall(r"'\$\{publicUrl\}([^']*)'", TEMPLATE)

    assert address == CALLBACK_PATH == registration.CALLBACK
    assert TEMPLATE.count("enableIdTokenIssuance: false") == 1
    assert TEMPLATE.count("enableAccessTokenIssuance: false") == 1


def test_the_registration_has_no_secret_and_trusts_the_managed_identity() -> None:
    assert "passwordCredentials" not in TEMPLATE
    assert "keyCredentials" not in TEMPLATE
    assert f"'{EXCHANGE_AUDIENCE.removesuffix('/.default')}'" in TEMPLATE
    assert "subject: principalId" in TEMPLATE


def test_nobody_gets_a_token_without_a_role() -> None:
    assert "appRoleAssignmentRequired: true" in TEMPLATE
