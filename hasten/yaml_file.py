"""Reads a YAML file that an operator wrote, with the line of each value. Every error names the
line."""

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from hasten.errors import PermanentError
from hasten.wrong_values import is_blank

Location = tuple[Hashable, ...]
"""The keys and indexes that lead to a value."""

NULL = "tag:yaml.org,2002:null"

MAX_NODES = 200_000
"""Maximum number of values. 5,000 groups with all their keys take 60,000."""


def read(path: Path) -> tuple[Any, Mapping[Location, int]]:
    """Returns the data and the line of each of its values. Raises PermanentError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise wrong(path, 1, "it is not UTF-8 text") from None
    except OSError as error:
        raise PermanentError(
            f"{path} cannot be read: {error.strerror}", "create it, or set HASTEN_TARGETS"
        ) from error
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None, {}
        lines = _line_of(path, root)
        return loader.construct_document(root), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise wrong(path, line, f"not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise wrong(path, 1, f"not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise wrong(path, 1, "it is nested too deeply, or an alias refers to itself") from None


def wrong(path: Path, line: int, problem: str) -> PermanentError:
    return PermanentError(f"{path.name} line {line}: {problem}", f"correct {path.name}")


class _Loader(yaml.SafeLoader):
    """Reports a value that its form or tag promises and that does not exist, such as the date
    2026-13-01, with its line. PyYAML raises a different exception for each kind of value."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            problem = "a value is not what it looks like; write it in quotes if it is text"
            raise ConstructorError(None, None, problem, node.start_mark) from None


def _line_of(path: Path, root: yaml.Node) -> dict[Location, int]:
    """Returns the line of every location. Aliases count as what they stand for, because pydantic
    reads them as that."""
    found: dict[Location, int] = {}
    for number, (location, line) in enumerate(_lines(path, root, ())):
        if number == MAX_NODES:
            raise wrong(path, line, f"it has more than {MAX_NODES} values; use fewer aliases")
        found[location] = line
    return found


def _lines(path: Path, node: yaml.Node, at: Location) -> Iterator[tuple[Location, int]]:
    """Yields the line of every key and item, by its location in the data. Refuses a repeated key,
    one without a value, which pydantic would take for a key that is not there, and blank text."""
    yield at, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise wrong(path, key.start_mark.line + 1, "a key is no text")
            if key.value in seen:
                raise wrong(path, key.start_mark.line + 1, f"key {key.value} is given twice")
            seen.add(key.value)
            if _is_blank(value):
                problem = f"key {key.value} is blank: give it a value, or take the key out"
                raise wrong(path, key.start_mark.line + 1, problem)
            if value.tag == NULL:
                raise wrong(
                    path,
                    key.start_mark.line + 1,
                    f"key {key.value} has no value: give it one ({{}} for a default of each part), "
                    "or take the key out",
                )
            yield from _lines(path, value, (*at, key.value))
            yield (*at, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            if _is_blank(item):
                raise wrong(path, item.start_mark.line + 1, "an entry of a list is blank")
            yield from _lines(path, item, (*at, index))


def _is_blank(node: yaml.Node) -> bool:
    """Returns whether the value is a text that nobody sees. An empty one in quotes may be meant."""
    return isinstance(node, yaml.ScalarNode) and bool(node.value) and is_blank(node.value)
