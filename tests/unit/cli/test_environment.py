"""Settings come from one place."""

import json
import os
from pathlib import Path

import pytest

from hasten.cli.environment import identity, values
from hasten.errors import PermanentError


def settings_file(folder: Path, **settings: str) -> Path:
    path = folder / "local.settings.json"
    path.write_text(json.dumps({"IsEncrypted": False, "Values": settings}))
    return path


def test_a_file_that_is_named_goes_before_the_environment(tmp_path: Path) -> None:
    file = settings_file(tmp_path, HASTEN_TENANT_ID="of the file")

    found = values(file, {"HASTEN_TENANT_ID": "of the environment", "HASTEN_STORE": "x"})

    assert found == {"HASTEN_TENANT_ID": "of the file"}


def test_without_a_file_the_environment_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file(tmp_path, HASTEN_TENANT_ID="of the file")
    monkeypatch.chdir(tmp_path)

    assert values(None, {"HASTEN_TENANT_ID": "mine"}) == {"HASTEN_TENANT_ID": "mine"}


def test_local_settings_are_taken_when_the_environment_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file(tmp_path, HASTEN_TENANT_ID="of the file")
    monkeypatch.chdir(tmp_path)

    assert values(None, {"PATH": "/bin"}) == {"HASTEN_TENANT_ID": "of the file"}


def test_without_any_settings_the_option_that_names_them_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(PermanentError, match="there are no settings") as refused:
        values(None, {"PATH": "/bin"})

    assert "--settings azd" in refused.value.next_action


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"missing\.json cannot be read"):
        values(tmp_path / "missing.json", {})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Values": 1}'])
def test_a_file_without_values_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)

    with pytest.raises(PermanentError, match="holds no settings") as refused:
        values(file, {})

    assert "Values" in refused.value.next_action


def test_the_identity_of_the_settings_is_there_for_as_long_as_the_command_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "of the machine")
    monkeypatch.setenv("IDENTITY_HEADER", "its header")

    with identity({"IDENTITY_ENDPOINT": "of the file"}):
        inside = dict(os.environ)

    assert inside["IDENTITY_ENDPOINT"] == "of the file"
    assert "IDENTITY_HEADER" not in inside
    assert os.environ["IDENTITY_ENDPOINT"] == "of the machine"
    assert os.environ["IDENTITY_HEADER"] == "its header"
