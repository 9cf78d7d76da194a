"""The permissions in Graph: one list for Bicep, for the script and for the docs."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.infra.templates import INFRA, ROOT

SETS: dict[str, list[str]] = json.loads((INFRA / "graph" / "permissions.json").read_text())
SCRIPT = ROOT / "scripts" / "grant-graph-permissions.sh"

AZ = """#!/usr/bin/env bash
echo "$*" >>"$LOG"
case "$*" in
    *"--method get"*) cat "$GRANTED" ;;
    *"--method post"*) ;;
    *"--query id "*) echo graph-principal ;;
    *appRoles*"=='$UNKNOWN'"*) ;;
    *appRoles*) sed "s/.*value=='\\([^']*\\)'.*/role-of-\\1/" <<<"$*" ;;
    *) exit 1 ;;
esac
"""
"""Stands in for the Azure CLI: a role's id is made of its name."""


class Az:
    def __init__(self, folder: Path) -> None:
        self.log, self.granted = folder / "log", folder / "granted"
        self.unknown = "none"
        self.log.touch()
        self.granted.touch()
        (folder / "az").write_text(AZ)
        (folder / "az").chmod(0o755)
        self._folder = folder

    def grant(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": f"{self._folder}:{os.environ['PATH']}",
                "LOG": str(self.log),
                "GRANTED": str(self.granted),
                "UNKNOWN": self.unknown,
            },
        )

    def posted(self) -> list[str]:
        lines = [line for line in self.log.read_text().splitlines() if "--method post" in line]
        return [line.partition("role-of-")[2].partition('"')[0] for line in lines]


@pytest.fixture
def az(tmp_path: Path) -> Az:
    return Az(tmp_path)


def test_the_script_grants_what_is_always_needed_when_no_set_is_named(az: Az) -> None:
    done = az.grant("app")

    assert (done.returncode, az.posted()) == (0, SETS["always"])
    assert '{"principalId": "app", "resourceId": "graph-principal"' in az.log.read_text()


def test_the_script_grants_the_sets_that_are_named(az: Az) -> None:
    az.grant("app", "always", "onboarding", "verification")

    assert az.posted() == [*SETS["always"], *SETS["onboarding"], *SETS["verification"]]


def test_a_granted_permission_is_not_granted_again(az: Az) -> None:
    az.granted.write_text("".join(f"role-of-{name}\n" for name in SETS["always"][1:]))

    done = az.grant("app")

    assert az.posted() == SETS["always"][:1]
    assert done.stdout.count(": has it") == len(SETS["always"]) - 1


@pytest.mark.parametrize("granted", ["", "role-of-Group.Read.All\n"])
def test_a_permission_that_graph_does_not_know_is_an_error_and_never_granted(
    az: Az, granted: str
) -> None:
    az.granted.write_text(granted)
    az.unknown = SETS["always"][0]

    done = az.grant("app")

    assert done.returncode != 0
    assert f"{az.unknown}: Microsoft Graph has no such" in done.stderr
    assert (az.posted(), done.stdout) == ([], "")


@pytest.mark.parametrize(
    ("arguments", "said"), [((), "principal id"), (("app", "all"), "no set all")]
)
def test_a_wrong_call_changes_nothing_and_says_what_is_wrong(
    az: Az, arguments: tuple[str, ...], said: str
) -> None:
    done = az.grant(*arguments)

    assert done.returncode != 0
    assert said in done.stderr
    assert az.posted() == []


def test_the_docs_say_of_each_permission_what_it_is_for() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()

    assert all(f"| `{name}` | " in text for names in SETS.values() for name in names)
