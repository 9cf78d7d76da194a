"""Reads Bicep without its compiler: what a file declares and refers to, and what does not match.

It uses the grammar of tree-sitter. It knows no types, so it cannot check whether a property exists
in Azure.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))

EXTENSION = "extension "
"""Begins a line that the grammar does not know yet; such lines are read by themselves."""

DECLARATIONS = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
    "user_defined_function": "func",
    "type_declaration": "type",
}

LOCAL = {"lambda_expression", "for_statement", "loop_variable", "loop_enumerator", "parameter"}
"""Nodes that declare a name within the declaration that contains them."""

FUNCTIONS = {
    "contains",
    "description",
    "empty",
    "environment",
    "filter",
    "flatten",
    "guid",
    "items",
    "join",
    "loadJsonContent",
    "loadTextContent",
    "map",
    "maxLength",
    "minLength",
    "minValue",
    "replace",
    "resourceId",
    "secure",
    "split",
    "subscription",
    "subscriptionResourceId",
    "take",
    "tenant",
    "toLower",
    "toObject",
    "trim",
    "union",
    "uniqueString",
}
"""Bicep's own functions that the templates use."""


class BicepError(ValueError):
    """The file does not parse; the text says where."""


@dataclass(frozen=True)
class Module:
    symbol: str
    path: str
    passed: frozenset[str]


@dataclass(frozen=True)
class Template:
    declared: tuple[tuple[str, str], ...]
    """The declarations, as kind and name."""

    required: frozenset[str]
    """Parameters without a default."""

    modules: tuple[Module, ...]
    outputs_read: frozenset[tuple[str, str]]
    """Symbol of the module, and name of its output."""

    references: frozenset[str]
    calls: frozenset[str]
    loaded: frozenset[str]
    """Paths of the files it loads."""

    extensions: tuple[str, ...]
    root: Node

    def names(self, *kinds: str) -> frozenset[str]:
        return frozenset(name for kind, name in self.declared if kind in kinds)


def parse(text: str) -> Template:
    """Raises BicepError."""
    lines = text.splitlines()
    extensions = tuple(line.split()[1] for line in lines if line.startswith(EXTENSION))
    known = ["" if line.startswith(EXTENSION) else line for line in lines]
    root = PARSER.parse("\n".join(known).encode()).root_node
    for node in walk(root):
        if node.is_error or node.is_missing:
            raise BicepError(f"line {node.start_point.row + 1}: {text_of(node)[:60]!r}")
    nodes = [node for node in walk(root) if node.type in DECLARATIONS]
    return Template(
        declared=tuple((DECLARATIONS[node.type], _name(node)) for node in nodes),
        required=frozenset(
            _name(node)
            for node in nodes
            if node.type == "parameter_declaration"
            and not any(child.type == "=" for child in node.children)
        ),
        modules=tuple(_module(node) for node in nodes if node.type == "module_declaration"),
        outputs_read=frozenset(_outputs_read(root)),
        references=frozenset(name for child in root.children for name in _references(child)),
        calls=frozenset(text_of(call.children[0]) for call in _all(root, "call_expression")),
        loaded=frozenset(
            string_in(call)
            for call in _all(root, "call_expression")
            if text_of(call.children[0]) in {"loadJsonContent", "loadTextContent"}
        ),
        extensions=extensions,
        root=root,
    )


def problems(path: Path, templates: Mapping[Path, Template]) -> Iterator[str]:
    """Returns what the compiler would refuse in `path`, or warn about."""
    template = templates[path]
    names = [name for kind, name in template.declared if kind != "output"]
    yield from (f"{name} is declared twice" for name, n in Counter(names).items() if n > 1)
    yield from (f"{name} is not declared" for name in template.references - set(names))
    yield from (f"{name} is no function" for name in template.calls - FUNCTIONS - set(names))
    unused = template.names("param", "var") - template.references
    yield from (f"{name} is not used" for name in unused)
    yield from (
        f"{file} is missing" for file in template.loaded if not (path.parent / file).exists()
    )
    for module in template.modules:
        called = templates.get((path.parent / module.path).resolve())
        if called is None:
            yield f"module {module.symbol}: no file {module.path}"
            continue
        for name in called.required - module.passed:
            yield f"module {module.symbol}: {name} is not passed"
        for name in module.passed - called.names("param"):
            yield f"module {module.symbol} has no parameter {name}"
        for symbol, name in template.outputs_read:
            if symbol == module.symbol and name not in called.names("output"):
                yield f"module {module.symbol} has no output {name}"


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def text_of(node: Node) -> str:
    return (node.text or b"").decode()


def string_in(node: Node) -> str:
    """The first string below a node."""
    return text_of(next(child for child in walk(node) if child.type == "string_content"))


def properties(node: Node) -> dict[str, Node]:
    """Returns the values of an object by name."""
    found = [child for child in node.children if child.type == "object_property"]
    return {text_of(item.children[0]).strip("'"): item.children[-1] for item in found}


def body(declaration: Node) -> Node:
    """The object of a resource or module, below its condition and its loop."""
    return next(node for node in walk(declaration) if node.type == "object")


def _all(root: Node, kind: str) -> Iterator[Node]:
    return (node for node in walk(root) if node.type == kind)


def _name(declaration: Node) -> str:
    return text_of(next(child for child in declaration.children if child.type == "identifier"))


def _module(declaration: Node) -> Module:
    params = properties(body(declaration)).get("params")
    return Module(
        symbol=_name(declaration),
        path=string_in(declaration),
        passed=frozenset(properties(params)) if params else frozenset(),
    )


def _outputs_read(root: Node) -> Iterator[tuple[str, str]]:
    for node in _all(root, "member_expression"):
        symbol, _, name = text_of(node).replace("!", "").partition(".outputs.")
        if name.isidentifier():
            yield symbol, name


def _references(declaration: Node) -> Iterator[str]:
    """Names that a declaration at the top of a file refers to."""
    local = {
        text_of(node)
        for parent in walk(declaration)
        if parent.type in LOCAL
        for node in _named_by(parent)
    }
    for node in _all(declaration, "identifier"):
        if _is_reference(node) and text_of(node) not in local:
            yield text_of(node)


def _named_by(parent: Node) -> list[Node]:
    if parent.type == "for_statement":
        named = parent.child_by_field_name("initializer")
        return [named] if named else []
    if parent.type == "lambda_expression":
        first = parent.children[0]
        return [first] if first.type == "identifier" else list(first.named_children)
    return [parent.named_children[0]] if parent.named_children else [parent]


def _is_reference(node: Node) -> bool:
    """Returns whether the node refers to a name, and is not itself the name of a declaration, a
    property or a function."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type in DECLARATIONS:
        return node != next(child for child in parent.children if child.type == "identifier")
    return parent.type not in {"object_property", "call_expression"} or node != parent.children[0]
