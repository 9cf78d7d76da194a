"""The settings: what each must be, and the one line that names the first that is not."""

import hashlib
import hmac
import json

import pytest

from hasten.errors import PermanentError
from hasten.settings import Settings, load

SECRET = "0123456789abcdef0123456789abcdef"
TENANT = "7d96d549-841b-4092-9c09-89abae4c860c"
OTHER_TENANT = "0d4ca527-dc44-43d1-84c1-b63d1b1e024d"
GOOD = {
    "HASTEN_TENANT_ID": TENANT,
    "HASTEN_CLIENT_STATE_SECRET": SECRET,
    "HASTEN_PUBLIC_URL": "https://contoso.azurewebsites.net",
    "HASTEN_STORE": "sqlite:///var/hasten.db",
    "ServiceBusConnection": "Endpoint=sb://127.0.0.1;SharedAccessKey=hush-hush",
}


def loaded(**changes: str) -> Settings:
    return load({**GOOD, **changes})


def refusal(environment: dict[str, str]) -> PermanentError:
    with pytest.raises(PermanentError) as refused:
        load(environment)
    return refused.value


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_or_empty_setting_is_one_line_that_names_it(name: str, *, empty: bool) -> None:
    environment = {**GOOD, name: ""}
    if not empty:
        del environment[name]

    error = refusal(environment)

    assert error.reason == f"setting {name} is missing"
    assert name in error.next_action
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HASTEN_TENANT_ID", "contoso.com"),
        ("HASTEN_CLIENT_STATE_SECRET", "tooshort"),
        ("HASTEN_CLIENT_STATE_SECRET", SECRET[:-1]),
        ("HASTEN_CLIENT_STATE_SECRET", " " * 40),
        ("HASTEN_CLIENT_STATE_SECRET", SECRET[:-1] + "\n"),
        ("HASTEN_CLIENT_STATE_SECRET_PREVIOUS", SECRET[:-1]),
        ("HASTEN_PUBLIC_URL", "contoso.azurewebsites.net"),
        ("HASTEN_PUBLIC_URL", "http://contoso.azurewebsites.net"),
        ("HASTEN_PUBLIC_URL", "http://127.0.0.1.contoso.com"),
        *(
            ("ServiceBusConnection__fullyQualifiedNamespace", value)
            for value in (" ", "a b", "[::1", "x.servicebus.windows.net ", "https://", "a/b", "a:b")
        ),
        ("HASTEN_GRAPH_URL", "graph"),
        ("HASTEN_GRAPH_URL", "https://graph.microsoft.com"),
        ("HASTEN_GRAPH_URL", "https://graph.microsoft.us/"),
        ("HASTEN_GRAPH_URL", "http://graph.microsoft.com/v1.0"),
        ("HASTEN_GRAPH_URL", "https://graph.microsoft.com/v1.0/me"),
        ("HASTEN_GRAPH_URL", "https://graph.microsoft.com//"),
        ("HASTEN_SIGN_IN_URL", f"https://login.microsoftonline.com/{TENANT}"),
        ("HASTEN_SIGN_IN_URL", "http://login.microsoftonline.com"),
        *(
            (name, f"https://{user}contoso.example{end}")
            for name in ("HASTEN_PUBLIC_URL", "HASTEN_GRAPH_URL", "HASTEN_SIGN_IN_URL")
            for user, end in (("a:b@", ""), ("", "?code=1"), ("", "#top"))
        ),
        *(
            (name, value)
            for name in ("AZURE_CLIENT_ID", "HASTEN_API_CLIENT_ID", "HASTEN_TENANT_ID")
            for value in (" ", "None", TENANT[:-1], f"{TENANT} ", "my-identity")
        ),
        ("HASTEN_STORE", " "),
        ("HASTEN_TARGETS", "\t"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(name: str, value: str) -> None:
    error = refusal({**GOOD, name: value})

    assert error.reason.startswith(f"setting {name} is wrong: ")
    assert name in error.next_action
    assert "\n" not in str(error)
    assert "Input" not in str(error)
    assert "items" not in str(error)


def test_one_of_several_bad_settings_is_named() -> None:
    error = refusal({})

    assert error.reason == "setting HASTEN_TENANT_ID is missing"


def test_a_secret_that_is_refused_or_taken_is_shown_nowhere() -> None:
    short = "hush-hush-too-short"

    error = refusal({**GOOD, "HASTEN_CLIENT_STATE_SECRET": short})
    shown = f"{loaded()!r} {loaded()}"

    assert short not in str(error)
    assert SECRET not in shown
    assert "hush-hush" not in shown


def test_the_secret_before_is_shown_nowhere_either() -> None:
    settings = loaded(HASTEN_CLIENT_STATE_SECRET_PREVIOUS=SECRET[::-1])

    assert SECRET[::-1] not in f"{settings!r} {settings}"


def test_an_omitted_setting_has_the_default_of_production() -> None:
    settings = loaded(UNRELATED="ignored")

    assert str(settings.graph_url) == "https://graph.microsoft.com/v1.0"
    assert settings.targets_file == "targets.yaml"
    assert settings.identity_client_id is None


def test_the_namespace_with_the_identity_stands_in_for_a_connection_string() -> None:
    environment = GOOD | {
        "ServiceBusConnection": "",
        "ServiceBusConnection__fullyQualifiedNamespace": "contoso.servicebus.windows.net",
    }

    settings = load(environment)

    assert settings.service_bus is None
    assert settings.service_bus_namespace == "contoso.servicebus.windows.net"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_is_for_the_loopback_only(host: str) -> None:
    settings = loaded(
        HASTEN_PUBLIC_URL=f"http://{host}:7071", HASTEN_GRAPH_URL=f"http://{host}:1/v1"
    )

    assert settings.notification_url == f"http://{host}:7071/api/graph/notifications"


@pytest.mark.parametrize("end", ["v1.0", "v1.0/", "v1.0//", "V1.0", "beta", "Beta/"])
def test_an_address_of_graph_that_worked_in_earlier_versions_starts_the_app(end: str) -> None:
    url = f"https://graph.microsoft.com/{end}"

    assert str(loaded(HASTEN_GRAPH_URL=url).graph_url) == url


@pytest.mark.parametrize("end", ["", "/"])
def test_the_notification_url_is_built_with_or_without_a_slash_at_the_end(end: str) -> None:
    settings = loaded(HASTEN_PUBLIC_URL=f"https://contoso.azurewebsites.net{end}")

    assert settings.notification_url == "https://contoso.azurewebsites.net/api/graph/notifications"
    assert settings.lifecycle_url == "https://contoso.azurewebsites.net/api/graph/lifecycle"


def test_the_client_state_is_derived_so_that_the_secret_never_travels() -> None:
    state = loaded().client_state

    assert (
        state == hmac.new(SECRET.encode(), f"hasten:{TENANT}".encode(), hashlib.sha256).hexdigest()
    )
    assert SECRET not in state
    assert len(state) <= 128


@pytest.mark.parametrize(
    "other",
    [
        {"HASTEN_CLIENT_STATE_SECRET": SECRET[::-1]},
        {"HASTEN_TENANT_ID": OTHER_TENANT},
    ],
)
def test_another_secret_or_tenant_has_another_client_state(other: dict[str, str]) -> None:
    assert loaded(**other).client_state != loaded().client_state


def test_the_tenant_may_be_written_in_any_case() -> None:
    assert loaded(HASTEN_TENANT_ID=TENANT.upper()).client_state == loaded().client_state


def test_our_client_state_is_ours() -> None:
    settings = loaded()

    assert settings.client_state_check()(settings.client_state)


def test_while_two_secrets_overlap_both_are_believed_and_the_new_one_is_given() -> None:
    before = loaded()
    fresh = {"HASTEN_CLIENT_STATE_SECRET": SECRET[::-1]}

    overlapping = loaded(**fresh, HASTEN_CLIENT_STATE_SECRET_PREVIOUS=SECRET)

    assert overlapping.client_state_check()(before.client_state)
    assert overlapping.client_state_check()(overlapping.client_state)
    assert overlapping.client_state == loaded(**fresh).client_state != before.client_state
    assert not overlapping.client_state_check()(loaded(HASTEN_TENANT_ID=OTHER_TENANT).client_state)


def test_once_the_secret_before_is_taken_away_it_is_believed_no_more() -> None:
    before = loaded()

    assert not loaded(HASTEN_CLIENT_STATE_SECRET=SECRET[::-1]).client_state_check()(
        before.client_state
    )


def test_a_check_derives_nothing_for_each_notification(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(HASTEN_CLIENT_STATE_SECRET_PREVIOUS=SECRET[::-1])
    is_ours, ours = settings.client_state_check(), settings.client_state
    monkeypatch.delattr(hmac, "new")

    assert [is_ours(presented) for presented in ("forged", ours)] == [False, True]


@pytest.mark.parametrize("forged", ["", "é", SECRET, "0" * 64])
def test_any_other_client_state_is_not_ours(forged: str) -> None:
    settings = loaded()

    assert not settings.client_state_check()(forged)
    assert not settings.client_state_check()(settings.client_state + forged + "x")


def test_a_forged_client_state_that_is_no_utf_8_is_refused_quietly() -> None:
    presented = json.loads(b'"\\ud800"')

    assert not load(GOOD).client_state_check()(presented)


@pytest.mark.parametrize("url", ["https://x.example/api", "https://x.example/?code=1"])
def test_a_public_url_with_a_path_or_a_query_is_refused(url: str) -> None:
    with pytest.raises(PermanentError):
        load({**GOOD, "HASTEN_PUBLIC_URL": url})
