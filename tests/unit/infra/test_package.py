"""What is deployed: all that the app needs, and nothing that only its makers need."""

from fnmatch import fnmatchcase

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


@pytest.mark.parametrize(
    "name",
    [
        *("function_app.py", "handlers", "hasten", "host.json", "targets.yaml"),
        *("requirements.txt", "requirements-common.txt", "wheels"),
    ],
)
def test_files_that_the_app_needs_are_deployed(name: str) -> None:
    assert (ROOT / name).exists() or name in MADE
    assert is_deployed(name)


@pytest.mark.parametrize(
    "name",
    [
        *("benchmarks", "docs", "emulator", "examples", "infra", "scripts", "tests"),
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
