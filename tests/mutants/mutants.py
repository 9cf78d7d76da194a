"""The mutants of a module."""

import ast
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from tests.mutants import operators
from tests.mutants.operators import Position, Replacement

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hasten/domain", "hasten/records")


@dataclass(frozen=True, order=True)
class Mutant:
    path: str
    """The file of the module, from the root of the repository."""
    change: Replacement
    source: str = field(repr=False, compare=False)
    """The text of the mutated module."""
    within: str
    """The function or the class around the change, or ""."""
    before: str = field(compare=False)
    after: str = field(compare=False)
    """The changed lines, without the spaces around them."""

    @property
    def line(self) -> int:
        return self.change.at[0]

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")

    @property
    def is_python(self) -> bool:
        try:
            compile(self.source, self.path, "exec")
        except SyntaxError:
            return False
        return True

    def __str__(self) -> str:
        place = f"{self.path}:{self.line} {self.within} {self.change.operator}"
        return f"{place}\n  - {self.before}\n  + {self.after}"


def files() -> list[str]:
    found = [path for room in ROOMS for path in (ROOT / room).glob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def mutants(path: str, in_lines: set[int] | None = None) -> list[Mutant]:
    return of_source(path, (ROOT / path).read_text(), in_lines)


def of_source(path: str, source: str, in_lines: set[int] | None = None) -> list[Mutant]:
    """Returns the mutants of a text, or only those in the given lines. Annotations, the arguments
    of `@dataclass` and the `*` between parameters are not mutated: they restrict who uses the code,
    and not what it does."""
    lines = source.split("\n")
    tree = ast.parse(source)
    outside = _outside(tree, lines)
    found: dict[str, Mutant] = {}
    for change in operators.replacements(source, in_lines):
        if not any(low <= change.at < high for low, high in outside):
            mutated = operators.replaced(lines, change)
            if mutated not in found:
                changed = _changed(lines, mutated.split("\n"))
                found[mutated] = Mutant(
                    path, change, mutated, _within(tree, change.at[0]), *changed
                )
    return sorted(found.values())


def _within(tree: ast.AST, line: int) -> str:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line):
            name = getattr(node, "name", "")
            return ".".join(filter(None, [name, _within(node, line)]))
    return ""


def _outside(tree: ast.Module, lines: list[str]) -> list[tuple[Position, Position]]:
    return [operators.span(node, lines) for each in ast.walk(tree) for node in _constraints(each)]


def _constraints(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
            return [annotation]
        case ast.FunctionDef(returns=ast.expr() as annotation):
            return [annotation]
        case ast.AsyncFunctionDef(returns=ast.expr() as annotation):
            return [annotation]
        case ast.ClassDef(decorator_list=decorators):
            return [one for one in decorators if ast.unparse(one).startswith("dataclass(")]
    return []


def _changed(before: list[str], after: list[str]) -> tuple[str, str]:
    same = sum(1 for _ in takewhile(_equal, zip(before, after, strict=False)))
    back = zip(reversed(before[same:]), reversed(after[same:]), strict=False)
    end = sum(1 for _ in takewhile(_equal, back))
    return _joined(before[same : len(before) - end]), _joined(after[same : len(after) - end])


def _equal(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
