"""The mutants of a module."""

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutants import operators
from tests.mutants.operators import COSMIC_RAY, Position

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hasten/domain", "hasten/records")


@dataclass(frozen=True, order=True)
class Mutant:
    path: str
    """The file of the module, from the root of the repository."""
    start: Position
    operator: str
    occurrence: int
    source: str = field(repr=False, compare=False)
    """The text of the mutated module."""
    before: str = field(compare=False)
    after: str = field(compare=False)
    """The changed lines, without the spaces around them."""

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")

    def __str__(self) -> str:
        return f"{self.path}:{self.start[0]} {self.operator}\n  - {self.before}\n  + {self.after}"


def files() -> list[str]:
    found = [path for room in ROOMS for path in (ROOT / room).glob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def mutants(path: str, wanted: Callable[[int], bool] = lambda _line: True) -> list[Mutant]:
    """Returns the mutants of a file whose line is `wanted`. Without those of annotations and of the
    arguments of `@dataclass`, which constrain who uses the code and do not change what it does, and
    without what is no Python."""
    source = (ROOT / path).read_text()
    lines = source.split("\n")
    outside = _outside(ast.parse(source), lines)
    found: dict[str, Mutant] = {}
    for start, operator, occurrence, text in _texts(source, lines):
        if wanted(start[0]) and not any(low <= start < high for low, high in outside):
            mutated = text()
            if mutated not in found and _compiles(mutated):
                before, after = _changed(lines, mutated.split("\n"))
                found[mutated] = Mutant(path, start, operator, occurrence, mutated, before, after)
    return sorted(found.values())


def _texts(source: str, lines: list[str]) -> Iterator[tuple[Position, str, int, Callable[[], str]]]:
    nodes = list(ast_nodes(get_ast(source)))
    for name, operator in COSMIC_RAY.items():
        places = (place for node in nodes for place in operator.mutation_positions(node))
        for number, (start, _) in enumerate(places):
            yield start, name, number, functools.partial(mutate_code, source, operator, number)
    for number, change in enumerate(sorted(operators.own(ast.parse(source), lines))):
        text = functools.partial(operators.replaced, lines, change)
        yield change.start, change.operator, number, text


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


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _changed(before: list[str], after: list[str]) -> tuple[str, str]:
    same = sum(1 for _ in takewhile(_equal, zip(before, after, strict=False)))
    back = zip(reversed(before[same:]), reversed(after[same:]), strict=False)
    end = sum(1 for _ in takewhile(_equal, back))
    return _joined(before[same : len(before) - end]), _joined(after[same : len(after) - end])


def _equal(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
