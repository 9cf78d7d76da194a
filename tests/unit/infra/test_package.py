"""What is deployed: all that the app needs, and nothing that only its makers need."""

import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.unit.infra.templates import ROOT

PATTERNS = [line.rstrip("/") for line in (ROOT / ".funcignore").read_text().splitlines() if line]


MADE = {"wheels"}
"""By scripts/slim_msgraph.py, before the app is packaged."""


def requirements(name: str) -> dict[str, str]:
    """The pins of a file and of those that it includes: package and version, with any marker."""
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text().splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted.startswith("-r "):
            found |= requirements(wanted.removeprefix("-r "))
        elif wanted and not wanted.startswith("--"):
            package, _, version = wanted.partition("==")
            found[package] = version
    return found


def is_deployed(name: str) -> bool:
    return not any(fnmatchcase(name, pattern) for pattern in PATTERNS)


NEEDED = {
    *("function_app.py", "handlers", "hasten", "host.json", "targets.yaml"),
    *("requirements.txt", "requirements-common.txt", "wheels"),
}


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_files_that_the_app_needs_are_deployed(name: str) -> None:
    assert (ROOT / name).exists() or name in MADE
    assert is_deployed(name)


def git(*words: str) -> list[str]:
    done = subprocess.run(
        ["git", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_nothing_else_of_the_repository_is_deployed() -> None:
    names = {Path(file).parts[0] for file in git("ls-files")}

    assert "docs" in names
    assert {name for name in names if is_deployed(name)} == NEEDED - MADE


@pytest.mark.parametrize("name", sorted(NEEDED - MADE))
def test_no_file_of_what_is_deployed_is_left_out(name: str) -> None:
    files = git("ls-files", name)

    assert files
    assert [file for file in files if not all(map(is_deployed, Path(file).parts))] == []


@pytest.mark.parametrize(
    "name",
    [
        *("token.txt", "scim-token.txt", "client-secret.txt", ".env", ".env.local", ".envrc"),
        *("history.csv", "history.jsonl", "report.csv", "hasten.db", "app.pem", "app.key"),
        *("app.pfx", "local.settings.json"),
    ],
)
def test_what_an_operator_may_leave_in_this_folder_is_neither_deployed_nor_committed(
    name: str,
) -> None:
    assert not is_deployed(name)
    assert git("check-ignore", name) == [name]


@pytest.mark.parametrize(
    "name",
    [
        *("benchmarks", "docs", "emulator", "examples", "infra", "model", "scripts", "tests"),
        *(".ci", ".git", ".gitignore", ".venv", ".venv-production", ".azure", ".mypy_cache", "var"),
        *(".github", ".devcontainer", "hasten_env"),
        *("azure.yaml", "compose.yaml", "local.settings.json", "local.settings.sample.json"),
        *("Makefile", "pyproject.toml", "requirements-cli.txt", "requirements-dev.txt"),
        "README.md",
    ],
)
def test_files_that_the_app_does_not_need_are_not_deployed(name: str) -> None:
    assert not is_deployed(name)


def test_a_build_by_an_older_python_cannot_choose_other_packages_than_production() -> None:
    """azure-functions 2 and its runtime refuse every Python before 3.13: the build fails."""
    deployed = requirements("requirements.txt")

    assert [version for version in deployed.values() if ";" in version or not version] == []
    assert deployed["azure-functions"].startswith("2.")
    assert "azure-functions-runtime" in deployed


def test_the_tests_run_with_the_packages_of_production() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text()
    developed = requirements("requirements-dev.txt")

    for package, version in requirements("requirements.txt").items():
        assert developed.get(package) == version or f"{package}=={version}; " in lines, package


def test_the_command_line_needs_no_functions_host() -> None:
    needed = requirements("requirements-common.txt") | requirements("requirements-cli.txt")

    assert "typer" in needed
    assert "azure-functions" not in needed
