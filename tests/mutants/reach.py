"""Where a mutant can be noticed: the tests to run."""

import ast
import functools

from tests.mutants.covering import Covered
from tests.mutants.mutants import ROOT, Mutant


def tests_of(mutant: Mutant, covered: Covered, *, at_import: bool) -> list[str]:
    """Returns the tests that run the mutated statement. If no test runs it, or it runs `at_import`,
    those that run the module or one that imports it, and those whose file imports it."""
    tests = covered.tests_of_lines(mutant.path, _statement(mutant.path, mutant.line))
    if at_import or not tests:
        files = [mutant.path, *_importing(mutant.path, _files_of_hasten())]
        return covered.tests_of_files(mutant.path, files, _importing(mutant.path, covered.files()))
    return tests


@functools.cache
def _statement(path: str, line: int) -> range:
    """Returns the lines of the innermost statement at `line`, without the statements in it."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None) or getattr(node, "cases", None)
            last = (_first(body[0]) - 1 if body else node.end_lineno) or node.lineno
            if node.lineno <= line <= last:
                found = range(node.lineno, last + 1)
    return found


def _first(node: ast.stmt | ast.match_case) -> int:
    return node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno


@functools.cache
def _files_of_hasten() -> frozenset[str]:
    return frozenset(str(file.relative_to(ROOT)) for file in (ROOT / "hasten").rglob("*.py"))


def _importing(path: str, files: frozenset[str]) -> set[str]:
    module = path.removesuffix(".py").replace("/", ".")
    package, _, name = module.rpartition(".")
    return {file for file in files if _imported(file) & {(module, ""), (package, name)}}


@functools.cache
def _imported(path: str) -> frozenset[tuple[str, str]]:
    tree = ast.parse((ROOT / path).read_text())
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    pairs = {(str(node.module), alias.name) for node in froms for alias in node.names}
    return frozenset(pairs | {(module, "") for module, _ in pairs})
