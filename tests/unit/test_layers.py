"""What import-linter cannot say: it knows external packages by their first name only."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_hasten_does_not_know_azure_functions() -> None:
    files = list((ROOT / "hasten").rglob("*.py"))

    assert files
    assert [file for file in files if "azure.functions" in imported(file)] == []


def test_handlers_know_no_sdk_but_azure_functions() -> None:
    names = {name for file in (ROOT / "handlers").rglob("*.py") for name in imported(file)}

    assert "azure.functions" in names
    assert {name for name in names if name.startswith(("azure.", "msgraph"))} == {"azure.functions"}
