"""The mutations: those of Cosmic Ray that a test can tell from the original by what the code does,
and three that Cosmic Ray lacks."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.plugins import get_operator
from parso.tree import BaseNode, Leaf, NodeOrLeaf

BINARY = ["Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Div", "Mod_Mul"]
BINARY += ["BitOr_BitAnd", "BitAnd_BitOr", "Pow_Mul", "LShift_RShift", "RShift_LShift"]
COMPARISON = ["Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"]
COMPARISON += ["Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"]
"""A comparison gets its opposite and moves its boundary. The other replacements of Cosmic Ray raise
TypeError, or compare strings by identity."""
OTHER = ["AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr"]
OTHER += ["ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak"]
OTHER += ["ExceptionReplacer", "NumberReplacer", "RemoveDecorator", "ZeroIterationForLoop"]
OTHER += ["ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_USub_UAdd"]

NAMES = [
    *(f"ReplaceBinaryOperator_{pair}" for pair in BINARY),
    *(f"ReplaceComparisonOperator_{pair}" for pair in COMPARISON),
    *OTHER,
]
COSMIC_RAY = {name: get_operator(f"core/{name}")() for name in NAMES}

Position = tuple[int, int]
"""A line, from 1, and a column in characters, from 0: as Cosmic Ray counts."""


@dataclass(frozen=True, order=True)
class Replacement:
    at: Position
    operator: str
    start: Position
    end: Position
    text: str


def replacements(source: str, in_lines: set[int] | None) -> list[Replacement]:
    lines = source.split("\n")
    wanted = set(range(1, len(lines) + 1)) if in_lines is None else in_lines
    found = [*_cosmic_ray(source, wanted), *_own(ast.parse(source), lines)]
    return sorted(one for one in found if one.at[0] in wanted)


def _cosmic_ray(source: str, wanted: set[int]) -> Iterator[Replacement]:
    nodes = [
        node
        for node in ast_nodes(get_ast(source))
        if not _divides_parameters(node)
        and not wanted.isdisjoint(range(node.start_pos[0], node.end_pos[0] + 1))
    ]
    for name, operator in COSMIC_RAY.items():
        for node in nodes:
            start, end = node.get_start_pos_of_prefix(), node.end_pos
            for index, (at, _) in enumerate(operator.mutation_positions(node)):
                with _restored(node):
                    changed = operator.mutate(node, index)
                    text = changed.get_code() if changed else ""
                yield Replacement(at, name, start, end, text)


def _divides_parameters(node: NodeOrLeaf) -> bool:
    return bool(node.type == "operator" and node.parent and node.parent.type == "parameters")


@contextmanager
def _restored(node: NodeOrLeaf) -> Iterator[None]:
    """Takes back what an operator of Cosmic Ray changes in a node."""
    inside = list(ast_nodes(node))
    values = [(leaf, leaf.value) for leaf in inside if isinstance(leaf, Leaf)]
    children = [(one, list(one.children)) for one in inside if isinstance(one, BaseNode)]
    yield
    for leaf, value in values:
        leaf.value = value
    for one, those in children:
        one.children = those


def _own(tree: ast.Module, lines: list[str]) -> Iterator[Replacement]:
    """Yields a call whose result nobody uses left out, `in` with `not in` swapped, and each filter
    of a comprehension negated."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())):
                yield _replacement("RemoveCall", span(node, lines), "pass")
            case ast.Compare(ops=[ast.In() | ast.NotIn() as op]):
                left, right = _end(node.left, lines), _start(node.comparators[0], lines)
                between = _text(lines, left, right)
                was, now = ("not in", "in") if isinstance(op, ast.NotIn) else ("in", "not in")
                if between.split() == was.split():
                    yield _replacement("SwapIn", (left, right), f" {now} ")
            case ast.comprehension(ifs=conditions):
                for condition in conditions:
                    start, end = span(condition, lines)
                    text = f"(not ({_text(lines, start, end)}))"
                    yield _replacement("NegateFilter", (start, end), text)


def _replacement(operator: str, of: tuple[Position, Position], text: str) -> Replacement:
    return Replacement(of[0], operator, *of, text)


def span(node: ast.expr | ast.stmt, lines: list[str]) -> tuple[Position, Position]:
    return _start(node, lines), _end(node, lines)


def _start(node: ast.expr | ast.stmt, lines: list[str]) -> Position:
    return node.lineno, _characters(lines[node.lineno - 1], node.col_offset)


def _end(node: ast.expr | ast.stmt, lines: list[str]) -> Position:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.end_lineno, _characters(lines[node.end_lineno - 1], node.end_col_offset)


def _characters(line: str, utf8_bytes: int) -> int:
    return len(line.encode()[:utf8_bytes].decode())


def _text(lines: list[str], start: Position, end: Position) -> str:
    inside = lines[start[0] - 1 : end[0]]
    inside[-1] = inside[-1][: end[1]]
    inside[0] = inside[0][start[1] :]
    return "\n".join(inside)


def replaced(lines: list[str], change: Replacement) -> str:
    (first, left), (last, right) = change.start, change.end
    before, after = lines[first - 1][:left], lines[last - 1][right:]
    return "\n".join([*lines[: first - 1], before + change.text + after, *lines[last:]])
