"""`scim` of a target: what is refused, with the line and the fix; and the token's setting."""

from pathlib import Path

import pytest

from hasten import settings
from hasten.domain.app_account import DeactivationIs, PatchForm
from hasten.domain.matching import JobMatch
from hasten.errors import PermanentError
from hasten.scim import Match
from hasten.targets_file import load

GOOD = {
    "url": "https://app.example/scim/v2",
    "token": "HASTEN_SCIM_TOKEN_TOTAL",
    "match": "{app: externalId, entra: id}",
}


def written(folder: Path, display_name: str = "App", **keys: str) -> Path:
    lines = "".join(f"      {key}: {value}\n" for key, value in {**GOOD, **keys}.items() if value)
    file = folder / "targets.yaml"
    file.write_text(
        f"targets:\n  - name: A\n    display_name: {display_name}\n    scim:\n{lines}",
        encoding="utf-8",
    )
    return file


def test_the_defaults_are_careful(tmp_path: Path) -> None:
    [target] = load(written(tmp_path)).targets

    assert target.scim is not None
    assert (target.scim.patch, target.scim.calls_per_minute) == (PatchForm.BOOLEAN, 90)
    assert target.scim.deactivation_is is DeactivationIs.REVERSIBLE


def test_without_a_match_that_of_the_job_is_taken(tmp_path: Path) -> None:
    [target] = load(written(tmp_path, match="")).targets
    assert target.scim is not None
    job = JobMatch(app="userName", entra="userPrincipalName", problem="")

    assert target.scim.matched(job).matching == Match(app="userName", entra="userPrincipalName")


def test_a_match_goes_before_that_of_the_job(tmp_path: Path) -> None:
    [target] = load(written(tmp_path)).targets
    assert target.scim is not None
    job = JobMatch(app="userName", entra="userPrincipalName", problem="")

    assert target.scim.matched(job).matching == Match(app="externalId", entra="id")


def test_a_job_that_hasten_cannot_match_by_is_refused_with_the_field_and_the_fix(
    tmp_path: Path,
) -> None:
    [target] = load(written(tmp_path, match="")).targets
    assert target.scim is not None

    with pytest.raises(PermanentError, match="match is not set, and") as refused:
        target.scim.matched(JobMatch(problem="the job matches badly"))

    assert refused.value.next_action.startswith("set scim.match in targets.yaml")


FAULTS = {
    "plain http": ({"url": "http://app.example"}, "line 5: url must be https"),
    "a password in the address": ({"url": "https://a:b@app.example"}, "line 5: url must have no"),
    "a query in the address": ({"url": "https://app.example/?a=b"}, "line 5: url must have no"),
    "no token": ({"token": ""}, "line 4: key token is missing"),
    "the token itself": (
        {"token": "eyJhbGciOi"},
        "line 6: token must name a setting like HASTEN_SCIM_TOKEN_TOTAL",
    ),
    "another secret": (
        {"token": "HASTEN_CLIENT_STATE_SECRET"},
        "line 6: token must name a setting like HASTEN_SCIM_TOKEN_TOTAL",
    ),
    "an attribute of the app that is none": (
        {"match": "{app: nickName, entra: id}"},
        "match names nickName; it may name emails",
    ),
    "a property of the user that is none": (
        {"match": "{app: userName, entra: displayName}"},
        "match names displayName; it may name employeeId",
    ),
    "no pace": ({"calls_per_minute": "0"}, "calls_per_minute"),
    "a form of PATCH that is none": ({"patch": "post"}, "patch"),
    "a misspelt key": ({"tokn": "x"}, "unknown key tokn"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_line(tmp_path: Path, fault: str) -> None:
    keys, expected = FAULTS[fault]

    with pytest.raises(PermanentError) as refused:
        load(written(tmp_path, **keys))

    assert refused.value.reason.startswith("targets.yaml line ")
    assert expected in refused.value.reason


@pytest.mark.parametrize(
    ("display_name", "url", "app"),
    [
        ("PagerDuty (IT)", "https://app.example/scim", "pagerduty"),
        ("On call", "https://api.pagerduty.com/scim", "pagerduty"),
        ("GitHub EMU", "https://app.example/scim", "github"),
        ("Code", "https://api.github.com/scim/v2/enterprises/x", "github"),
    ],
)
def test_an_app_that_deletes_accounts_is_refused_until_an_operator_says_so(
    tmp_path: Path, display_name: str, url: str, app: str
) -> None:
    with pytest.raises(PermanentError, match=f"{app} does not keep an account.*deletes"):
        load(written(tmp_path, display_name, url=url))

    [target] = load(written(tmp_path, display_name, url=url, deactivation_is="deletes")).targets

    assert target.scim is not None
    assert target.scim.deactivation_is is DeactivationIs.DELETES


def loaded(token: str | None) -> settings.Settings:
    environment = {
        "HASTEN_TENANT_ID": "0000aaaa-0000-4000-8000-000000000001",
        "HASTEN_CLIENT_STATE_SECRET": "a client state secret of the tests",
        "HASTEN_PUBLIC_URL": "https://hasten.example",
        "HASTEN_STORE": "memory",
        "ServiceBusConnection": "fake",
    }
    given = {} if token is None else {"HASTEN_SCIM_TOKEN_TOTAL": token}
    return settings.load({**environment, **given})


def test_the_token_is_taken_without_the_line_end_that_editors_add() -> None:
    taken = loaded("abc\n").scim_token("HASTEN_SCIM_TOKEN_TOTAL")

    assert taken.get_secret_value() == "abc"


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        (None, "is missing"),
        ("", "is missing"),
        ("@Microsoft.KeyVault(SecretUri=https://kv/secrets/x)", "could not resolve"),
        ("two words", "is no bearer token"),
        ("töken", "is no bearer token"),
    ],
)
def test_a_token_that_is_none_is_named_only_where_it_is_needed(
    token: str | None, problem: str
) -> None:
    settings = loaded(token)

    with pytest.raises(PermanentError, match=f"HASTEN_SCIM_TOKEN_TOTAL .*{problem}|{problem}"):
        settings.scim_token("HASTEN_SCIM_TOKEN_TOTAL")
    assert "töken" not in repr(settings)
