"""What is deployed: all that the app needs, and nothing that only its makers need."""

from fnmatch import fnmatchcase

import pytest

from tests.unit.infra.templates import ROOT

PATTERNS = [line.rstrip("/") for line in (ROOT / ".funcignore").read_text().splitlines() if line]


def is_deployed(name: str) -> bool:
    return not any(fnmatchcase(name, pattern) for pattern in PATTERNS)


@pytest.mark.parametrize(
    "name",
    ["function_app.py", "handlers", "hasten", "host.json", "requirements.txt", "targets.yaml"],
)
def test_what_the_app_needs_is_deployed(name: str) -> None:
    assert (ROOT / name).exists()
    assert is_deployed(name)


@pytest.mark.parametrize(
    "name",
    [
        *("benchmarks", "docs", "emulator", "infra", "scripts", "tests"),
        *(".ci", ".git", ".gitignore", ".venv", ".venv-production", ".azure", ".mypy_cache", "var"),
        *("azure.yaml", "compose.yaml", "local.settings.json", "local.settings.sample.json"),
        *("Makefile", "pyproject.toml", "requirements-cli.txt", "requirements-dev.txt"),
        "README.md",
    ],
)
def test_what_the_app_does_not_need_stays_here(name: str) -> None:
    assert not is_deployed(name)
